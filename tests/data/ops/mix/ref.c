REF_s(b)
{
	double t = 0;

	for (int64_t n = 0; n < N; n++)
		t += x(b, n);
	return t;
}

REF_y(b, n)
{
	return s(b) * x(b, n) + (double)(ids(n) % 2);
}
