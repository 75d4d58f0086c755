/* What the harness itself runs on a GPU: poison, canaries, hashes, the
 * acceptance rule, and what stands around a timed segment.  Compiled by NVRTC
 * or hiprtc behind the integer types of ke-plan(5) and the words of the maker of
 * the device, struct gpu_vendor.  gpu_kernels.h has the structs. */

#define GRID(i, n) \
	for (int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; \
	    i < (n); i += (int64_t)gridDim.x * blockDim.x)

enum { F32, F64, F16, BF16, I32, I64, U8 }; /* KE_DTYPES */

static __device__ uint64_t
random_word(uint64_t key, uint64_t i)
{
	uint64_t z = key + (i + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* As f16, bf16, f32 and f64 the odd patterns are NaNs, the even ones finite. */
static __device__ uint64_t
poison_word(uint64_t key, uint64_t i)
{
	uint64_t w = random_word(key, i >> 6);

	return key & 1 ? w | 0x7ff87fffffc07fffu : w & 0xbbffbbffbbffbbffu;
}

/* words of 8 bytes */
extern "C" __global__ void
ke_poison(uint64_t *p, int64_t words, uint64_t key)
{
	GRID(i, words)
		p[i] = poison_word(key, i);
}

/* Bytes outside [from, to) that are no longer poison. */
extern "C" __global__ void
ke_canary(const uint64_t *p, int64_t words, int64_t from, int64_t to,
    uint64_t key, struct found *out)
{
	GRID(i, words) {
		uint64_t bad = p[i] ^ poison_word(key, i);

		if (bad == 0)
			continue;
		for (int b = 0; b < 8; b++)
			if ((bad >> 8 * b & 255) != 0 &&
			    (8 * i + b < from || 8 * i + b >= to))
				atomicAdd(&out->spilled, 1ull);
	}
}

static __device__ uint64_t
bits(const void *p, int size, int64_t i)
{
	switch (size) {
	case 1:
		return ((const uint8_t *)p)[i];
	case 2:
		return ((const uint16_t *)p)[i];
	case 4:
		return ((const uint32_t *)p)[i];
	default:
		return ((const uint64_t *)p)[i];
	}
}

/* A keyed sum over words, with their places: integer, so the order of blocks is
 * nothing to it.  Of elements of so many bytes, in rows of last, length[row]
 * count. */
extern "C" __global__ void
ke_hash(const void *p, int64_t bytes, int size, const int64_t *length,
    int64_t last, uint64_t key, struct found *out)
{
	uint64_t sum = 0;

	if (length == 0) {
		GRID(i, bytes / 8)
			sum += random_word(key ^ bits(p, 8, i), i);
		GRID(i, bytes % 8)
			sum += random_word(key ^ bits(p, 1, bytes - 1 - i), ~i);
	} else {
		GRID(i, bytes / size)
			if (i % last < length[i / last])
				sum += random_word(key ^ bits(p, size, i), i);
	}
	for (int d = KE_WAVE / 2; d > 0; d /= 2)
		sum += KE_SHUFFLE_DOWN(sum, d);
	if (threadIdx.x % KE_WAVE == 0)
		atomicAdd(&out->hash, sum);
}

static __device__ double
read(const void *p, int type, int64_t i)
{
	switch (type) {
	case F32:
		return ((const float *)p)[i];
	case F64:
		return ((const double *)p)[i];
	case F16:
		return __half2float(((const __half *)p)[i]);
	case BF16:
		return ke_bf16_read(((const ke_bf16 *)p)[i]);
	case I32:
		return ((const int32_t *)p)[i];
	case I64:
		return (double)((const int64_t *)p)[i];
	default:
		return ((const uint8_t *)p)[i];
	}
}

/* The nearest value of the type. */
static __device__ double
rounded(int type, double v)
{
	switch (type) {
	case F32:
		return (float)v;
	case F16:
		return __half2float(ke_f16_of(v));
	case BF16:
		return ke_bf16_read(ke_bf16_of(v));
	default:
		return v;
	}
}

static __device__ int64_t
read_whole(const void *p, int type, int64_t i)
{
	return type == I64 ? ((const int64_t *)p)[i]
	    : (int64_t)read(p, type, i);
}

/* Absolute values, in place: the sign bit of each element. */
extern "C" __global__ void
ke_absolute(void *p, int type, int64_t n)
{
	GRID(i, n)
		switch (type) {
		case F32:
			((uint32_t *)p)[i] &= 0x7fffffffu;
			break;
		case F64:
			((uint64_t *)p)[i] &= 0x7fffffffffffffffu;
			break;
		case F16:
		case BF16:
			((uint16_t *)p)[i] &= 0x7fffu;
			break;
		case I32:
			((int32_t *)p)[i] = abs(((int32_t *)p)[i]);
			break;
		case I64:
			((int64_t *)p)[i] = llabs(((int64_t *)p)[i]);
			break;
		}
}

/* The larger of an element's magnitude and its row's root mean square; a block
 * a row. */
extern "C" __global__ void
ke_scale_rows(double *scale, const double *y, int64_t rows, int64_t last)
{
	__shared__ double part[32], rms;

	for (int64_t r = blockIdx.x; r < rows; r += gridDim.x) {
		const double *row = y + r * last;
		double sum = 0;

		for (int64_t k = threadIdx.x; k < last; k += blockDim.x)
			sum += isfinite(row[k]) ? row[k] * row[k] : 0;
		for (int d = KE_WAVE / 2; d > 0; d /= 2)
			sum += KE_SHUFFLE_DOWN(sum, d);
		if (threadIdx.x % KE_WAVE == 0)
			part[threadIdx.x / KE_WAVE] = sum;
		__syncthreads();
		if (threadIdx.x == 0) {
			sum = 0;
			for (unsigned k = 0; k < blockDim.x / KE_WAVE; k++)
				sum += part[k];
			rms = sqrt(sum / last);
		}
		__syncthreads();
		for (int64_t k = threadIdx.x; k < last; k += blockDim.x)
			scale[r * last + k] =
			    fmax(isfinite(row[k]) ? fabs(row[k]) : 0, rms);
		__syncthreads();
	}
}

static __device__ void
join(struct part *a, const struct part *b)
{
	a->error2 += b->error2;
	a->ref2 += b->ref2;
	a->size2 += b->size2;
	a->error += b->error;
	a->bound += b->bound;
	a->n += b->n;
	if (b->mismatch && (!a->mismatch || b->worst < a->worst)) {
		a->mismatch = 1;
		a->worst = b->worst;
	} else if (!a->mismatch && !b->mismatch && (b->ratio > a->ratio ||
	    (b->ratio == a->ratio && b->worst < a->worst))) {
		a->ratio = b->ratio;
		a->worst = b->worst;
	}
}

/* A block's parts become one, thread 0's, in an order that is always the
 * same. */
static __device__ void
join_block(struct part *mine, struct part *out)
{
	__shared__ struct part all[256];

	all[threadIdx.x] = *mine;
	for (unsigned d = 128; d > 0; d /= 2) {
		__syncthreads();
		if (threadIdx.x < d)
			join(&all[threadIdx.x], &all[threadIdx.x + d]);
	}
	if (threadIdx.x == 0)
		*out = all[0];
}

/* accept.c's rule for one element. */
static __device__ void
accept(const struct device_rule *r, int type, double got, double want,
    double s, int64_t i, struct part *p)
{
	double error = got - want, bound, likely;

	if (!isfinite(s))
		s = fabs(want);
	bound = r->u * fabs(want) + r->scale * s + r->spacing;
	if (!isfinite(want) || !isfinite(got)) {
		if (!(isnan(want) ? isnan(got) : got == want ||
		    (isinf(got) && signbit(got) == signbit(want) &&
		    fabs(want) + bound >= r->infinite)) && !p->mismatch) {
			p->mismatch = 1;
			p->worst = i;
		}
		return;
	}
	likely = s * s / r->terms;
	p->error2 += error * error;
	p->ref2 += want * want;
	p->size2 += want * want > likely ? want * want : likely;
	p->error += got - rounded(type, want);
	p->bound += bound;
	p->n++;
	if (fabs(error) > p->ratio * bound && !p->mismatch) {
		p->ratio = fabs(error) / bound;
		p->worst = i;
	}
}

/* Blocks of 256 threads; a part a block. */
extern "C" __global__ void __launch_bounds__(256)
ke_compare(const void *y, int type, const double *ref, const double *scale,
    const int64_t *length, int64_t last, int64_t n, struct device_rule rule,
    struct part *out)
{
	struct part mine = {};

	mine.worst = n;
	GRID(i, n)
		if (length == 0 || i % last < length[i / last])
			accept(&rule, type, read(y, type, i), ref[i], scale[i], i,
			    &mine);
	join_block(&mine, &out[blockIdx.x]);
}

extern "C" __global__ void __launch_bounds__(256)
ke_compare_whole(const void *y, int type, const int64_t *ref,
    const int64_t *length, int64_t last, int64_t n, struct part *out)
{
	struct part mine = {};

	mine.worst = n;
	GRID(i, n)
		if ((length == 0 || i % last < length[i / last]) &&
		    read_whole(y, type, i) != ref[i] && !mine.mismatch) {
			mine.mismatch = 1;
			mine.worst = i;
		}
	join_block(&mine, &out[blockIdx.x]);
}

/* Around a timed segment. */

/* Holds the stream until the host says go, or for so long. */
extern "C" __global__ void
ke_hold(volatile int *go, int64_t ns)
{
	uint64_t from = ke_now();

	while (*go == 0 && (int64_t)(ke_now() - from) < ns)
		KE_NAP();
}

extern "C" __global__ void
ke_nothing(void)
{
}

/* A block an SM, with all the shared memory there is: junk over what the last
 * launch left. */
extern "C" __global__ void __launch_bounds__(1024)
ke_scrub(int words, uint64_t key)
{
	extern __shared__ uint32_t shared[];

	for (int i = threadIdx.x; i < words; i += blockDim.x)
		shared[i] = (uint32_t)random_word(key, i) | 0x7fc07fc0u;
	__syncthreads();
	if (key == 0 && shared[threadIdx.x] == 1)
		KE_TRAP();
}

/* The same for local memory, by size: a kernel's own array begins where the
 * last one's of the same thread did. */
#define LOCAL(bytes) \
extern "C" __global__ void __launch_bounds__(1024) \
ke_local_##bytes(int words, uint64_t key) \
{ \
	volatile uint32_t mine[bytes / 4]; \
	unsigned step = key | 1; \
\
	for (unsigned i = 0; i < bytes / 4; i++) \
		mine[i * step % (bytes / 4)] = 0x7fc07fc0u | i; \
	if (words == 0 && mine[key % (bytes / 4)] == 1) \
		KE_TRAP(); \
}
LOCAL(256)
LOCAL(1024)
LOCAL(4096)
LOCAL(16384)

extern "C" __global__ void
ke_flush_write(uint4 *p, int64_t n, unsigned key)
{
	GRID(i, n)
		p[i] = make_uint4(key, i, key, i);
}

extern "C" __global__ void
ke_flush_read(const uint4 *p, int64_t n, unsigned *never)
{
	unsigned sum = 0;

	GRID(i, n)
		sum ^= p[i].x + p[i].y;
	if (sum == 0x6b65u)
		*never = sum;
}

/* Cycles and nanoseconds of the same stretch of some 10 us. */
extern "C" __global__ void
ke_clock(struct clock_read *out)
{
	uint64_t from = ke_now(), to;
	int64_t cycles = clock64();

	do
		to = ke_now();
	while (to - from < 10000);
	out->cycles = clock64() - cycles;
	out->ns = (int64_t)(to - from);
}

/* y[i] = 3 x[i] + i: does it compute? */
extern "C" __global__ void
ke_answer(uint32_t *p, int64_t n)
{
	GRID(i, n)
		p[i] = 3 * p[i] + (uint32_t)i;
}
