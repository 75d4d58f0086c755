REF_mean(i)
{
	double s = 0;

	for (int64_t j = 0; j < N; j++)
		s += x(i, j);
	return s / N;
}

REF_scale(i)
{
	double s = 0, d;

	for (int64_t j = 0; j < N; j++) {
		d = x(i, j) - mean(i);
		s += d * d;
	}
	return 1 / sqrt(s / N + 1e-5);
}

REF_y(i, j)
{
	return g(j) * (x(i, j) - mean(i)) * scale(i) + b(j);
}
