/* ke-plan
{ "tune": {
    "TPR": [64, 128, 256, 512, 1024],
    "GROUPS": [1, 2, 4, 8, 16],
    "ITEMS": [8, 16, 32],
    "UN": [1, 2, 4],
    "STEPS": [1, 2, 4, 8, 16, 32],
    "AHEAD": [0, 1],
    "PAST": [0, 1],
    "FOLD": [4, 8, 16]},
  "choice": [
    {"when": "N > 1024", "TPR": 512, "GROUPS": 1, "ITEMS": 8, "UN": 1,
      "STEPS": 16, "AHEAD": 1, "PAST": 1, "FOLD": 16},
    {"when": "N > 512", "TPR": 64, "GROUPS": 4, "ITEMS": 16, "UN": 1,
      "STEPS": 8, "AHEAD": 1, "PAST": 1, "FOLD": 16},
    {"TPR": 64, "GROUPS": 4, "ITEMS": 8, "UN": 1, "STEPS": 16, "AHEAD": 1,
      "PAST": 1, "FOLD": 16}],
  "require": ["TPR*GROUPS <= 1024", "GROUPS*UN*STEPS <= 512",
    "GROUPS == 1 || TPR*GROUPS*ITEMS <= 12288",
    "TPR*GROUPS*(ITEMS*(3 + UN*(2 + 2*AHEAD)) + 48) <= 131072"],
  "workspace": {
    "part": {"dtype": "f32", "shape": ["cdiv(M, GROUPS*UN*STEPS)", "N"]}},
  "launches": [
    {"kernel": "rows", "grid": ["cdiv(M, GROUPS*UN*STEPS)"],
     "block": ["TPR", "GROUPS"],
     "shared": "GROUPS > 1 ? 4*TPR*GROUPS*ITEMS : 0",
     "args": ["dy", "x", "w", "dx", "part", "M", "N"]},
    {"kernel": "fold", "grid": ["cdiv(N, 64)"], "block": [64, "FOLD"],
     "args": ["part", "dw", "M", "N"]}] }

Memory sees x and dy once.  A block is GROUPS groups of TPR threads; a group
has UN rows at a time in registers, ITEMS elements of each a thread, in vectors
of 16 bytes, and that STEPS times.  Of a row a group takes the two sums, writes
dx, and adds to what its threads have of dw in registers.  The groups' shares
are added up in LDS, the blocks' through part by the second launch, with FOLD
waves for 64 columns: always in the same order.

AHEAD 1 loads a step's rows before the rows of the step before are summed.
PAST 1 loads x and dy and stores dx past the caches, for part to stay there.

Rows that don't fit, or don't start at a multiple of 16 bytes, are walked twice:
for the sums, then by columns for dx and dw. */

#define TPR	KE_TPR
#define GROUPS	KE_GROUPS
#define ITEMS	KE_ITEMS
#define UN	KE_UN
#define STEPS	KE_STEPS
#define ROWS	(GROUPS * UN * STEPS)	/* of a block */
#define WAVES	(TPR / 64)		/* of a row */
#define WIDTH	(16 / (int)sizeof(ke_t))	/* of a vector */
#define VECS	(ITEMS / WIDTH)

/* As the vectors of the compiler, and not __half, stay in registers. */
#ifdef KE_T_f16
typedef _Float16 elem;
#else
typedef float elem;
#endif
typedef elem vec __attribute__((ext_vector_type(WIDTH)));
typedef float quad __attribute__((ext_vector_type(4)));

/* Of a row: sums of x^2 and of dy w x; then dx = r dy w - c x. */
struct alignas(8) pair {
	float a, b;
};

static __device__ __forceinline__ pair
pair_sum(pair p, int lanes)
{
#pragma unroll
	for (int o = lanes / 2; o > 0; o /= 2) {
		p.a += __shfl_xor(p.a, o);
		p.b += __shfl_xor(p.b, o);
	}
	return p;
}

static __device__ __forceinline__ pair
factors(pair sum, int N)
{
	float r = 1 / sqrtf(sum.a / N + 1e-6f);

	return {r, r * r * r * sum.b / N};
}

/*
 * The sums of n rows of a group, of which each thread has a share in p.  All
 * groups call this in step; part isn't used again before the next but one
 * call.
 */
