/* X X^T first, which is the smaller intermediate; the terms are the same. */
REF_gram(b, n, m)
{
	double s = 0;

	for (int64_t d = 0; d < D; d++)
		s += X(b, n, d) * X(b, m, d);
	return s;
}

REF_out(b, n, k)
{
	double s = 0;

	for (int64_t m = 0; m < N; m++)
		s += gram(b, n, m) * Y(b, m, k);
	return s;
}
