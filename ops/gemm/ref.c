REF_C(i, j)
{
	double s = 0;

	for (int64_t k = 0; k < K; k++)
		s += A(i, k) * B(k, j);
	return s;
}
