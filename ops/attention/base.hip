/* ke-plan
{ "constants": ["D"],
  "launches": [
    {"kernel": "attention", "grid": ["cdiv(S, 32)", "B*H"], "block": [256],
     "shared": "4*(3*32*(D + 1) + 32*33)",
     "args": ["q", "k", "v", "y", "S", "D", "causal"]}] }
32 rows of a head in f32, 32 keys at a time through LDS, with the running
maximum and sum of each row: no scores go to memory.  A thread has two by two
scores, and two rows by every sixteenth column of the result. */

#define COLUMNS	((KE_D + 15) / 16)
#define P	(KE_D + 1)
#define LEAST	__int_as_float(0xff800000)	/* minus infinity */

static __device__ void
load(float *to, const ke_t *from, int row, int S)
{
	for (int i = threadIdx.x; i < 32 * KE_D; i += 256) {
		int r = i / KE_D, c = i % KE_D;

		to[r * P + c] = row + r < S
		    ? (float)from[(int64_t)(row + r) * KE_D + c] : 0;
	}
}

extern "C" __global__ void __launch_bounds__(256)
attention(const ke_t *__restrict__ q, const ke_t *__restrict__ k,
    const ke_t *__restrict__ v, ke_t *__restrict__ y, int S, int D,
    int causal)
{
	extern __shared__ float shared[];
	float *qs = shared, *ks = qs + 32 * P;
	float *vs = ks + 32 * P, *ps = vs + 32 * P;
	int row = blockIdx.x * 32;
	int tx = threadIdx.x % 16, ty = threadIdx.x / 16;
	int keys = causal ? min(S, row + 32) : S;
	int64_t head = (int64_t)blockIdx.y * S * KE_D;
	float scale = 1 / sqrtf((float)KE_D);
	float out[2][COLUMNS] = {}, most[2] = {LEAST, LEAST}, sum[2] = {};

	load(qs, q + head, row, S);
	for (int key = 0; key < keys; key += 32) {
		float s[2][2] = {};

		__syncthreads();
		load(ks, k + head, key, S);
		load(vs, v + head, key, S);
		__syncthreads();
		for (int d = 0; d < KE_D; d++)
			for (int i = 0; i < 2; i++)
				for (int j = 0; j < 2; j++)
					s[i][j] += qs[(ty + 16 * i) * P + d] *
					    ks[(tx + 16 * j) * P + d];
		for (int i = 0; i < 2; i++) {
			int r = row + ty + 16 * i;
			float x = most[i], t = 0;

			for (int j = 0; j < 2; j++) {
				int c = key + tx + 16 * j;

				s[i][j] = c >= S || (causal && c > r)
				    ? LEAST : s[i][j] * scale;
				x = fmaxf(x, s[i][j]);
			}
			for (int j = 8; j > 0; j /= 2)
				x = fmaxf(x, __shfl_xor(x, j));
			for (int j = 0; j < 2; j++) {
				float p = expf(s[i][j] - x);

				t += p;
				ps[(ty + 16 * i) * 33 + tx + 16 * j] = p;
			}
			for (int j = 8; j > 0; j /= 2)
				t += __shfl_xor(t, j);

			float shrink = expf(most[i] - x);

			sum[i] = sum[i] * shrink + t;
			most[i] = x;
			for (int c = 0; c < COLUMNS; c++)
				out[i][c] *= shrink;
		}
		__syncthreads();
		for (int j = 0; j < 32; j++)
			for (int i = 0; i < 2; i++)
				for (int c = 0; c < COLUMNS; c++)
					if (tx + 16 * c < KE_D)
						out[i][c] += ps[(ty + 16 *
						    i) * 33 + j] *
						    vs[j * P + tx + 16 * c];
	}
	for (int i = 0; i < 2; i++)
		for (int c = 0; c < COLUMNS; c++) {
			int r = row + ty + 16 * i, d = tx + 16 * c;

			if (r < S && d < KE_D)
				y[head + (int64_t)r * KE_D + d] =
				    (ke_t)(out[i][c] / sum[i]);
		}
}
