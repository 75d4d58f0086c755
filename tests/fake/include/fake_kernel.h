/* What NVRTC and hiprtc both declare before a source, as far as small kernels
 * need it; in C++ of the host.  Before it warpSize is defined, and what a lane
 * gets that asks one that isn't there.  No system header: the harness has
 * integer types of its own. */
#pragma once
#include "device.h"

typedef struct fake_three uint3;
typedef struct fake_three dim3;

extern "C" struct fake_device *fake_device
    __attribute__((section(".fake_shared")));
__attribute__((section(".fake_shared"))) struct fake_device *fake_device;

#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __constant__ static const
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

#define threadIdx (fake_device->thread)
#define blockIdx (fake_device->block)
#define blockDim (fake_device->threads)
#define gridDim (fake_device->blocks)

static inline void __syncthreads() { fake_device->sync(); }
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __threadfence_system() {}
static inline long long clock64() { return fake_device->clock(); }

static inline unsigned
fake_lane()
{
	return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y *
	    threadIdx.z)) % warpSize;
}

/* What the lane gives, of those that give something. */
template <class T> static inline T
fake_from(T v, unsigned lane)
{
	unsigned long long lanes;
	const char *all = fake_device->exchange(&v, sizeof(T), &lanes);
	T got = fake_nobody(v);

	if (lanes >> lane & 1)
		__builtin_memcpy(&got, all + lane * FAKE_VALUE, sizeof(T));
	return got;
}

template <class T> static inline T
fake_shfl(T v, int lane, int width)
{
	unsigned self = fake_lane();

	return fake_from(v, self / width * width + (unsigned)lane % width);
}

template <class T> static inline T
fake_shfl_down(T v, unsigned d, int width)
{
	unsigned self = fake_lane(), to = self + d;

	return fake_from(v, to / width == self / width ? to : self);
}

template <class T> static inline T
fake_shfl_up(T v, unsigned d, int width)
{
	unsigned self = fake_lane();

	return fake_from(v, self % width >= d ? self - d : self);
}

template <class T> static inline T
fake_shfl_xor(T v, int mask, int width)
{
	unsigned self = fake_lane(), to = self ^ mask;

	return fake_from(v, to / width == self / width ? to : self);
}

/* Of the lanes that are there, those for which it is so. */
static inline unsigned long long
fake_ballot(int is)
{
	unsigned long long lanes, bits = 0;
	const char *all = fake_device->exchange(&is, sizeof(is), &lanes);

	for (unsigned i = 0; i < warpSize; i++)
		if (lanes >> i & 1) {
			int v;

			__builtin_memcpy(&v, all + i * FAKE_VALUE, sizeof(v));
			bits |= (unsigned long long)(v != 0) << i;
		}
	return bits;
}

/* Blocks run one after the other, and threads until they wait. */
#define FAKE_ATOMIC(name, new) template <class T> static inline T \
	atomic##name(T *p, typename fake_same<T>::type v) \
	{ T old = *p; *p = new; return old; }
template <class T> struct fake_same { typedef T type; };
FAKE_ATOMIC(Add, old + v)
FAKE_ATOMIC(Sub, old - v)
FAKE_ATOMIC(Max, old > v ? old : v)
FAKE_ATOMIC(Min, old < v ? old : v)
FAKE_ATOMIC(And, old & v)
FAKE_ATOMIC(Or, old | v)
FAKE_ATOMIC(Xor, old ^ v)
FAKE_ATOMIC(Exch, v)
FAKE_ATOMIC(Inc, old >= v ? 0 : old + 1)
FAKE_ATOMIC(Dec, old == 0 || old > v ? v : old - 1)

template <class T> static inline T
atomicCAS(T *p, typename fake_same<T>::type compare,
    typename fake_same<T>::type v)
{
	T old = *p;

	if (old == compare)
		*p = v;
	return old;
}

static inline float
__int_as_float(int v)
{
	return __builtin_bit_cast(float, v);
}

static inline int
__float_as_int(float v)
{
	return __builtin_bit_cast(int, v);
}

static inline float
__uint_as_float(unsigned v)
{
	return __builtin_bit_cast(float, v);
}

static inline unsigned
__float_as_uint(float v)
{
	return __builtin_bit_cast(unsigned, v);
}

template <class T> static inline T
__ldg(const T *p)
{
	return *p;
}