template <int n>
static __device__ __forceinline__ void
row_sums(pair *p, pair (*part)[GROUPS][WAVES])
{
#pragma unroll
	for (int u = 0; u < n; u++) {
		p[u] = pair_sum(p[u], 64);
		if (WAVES > 1 && threadIdx.x % 64 == 0)
			part[u][threadIdx.y][threadIdx.x / 64] = p[u];
	}
	if (WAVES == 1)
		return;
	__syncthreads();
#pragma unroll
	for (int u = 0; u < n; u++)
		p[u] = pair_sum(part[u][threadIdx.y][threadIdx.x % WAVES],
		    WAVES);
}

/* The thread's vectors of UN rows of n; a row past the last counts as 0. */
static __device__ __forceinline__ void
rows_load(vec (*v)[VECS], const ke_t *p, int i, int M, int N)
{
#pragma unroll
	for (int u = 0; u < UN; u++)
#pragma unroll
		for (int k = 0; k < VECS; k++) {
			int j = threadIdx.x + k * TPR;
			const vec *at = (const vec *)(p +
			    (size_t)(i + u) * N) + j;

			v[u][k] = 0;
			if (i + u < M && j < N / WIDTH)
				v[u][k] = KE_PAST ?
				    __builtin_nontemporal_load(at) : *at;
		}
}

/* What the threads have of dw, to a row of part. */
static __device__ __forceinline__ void
share_store(const float (*acc)[WIDTH], float *part, int N)
{
	extern __shared__ quad sum[];	/* [GROUPS][TPR * ITEMS] floats */
	quad *to = GROUPS > 1 ? sum + threadIdx.y * (TPR * ITEMS / 4) :
	    (quad *)part;

#pragma unroll
	for (int k = 0; k < VECS; k++)
#pragma unroll
		for (int e = 0; e < WIDTH; e += 4) {
			int j = (threadIdx.x + k * TPR) * WIDTH + e;
			quad q = {acc[k][e], acc[k][e + 1], acc[k][e + 2],
			    acc[k][e + 3]};

			if (GROUPS > 1 || j < N)
				to[j / 4] = q;
		}
	if (GROUPS == 1)
		return;
	__syncthreads();
	for (int j = threadIdx.y * TPR + threadIdx.x; j < N;
	    j += TPR * GROUPS) {
		float s = 0;

#pragma unroll
		for (int g = 0; g < GROUPS; g++)
			s += ((const float *)sum)[g * TPR * ITEMS + j];
		part[j] = s;
	}
}

static __device__ __forceinline__ pair
shares(const vec *x, const vec *g, const vec *w)
{
	pair p = {0, 0};

#pragma unroll
	for (int k = 0; k < VECS; k++)
#pragma unroll
		for (int e = 0; e < WIDTH; e++) {
			float v = (float)x[k][e];

			p.a += v * v;
			p.b += (float)g[k][e] * (float)w[k][e] * v;
		}
	return p;
}

/* A row of dx from its factors, where it is one; its part of dw to acc. */
static __device__ __forceinline__ void
row_out(const vec *x, const vec *g, const vec *w, pair f, ke_t *dx,
    bool there, int N, float (*acc)[WIDTH])
{
#pragma unroll
	for (int k = 0; k < VECS; k++) {
		int j = threadIdx.x + k * TPR;
		vec *at = (vec *)dx + j, d;

#pragma unroll
		for (int e = 0; e < WIDTH; e++) {
			float v = (float)x[k][e];
			float gr = (float)g[k][e] * f.a;

			d[e] = (elem)(gr * (float)w[k][e] - v * f.b);
			acc[k][e] += gr * v;
		}
		if (!there || j >= N / WIDTH)
			continue;
		if (KE_PAST)
			__builtin_nontemporal_store(d, at);
		else
			*at = d;
	}
}

