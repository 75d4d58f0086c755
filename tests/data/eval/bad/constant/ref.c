REF_y(i, j)
{
	double m = x(i, 0);

	for (int64_t k = 1; k < N; k++)
		m = x(i, k) > m ? x(i, k) : m;
	return m - m / 1;
}
