/*
 * As declared, x lies 32 deviations from 0, where a one-pass variance
 * (E[x^2] - mean^2) loses ten of its bits.  Two honest passes lose five, to the
 * rounding of the mean, whatever N is: hence the reduction of at least 4096 in
 * op.json, and no check case with 2 to 16 columns, whose deviation may happen
 * to be much smaller still.
 */
REF_mean(i)
{
	double s = 0;

	for (int64_t j = 0; j < N; j++)
		s += x(i, j);
	return s / N;
}

REF_var(i)
{
	double s = 0;

	for (int64_t j = 0; j < N; j++)
		s += (x(i, j) - mean(i)) * (x(i, j) - mean(i));
	return s / N;
}

REF_y(i, j)
{
	return (x(i, j) - mean(i)) / sqrt(var(i) + 1e-5) * w(j) + b(j);
}
