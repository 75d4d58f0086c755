/* ke-plan
{ "launches": [
    {"kernel": "map_id", "grid": ["cdiv(B, 1024)"],
     "args": ["M", "v", "out", "U", "B"]}] }
A binary search for each element. */

void
map_id(const struct ke_block *blk, const int64_t *restrict M,
    const int64_t *restrict v, int64_t *restrict out, int U, int B)
{
	int b = blk->x * 1024, end = b + 1024 < B ? b + 1024 : B;

	for (; b < end; b++) {
		int lo = 0, hi = U;

		while (lo < hi) {
			int mid = lo + (hi - lo) / 2;

			if (M[mid] < v[b])
				lo = mid + 1;
			else
				hi = mid;
		}
		out[b] = lo < U && M[lo] == v[b] ? lo + 1 : 0;
	}
}
