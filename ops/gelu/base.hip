/* ke-plan
{ "launches": [
    {"kernel": "gelu", "grid": ["min(cdiv(N, 256), 4096)"], "block": [256],
     "args": ["x", "y", "N"]}] }
The definition; the grid strides over the elements. */

extern "C" __global__ void __launch_bounds__(256)
gelu(const ke_t *__restrict__ x, ke_t *__restrict__ y, int N)
{
	size_t i = (size_t)blockIdx.x * 256 + threadIdx.x;

	for (; i < N; i += (size_t)gridDim.x * 256) {
		float v = (float)x[i];

		y[i] = (ke_t)(0.5f * v * (1 + tanhf(0.7978845608f *
		    (v + 0.044715f * v * v * v))));
	}
}
