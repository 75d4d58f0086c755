REF_y(i)
{
	double s = 0;

	for (int64_t j = 0; j < N; j++)
		s += x(i, j);
	return s;
}
