REF_out(b)
{
	int64_t lo = 0, hi = U;

	while (lo < hi) {
		int64_t mid = lo + (hi - lo) / 2;

		if (M(mid) < v(b))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < U && M(lo) == v(b) ? lo + 1 : 0;
}
