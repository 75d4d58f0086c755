REF_y(i)
{
	double v = x(i);

	return 0.5 * v * (1 + tanh(0.7978845608 * (v + 0.044715 * v * v * v)));
}
