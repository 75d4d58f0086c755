REF_y(i, j)
{
	double s = 0 * j;

	for (int64_t k = 0; k < N; k++)
		s += x(i, k);
	return s;
}
