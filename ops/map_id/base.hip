/* ke-plan
{ "launches": [
    {"kernel": "map_id", "grid": ["cdiv(B, 256)"], "block": [256],
     "args": ["M", "v", "out", "U", "B"]}] }
A thread is one element: a binary search. */

extern "C" __global__ void __launch_bounds__(256)
map_id(const int64_t *__restrict__ M, const int64_t *__restrict__ v,
    int64_t *__restrict__ out, int U, int B)
{
	int64_t b = (int64_t)blockIdx.x * 256 + threadIdx.x;
	int lo = 0, hi = U;

	if (b >= B)
		return;
	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;

		if (M[mid] < v[b])
			lo = mid + 1;
		else
			hi = mid;
	}
	out[b] = lo < U && M[lo] == v[b] ? lo + 1 : 0;
}
