/* ke-plan
{ "launches": [
    {"kernel": "conv1d", "grid": ["cdiv(L, 64)", "cdiv(Cout, 64)", "B"],
     "block": [256],
     "args": ["x", "w", "bias", "y", "Cin", "Cout", "L"]}] }
A block has 64 channels by 64 positions of a sample; sixteen channels in at a
time, x with a neighbour on both sides, pass through LDS in f32.  Each
thread sums four channels by four positions in registers. */

extern "C" __global__ void __launch_bounds__(256)
conv1d(const ke_t *__restrict__ x, const ke_t *__restrict__ w,
    const ke_t *__restrict__ bias, ke_t *__restrict__ y, int Cin, int Cout,
    int L)
{
	__shared__ float xs[16][66], ws[64][49];
	int l0 = blockIdx.x * 64, o0 = blockIdx.y * 64;
	int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
	float d[4][4] = {};

	x += (int64_t)blockIdx.z * Cin * L;
	y += (int64_t)blockIdx.z * Cout * L;
	for (int c0 = 0; c0 < Cin; c0 += 16) {
		for (int i = threadIdx.x; i < 16 * 66; i += 256) {
			int c = c0 + i / 66, l = l0 + i % 66 - 1;

			xs[i / 66][i % 66] = c < Cin && l >= 0 && l < L
			    ? (float)x[(int64_t)c * L + l] : 0;
		}
		for (int i = threadIdx.x; i < 64 * 48; i += 256) {
			int o = o0 + i / 48, j = c0 * 3 + i % 48;

			ws[i / 48][i % 48] = o < Cout && j < Cin * 3
			    ? (float)w[(int64_t)o * Cin * 3 + j] : 0;
		}
		__syncthreads();
		for (int c = 0; c < 16; c++)
			for (int k = 0; k < 3; k++)
				for (int i = 0; i < 4; i++)
					for (int j = 0; j < 4; j++)
						d[i][j] += ws[ty + 16 * i]
						    [c * 3 + k] * xs[c]
						    [tx + 16 * j + k];
		__syncthreads();
	}
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++) {
			int o = o0 + ty + 16 * i, l = l0 + tx + 16 * j;

			if (o < Cout && l < L)
				y[(int64_t)o * L + l] =
				    (ke_t)(d[i][j] + (float)bias[o]);
		}
}
