/* ke-plan
{ "tune": {
    "VW": [4, 8, 16],
    "UN": [1, 2, 4],
    "ROWS": [8, 16, 32, 64, 128],
    "TOGETHER": [1, 2, 4],
    "FOLD": [64, 128, 256],
    "OUT": [0, 1]},
  "choice": {"VW": 8, "UN": 2, "ROWS": 16, "TOGETHER": 1, "FOLD": 64,
    "OUT": 0},
  "workspace": {"part": {"dtype": "f32", "shape": ["cdiv(M, ROWS)", "N"]}},
  "launches": [
    {"kernel": "rows", "grid": ["cdiv(M, ROWS)"], "shared": "4*N",
     "args": ["dy", "x", "w", "dx", "part", "M", "N"]},
    {"kernel": "fold", "grid": ["cdiv(N, FOLD)"],
     "args": ["part", "dw", "M", "N"]}] }

A block is ROWS rows.  A row's two sums are taken in one walk, in vectors of VW
floats, UN of them in flight; a second walk, over TOGETHER rows at once that are
in cache by then, writes dx and adds their share of dw to a row in scratch,
which is loaded and stored once for the TOGETHER.  So x and dy are read from
memory once.  What a block has of dw goes to a row of part; the second launch
adds these up, FOLD columns a block, always in the same order.  OUT 1 writes
rows of dx that are aligned past the caches. */

#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define VW	KE_VW
#define UN	KE_UN
#define STEP	(VW * UN)
#define PRAGMA(x)	_Pragma(#x)
#define UNROLL(n)	PRAGMA(GCC unroll n)

typedef float vec __attribute__((vector_size(VW * 4)));
typedef float uvec __attribute__((vector_size(VW * 4), aligned(4)));

/* dx = r dy w - c x */
struct row {
	const float *dy, *x;
	float *dx;
	float r, c;
};

static inline vec
at(const float *p)
{
	return *(const uvec *)p;
}

static inline void
write_out(float *y, vec v, int past)
{
	(void)past;
#if VW == 16 && defined __AVX512F__
	if (past)
		_mm512_stream_ps(y, (__m512)v);
	else
#elif VW == 8 && defined __AVX__
	if (past)
		_mm256_stream_ps(y, (__m256)v);
	else
#elif VW == 4 && defined __SSE2__
	if (past)
		_mm_stream_ps(y, (__m128)v);
	else
#endif
		*(uvec *)y = v;
}

static float
across_sum(vec v)
{
	for (int n = VW / 2; n > 0; n /= 2)
		for (int i = 0; i < n; i++)
			v[i] += v[i + n];
	return v[0];
}

static void
row_sums(struct row *k, const float *w, int n)
{
	vec s[UN] = {}, t[UN] = {};
	float square, dot;
	int j = 0;

	for (; j + STEP <= n; j += STEP)
		UNROLL(4)
		for (int u = 0; u < UN; u++) {
			vec x = at(k->x + j + u * VW);

			s[u] += x * x;
			t[u] += at(k->dy + j + u * VW) * at(w + j + u * VW) *
			    x;
		}
	for (; j + VW <= n; j += VW) {
		s[0] += at(k->x + j) * at(k->x + j);
		t[0] += at(k->dy + j) * at(w + j) * at(k->x + j);
	}
	for (int u = 1; u < UN; u++) {
		s[0] += s[u];
		t[0] += t[u];
	}
	square = across_sum(s[0]);
	dot = across_sum(t[0]);
	for (; j < n; j++) {
		square += k->x[j] * k->x[j];
		dot += k->dy[j] * w[j] * k->x[j];
	}
	k->r = 1 / sqrtf(square / n + 1e-6f);
	k->c = k->r * k->r * k->r * dot / n;
}

/* The second walk, over m rows, a constant where this is called. */
static inline __attribute__((always_inline)) void
rows_write(const struct row *k, int m, const float *w, float *part, int n,
    int past)
{
	int j = 0;

	for (; j + VW <= n; j += VW) {
		vec sum = at(part + j), wv = at(w + j);

		UNROLL(4)
		for (int i = 0; i < m; i++) {
			vec x = at(k[i].x + j), g = at(k[i].dy + j) * k[i].r;

			write_out(k[i].dx + j, g * wv - x * k[i].c, past);
			sum += g * x;
		}
		*(uvec *)(part + j) = sum;
	}
	for (; j < n; j++)
		for (int i = 0; i < m; i++) {
			float g = k[i].dy[j] * k[i].r;

			k[i].dx[j] = g * w[j] - k[i].x[j] * k[i].c;
			part[j] += g * k[i].x[j];
		}
}

void
rows(const struct ke_block *b, const float *restrict dy,
    const float *restrict x, const float *restrict w, float *restrict dx,
    float *restrict part, int M, int N)
{
	int i = b->x * KE_ROWS, end = i + KE_ROWS < M ? i + KE_ROWS : M;
	int past = KE_OUT && N % VW == 0;
	float *sum = b->shared;
	struct row k[KE_TOGETHER];

	memset(sum, 0, N * sizeof *sum);
	while (i < end) {
		int m = end - i < KE_TOGETHER ? 1 : KE_TOGETHER;

		for (int u = 0; u < m; u++) {
			size_t from = (size_t)(i + u) * N;

			k[u] = (struct row){dy + from, x + from, dx + from};
			row_sums(&k[u], w, N);
		}
		if (m == KE_TOGETHER)
			rows_write(k, KE_TOGETHER, w, sum, N, past);
		else
			rows_write(k, 1, w, sum, N, past);
		i += m;
	}
	memcpy(part + (size_t)b->x * N, sum, N * sizeof *sum);
#ifdef __SSE2__
	if (KE_OUT)
		_mm_sfence();
#endif
}

void
fold(const struct ke_block *b, float *restrict part, float *restrict dw,
    int M, int N)
{
	int lo = b->x * KE_FOLD, n = N - lo < KE_FOLD ? N - lo : KE_FOLD;
	float s[KE_FOLD] = {0};

	part += lo;
	for (int i = 0; i < (M + KE_ROWS - 1) / KE_ROWS; i++, part += N)
		for (int j = 0; j < n; j++)
			s[j] += part[j];
	memcpy(dw + lo, s, n * sizeof *s);
}
