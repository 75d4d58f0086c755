/* ke-plan
{ "launches": [{"kernel": "ln", "grid": ["cdiv(N,256)"], "block": [256],
    "args": ["x", "y", "N"]}] } */

extern "C" __global__ void
ln(const float *__restrict__ x, float *__restrict__ y, int N)
{
	int i = blockIdx.x * 256 + threadIdx.x;

	if (i < N)
		y[i] = logf(x[i]);
}
