REF_y(i, row)
{
	int64_t n = 0;

	for (int64_t j = 0; j < N; j++)
		if (x(i, j) > 0)
			row[n++] = x(i, j);
	return n;
}

REF_n(i)
{
	int64_t n = 0;

	for (int64_t j = 0; j < N; j++)
		n += x(i, j) > 0;
	return n;
}
