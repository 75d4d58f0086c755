REF_y(b, o, l)
{
	double s = bias(o);

	for (int64_t c = 0; c < Cin; c++)
		for (int64_t k = 0; k < 3; k++)
			if (l + k >= 1 && l + k <= L)
				s += x(b, c, l + k - 1) * w(o, c, k);
	return s;
}