static __device__ __forceinline__ void
rows_registers(const ke_t *dy, const ke_t *x, const ke_t *w, ke_t *dx,
    float *part, int M, int N, pair (*sums)[UN][GROUPS][WAVES])
{
	int first = blockIdx.x * ROWS, i = first + threadIdx.y * UN;
	int steps = min(STEPS, (M - first - 1) / (GROUPS * UN) + 1);
	vec xv[UN][VECS], gv[UN][VECS], xn[UN][VECS], gn[UN][VECS], wv[VECS];
	float acc[VECS][WIDTH] = {};

#pragma unroll
	for (int k = 0; k < VECS; k++) {
		int j = threadIdx.x + k * TPR;

		wv[k] = 0;
		if (j < N / WIDTH)
			wv[k] = ((const vec *)w)[j];
	}
	rows_load(xv, x, i, M, N);
	rows_load(gv, dy, i, M, N);
#pragma unroll 1
	for (int t = 0; t < steps; t++, i += GROUPS * UN) {
		pair p[UN];

		if (KE_AHEAD && t + 1 < steps) {
			rows_load(xn, x, i + GROUPS * UN, M, N);
			rows_load(gn, dy, i + GROUPS * UN, M, N);
		}
#pragma unroll
		for (int u = 0; u < UN; u++)
			p[u] = shares(xv[u], gv[u], wv);
		row_sums<UN>(p, sums[t % 2]);
#pragma unroll
		for (int u = 0; u < UN; u++)
			row_out(xv[u], gv[u], wv, factors(p[u], N),
			    dx + (size_t)(i + u) * N, i + u < M, N, acc);
		if (t + 1 == steps)
			break;
		if (!KE_AHEAD) {
			rows_load(xn, x, i + GROUPS * UN, M, N);
			rows_load(gn, dy, i + GROUPS * UN, M, N);
		}
#pragma unroll
		for (int u = 0; u < UN; u++)
#pragma unroll
			for (int k = 0; k < VECS; k++) {
				xv[u][k] = xn[u][k];
				gv[u][k] = gn[u][k];
			}
	}
	share_store(acc, part, N);
}

static __device__ void
rows_plain(const ke_t *dy, const ke_t *x, const ke_t *w, ke_t *dx,
    float *part, int M, int N, pair (*sums)[UN][GROUPS][WAVES])
{
	__shared__ pair f[ROWS];
	int first = blockIdx.x * ROWS, n = min(ROWS, M - first);

	dy += (size_t)first * N;
	x += (size_t)first * N;
	dx += (size_t)first * N;
#pragma unroll 1
	for (int t = 0; t < UN * STEPS; t++) {
		int i = t * GROUPS + threadIdx.y;
		pair p = {0, 0};

		for (int j = threadIdx.x; i < n && j < N; j += TPR) {
			float v = (float)x[(size_t)i * N + j];

			p.a += v * v;
			p.b += (float)dy[(size_t)i * N + j] * (float)w[j] * v;
		}
		row_sums<1>(&p, sums[t % 2]);
		if (threadIdx.x == 0)
			f[i] = factors(p, N);
	}
	__syncthreads();
	for (int j = threadIdx.y * TPR + threadIdx.x; j < N;
	    j += TPR * GROUPS) {
		float s = 0;

		for (int i = 0; i < n; i++) {
			float v = (float)x[(size_t)i * N + j];
			float g = (float)dy[(size_t)i * N + j] * f[i].a;

			dx[(size_t)i * N + j] = (ke_t)(g * (float)w[j] -
			    v * f[i].b);
			s += g * v;
		}
		part[j] = s;
	}
}

extern "C" __global__ void __launch_bounds__(TPR * GROUPS)
rows(const ke_t *__restrict__ dy, const ke_t *__restrict__ x,
    const ke_t *__restrict__ w, ke_t *__restrict__ dx,
    float *__restrict__ part, int M, int N)
{
	__shared__ pair sums[2][UN][GROUPS][WAVES];

	part += (size_t)blockIdx.x * N;
	if (N % WIDTH == 0 && N <= TPR * ITEMS)
		rows_registers(dy, x, w, dx, part, M, N, sums);
	else
		rows_plain(dy, x, w, dx, part, M, N, sums);
}

extern "C" __global__ void __launch_bounds__(64 * KE_FOLD)
fold(float *__restrict__ part, ke_t *__restrict__ dw, int M, int N)
{
	__shared__ float sum[KE_FOLD][64];
	int j = blockIdx.x * 64 + threadIdx.x;
	int n = (M - 1) / ROWS + 1;
	float s = 0;

	if (j < N)
#pragma unroll 8
		for (int i = threadIdx.y; i < n; i += KE_FOLD)
			s += part[(size_t)i * N + j];
	sum[threadIdx.y][threadIdx.x] = s;
	__syncthreads();
	if (threadIdx.y != 0 || j >= N)
		return;
#pragma unroll
	for (int g = 1; g < KE_FOLD; g++)
		s += sum[g][threadIdx.x];
	dw[j] = (ke_t)s;
}
