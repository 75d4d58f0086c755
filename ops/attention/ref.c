#define KEYS(i)	(causal ? (i) + 1 : S)	/* that row i attends to */

REF_s(b, h, i, j)
{
	double sum = 0;

	for (int64_t d = 0; d < D; d++)
		sum += q(b, h, i, d) * k(b, h, j, d);
	return sum / sqrt((double)D);
}

REF_size(b, h, i, j)
{
	double sum = 0;

	for (int64_t d = 0; d < D; d++)
		sum += fabs(q(b, h, i, d) * k(b, h, j, d));
	return sum / sqrt((double)D);
}

REF_rowmax(b, h, i)
{
	double m = s(b, h, i, 0);

	for (int64_t j = 1; j < KEYS(i); j++)
		m = fmax(m, s(b, h, i, j));
	return m;
}

REF_rowsum(b, h, i)
{
	double sum = 0;

	for (int64_t j = 0; j < KEYS(i); j++)
		sum += exp(s(b, h, i, j) - rowmax(b, h, i));
	return sum;
}

REF_p(b, h, i, j)
{
	return exp(s(b, h, i, j) - rowmax(b, h, i)) / rowsum(b, h, i);
}

REF_y(b, h, i, d)
{
	double sum = 0;

	for (int64_t j = 0; j < KEYS(i); j++)
		sum += p(b, h, i, j) * v(b, h, j, d);
	return sum;
}

/*
 * An error of s by e moves y by e p (v - y), and e is to the terms of s what
 * the error of a sum is to its terms.
 */
SCALE_y(b, h, i, d)
{
	double y = 0, sum = 0;

	for (int64_t j = 0; j < KEYS(i); j++)
		y += p(b, h, i, j) * v(b, h, j, d);
	for (int64_t j = 0; j < KEYS(i); j++)
		sum += p(b, h, i, j) * (fabs(v(b, h, j, d)) +
		    fabs(v(b, h, j, d) - y) * size(b, h, i, j));
	return sum;
}