#define FAKE_MATH(X) X(sqrt) X(exp) X(exp2) X(expm1) X(log) X(log2) X(log1p) \
	X(sin) X(cos) X(tanh) X(erf) X(fabs) X(floor) X(ceil) X(rint) \
	X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(erfc) X(cbrt) \
	X(log10) X(trunc) X(round) X(nearbyint) X(lgamma) X(tgamma)
#define FAKE_MATH2(X) X(pow) X(fmax) X(fmin) X(fmod) X(atan2) X(hypot) \
	X(copysign)
#define X(name) extern "C" double name(double); \
	extern "C" float name##f(float); \
	static inline float name(float v) { return name##f(v); }
FAKE_MATH(X)
#undef X
#define X(name) extern "C" double name(double, double); \
	extern "C" float name##f(float, float); \
	static inline float name(float a, float b) { return name##f(a, b); }
FAKE_MATH2(X)
#undef X
extern "C" double fma(double, double, double);
extern "C" float fmaf(float, float, float);
static inline float fma(float a, float b, float c) { return fmaf(a, b, c); }
extern "C" float ldexpf(float, int);
extern "C" double ldexp(double, int);
extern "C" int abs(int);
extern "C" long long llabs(long long);
static inline float rsqrtf(float v) { return 1 / sqrtf(v); }
static inline float rsqrt(float v) { return 1 / sqrtf(v); }
static inline double rsqrt(double v) { return 1 / sqrt(v); }
static inline float exp10f(float v) { return powf(10, v); }
static inline float __expf(float v) { return expf(v); }
static inline float __exp10f(float v) { return exp10f(v); }
static inline float __logf(float v) { return logf(v); }
static inline float __log2f(float v) { return log2f(v); }
static inline float __sinf(float v) { return sinf(v); }
static inline float __cosf(float v) { return cosf(v); }
static inline float __powf(float a, float b) { return powf(a, b); }
static inline float fdividef(float a, float b) { return a / b; }
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __frcp_rn(float v) { return 1 / v; }
static inline float __fsqrt_rn(float v) { return sqrtf(v); }
static inline float __fmaf_rn(float a, float b, float c)
{ return fmaf(a, b, c); }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __saturatef(float v) { return v < 0 ? 0 : v > 1 ? 1 : v; }
static inline int __popc(unsigned v) { return __builtin_popcount(v); }
static inline int __popcll(unsigned long long v)
{ return __builtin_popcountll(v); }
static inline int __ffs(int v) { return __builtin_ffs(v); }
static inline int __ffsll(long long v) { return __builtin_ffsll(v); }
static inline int __clz(int v) { return v == 0 ? 32 : __builtin_clz(v); }
static inline int __clzll(long long v)
{ return v == 0 ? 64 : __builtin_clzll(v); }

template <class T> static inline bool isfinite(T v)
{ return __builtin_isfinite(v); }
template <class T> static inline bool isnan(T v) { return __builtin_isnan(v); }
template <class T> static inline bool isinf(T v) { return __builtin_isinf(v); }
template <class T> static inline bool signbit(T v)
{ return __builtin_signbit(v); }
template <class A, class B> static inline decltype(A() + B())
min(A a, B b)
{
	return a < b || b != b ? a : b;
}
template <class A, class B> static inline decltype(A() + B())
max(A a, B b)
{
	return b < a || b != b ? a : b;
}

/* How the driver calls a kernel, given where its arguments are. */
template <class, unsigned... I> struct fake_indices {};
#ifdef __clang__
template <unsigned N> using fake_first =
    __make_integer_seq<fake_indices, unsigned, N>;
#else
template <unsigned N> using fake_first =
    fake_indices<unsigned, __integer_pack(N)...>;
#endif
template <class T> struct fake_plain { typedef T type; };
template <class T> struct fake_plain<const T> { typedef T type; };

template <class... A, unsigned... I> static inline void
fake_apply(void (*f)(A...), void **args, fake_indices<unsigned, I...>)
{
	f(*(typename fake_plain<A>::type *)args[I]...);
}

template <class... A> static inline void
fake_call(void (*f)(A...), void **args)
{
	fake_apply(f, args, fake_first<sizeof...(A)>());
}

template <class... A> static inline unsigned
fake_args(void (*)(A...), unsigned *to)
{
	const unsigned all[] = {sizeof(A)..., 0};

	for (unsigned i = 0; i < sizeof...(A); i++)
		to[i] = all[i];
	return sizeof...(A);
}
