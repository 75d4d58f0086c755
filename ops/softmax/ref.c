REF_rowmax(i)
{
	double m = x(i, 0);

	for (int64_t j = 1; j < N; j++)
		m = fmax(m, x(i, j));
	return m;
}

REF_rowsum(i)
{
	double s = 0;

	for (int64_t j = 0; j < N; j++)
		s += exp(x(i, j) - rowmax(i));
	return s;
}

REF_y(i, j)
{
	return exp(x(i, j) - rowmax(i)) / rowsum(i);
}
