REF_h(b, n, k)
{
	double s = b1(b, 0, k);

	for (int64_t d = 0; d < D; d++)
		s += X(b, n, d) * W1(b, d, k);
	return 0.5 * s * (1 + erf(s / sqrt(2)));
}

REF_hr(b, n)
{
	double s = 0;

	for (int64_t k = 0; k < K; k++)
		s += h(b, n, k) * h(b, n, k);
	return 1 / sqrt(s / K + 1e-6);
}

REF_v(b, n, d)
{
	double s = 0;

	for (int64_t k = 0; k < K; k++)
		s += h(b, n, k) * g1(k) * W2(b, k, d);
	return s * hr(b, n) + b2(b, 0, d);
}

REF_vr(b, n)
{
	double s = 0;

	for (int64_t d = 0; d < D; d++)
		s += v(b, n, d) * v(b, n, d);
	return 1 / sqrt(s / D + 1e-6);
}

REF_y(b, n, d)
{
	return v(b, n, d) * vr(b, n) * g2(d);
}

/* What an error is measured against: the terms of each sum, where they may
 * cancel, as they go on through the chain; and what a row's norm takes from
 * them, which is no more than their root mean square. */
REF_hsize(b, n, k)
{
	double s = fabs(b1(b, 0, k));

	for (int64_t d = 0; d < D; d++)
		s += fabs(X(b, n, d) * W1(b, d, k));
	return s;
}

REF_hrow(b, n)
{
	double s = 0;

	for (int64_t k = 0; k < K; k++)
		s += hsize(b, n, k) * hsize(b, n, k);
	return hr(b, n) * sqrt(s / K);
}

REF_vsize(b, n, d)
{
	double s = 0;

	for (int64_t k = 0; k < K; k++)
		s += (hsize(b, n, k) + fabs(h(b, n, k)) * hrow(b, n)) *
		    fabs(g1(k) * W2(b, k, d));
	return s * hr(b, n) + fabs(b2(b, 0, d));
}

REF_vrow(b, n)
{
	double s = 0;

	for (int64_t d = 0; d < D; d++)
		s += vsize(b, n, d) * vsize(b, n, d);
	return vr(b, n) * sqrt(s / D);
}

SCALE_y(b, n, d)
{
	return (vsize(b, n, d) + fabs(v(b, n, d)) * vrow(b, n)) *
	    vr(b, n) * fabs(g2(d));
}
