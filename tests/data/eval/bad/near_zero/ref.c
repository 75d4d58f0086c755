REF_y(i, j)
{
	double m = x(i, 0), s = 0;

	for (int64_t k = 1; k < N; k++)
		m = fmax(m, x(i, k));
	for (int64_t k = 0; k < N; k++)
		s += exp(x(i, k) - m);
	return exp(x(i, j) - m) / s;
}
