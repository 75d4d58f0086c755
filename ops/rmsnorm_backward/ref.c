REF_rinv(i)
{
	double s = 0;

	for (int64_t j = 0; j < N; j++)
		s += x(i, j) * x(i, j);
	return 1 / sqrt(s / N + 1e-6);
}

REF_dot(i)
{
	double s = 0;

	for (int64_t j = 0; j < N; j++)
		s += dy(i, j) * w(j) * x(i, j);
	return s;
}

REF_size(i)
{
	double s = 0;

	for (int64_t j = 0; j < N; j++)
		s += fabs(dy(i, j) * w(j) * x(i, j));
	return s;
}

REF_dx(i, j)
{
	return rinv(i) * (dy(i, j) * w(j) -
	    x(i, j) * rinv(i) * rinv(i) * dot(i) / N);
}

/* What is subtracted may be nearly all, as in a row with one element. */
SCALE_dx(i, j)
{
	return rinv(i) * (fabs(dy(i, j) * w(j)) +
	    fabs(x(i, j)) * rinv(i) * rinv(i) * size(i) / N);
}

REF_dw(j)
{
	double s = 0;

	for (int64_t i = 0; i < M; i++)
		s += dy(i, j) * x(i, j) * rinv(i);
	return s;
}
