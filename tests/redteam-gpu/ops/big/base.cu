/* ke-plan
{ "launches": [{"kernel": "big", "grid": ["cdiv(N,1024)"], "block": [256],
    "args": ["x", "y", "N"]}] } */

extern "C" __global__ void
big(const float *__restrict__ x, float *__restrict__ y, int N)
{
	int i = blockIdx.x * 1024 + threadIdx.x;

	for (int k = 0; k < 4; k++, i += 256)
		if (i < N)
			y[i] = x[i] + 1;
}
