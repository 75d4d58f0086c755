REF_y(i)
{
	double s = 0;

	for (int64_t j = N - 1; j >= 0; j--)
		s = s / 4 + x(i, j);
	return s;
}
