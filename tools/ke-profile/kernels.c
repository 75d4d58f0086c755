/* Loops that nothing can be faster than, a set per width of vectors.  Twelve
 * chains cover four cycles of latency at two, and five at two, multiply-adds a
 * cycle, and fit in sixteen registers. */
#include <stdbool.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "kernels.h"
#include "mem.h"

#define CHAINS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define CHAIN_SUM(i) s += a##i;

/* The start values keep every chain at finite, normal numbers for ever. */
#define KERNELS(isa, attr, vec, CHAIN_SET, CHAIN_STEP) \
attr static float \
peak_##isa(size_t n) \
{ \
	const vec m = (vec){0} + 0.5f, b = (vec){0} + 1.0f; \
	vec s = {0}; \
	CHAINS(CHAIN_SET) \
 \
	for (size_t k = 0; k < n; k++) { \
		CHAINS(CHAIN_STEP) \
	} \
	CHAINS(CHAIN_SUM) \
	return s[0]; \
} \
 \
attr static void \
triad_##isa(float *restrict a, const float *restrict b, \
    const float *restrict c, size_t n) \
{ \
	vec *va = (vec *)(void *)a; \
	const vec *vb = (const vec *)(const void *)b; \
	const vec *vc = (const vec *)(const void *)c; \
 \
	for (size_t i = 0; i < n / (sizeof(vec) / sizeof(float)); i++) \
		va[i] = vb[i] + vc[i] * 3.0f; \
}

typedef float v16 __attribute__((vector_size(16), may_alias));

#if defined(__x86_64__)
#define SET(i) __m512 a##i = (__m512){0} + (float)(i);
#define STEP(i) a##i = _mm512_fmadd_ps(a##i, m, b);
KERNELS(avx512f, __attribute__((target("avx512f"))), __m512, SET, STEP)
#undef SET
#undef STEP
#define SET(i) __m256 a##i = (__m256){0} + (float)(i);
#define STEP(i) a##i = _mm256_fmadd_ps(a##i, m, b);
KERNELS(avx2, __attribute__((target("avx2,fma"))), __m256, SET, STEP)
#undef SET
#undef STEP
#endif

#define SET(i) v16 a##i = (v16){0} + (float)(i);
#if defined(__aarch64__)
#define STEP(i) a##i = (v16)vfmaq_f32((float32x4_t)b, (float32x4_t)a##i, \
	(float32x4_t)m);
#else
#define STEP(i) a##i = a##i * m + b;
#endif
KERNELS(plain, , v16, SET, STEP)

static bool
always(void)
{
	return true;
}

#if defined(__x86_64__)
static bool
has_avx512f(void)
{
	return __builtin_cpu_supports("avx512f");
}

static bool
has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

static const struct {
	bool (*there)(void);
	struct kernels k;
} sets[] = {
#if defined(__x86_64__)
	{has_avx512f, {"avx512f", 512, peak_avx512f, triad_avx512f}},
	{has_avx2, {"avx2", 256, peak_avx2, triad_avx2}},
#endif
	{always, {"plain", 128, peak_plain, triad_plain}},
};

size_t
kernels_here(const struct kernels *out[KERNELS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < KE_LEN(sets); i++)
		if (sets[i].there())
			out[n++] = &sets[i].k;
	return n;
}
