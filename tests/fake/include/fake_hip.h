/* What hiprtc declares before a source, without an #include, as far as small
 * kernels need it: the wavefront of 64 lanes, halves, vectors, and the matrix
 * instructions of CDNA.  In C++ of the host, by clang, which has the language's
 * extended vectors. */
#define warpSize 64
/* who reads a register of a lane that isn't there gets 0 */
template <class T> static inline T fake_nobody(T) { return T(); }
#include "fake_kernel.h"
#include "fake_half.h"

typedef __SIZE_TYPE__ size_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;

/* Until version 15, clang has halves on x86 by this name alone, as numbers
 * with -fnative-half-type, and converts them by these functions. */
#if defined(__x86_64__) && __clang_major__ < 15
#define _Float16 __fp16
#define FAKE_CALLED extern "C" __attribute__((used, visibility("hidden")))
FAKE_CALLED float
__gnu_h2f_ieee(unsigned short h)
{
	return fake_half_float(h);
}

FAKE_CALLED unsigned short
__gnu_f2h_ieee(float v)
{
	return fake_half_bits(v);
}

FAKE_CALLED unsigned short
__truncdfhf2(double v)
{
	return fake_half_bits(v);
}
#endif

#define HIP_DYNAMIC_SHARED(type, name) extern __shared__ type name[];
template <class T, unsigned N> using fake_vector =
    T __attribute__((ext_vector_type(N)));

static inline unsigned __lane_id() { return fake_lane(); }
static inline void __builtin_amdgcn_wave_barrier() { fake_device->warp(); }
static inline void __builtin_amdgcn_s_barrier() { fake_device->sync(); }
static inline void __builtin_amdgcn_s_waitcnt(int) {}
static inline void __builtin_amdgcn_s_sleep(int) {}
static inline void __builtin_amdgcn_s_setprio(int) {}
static inline void __builtin_amdgcn_sched_barrier(int) {}
static inline void __builtin_amdgcn_sched_group_barrier(int, int, int) {}
static inline void __builtin_amdgcn_fence(int, const char *) {}
#define __builtin_trap() fake_device->trap()

/* of a clock of 100 MHz; cycles */
static inline long long wall_clock64() { return fake_device->time() / 10; }
static inline unsigned long long
__builtin_amdgcn_s_memrealtime()
{
	return fake_device->time() / 10;
}
static inline unsigned long long
__builtin_amdgcn_s_memtime()
{
	return fake_device->clock();
}

template <class T> static inline T
__shfl(T v, int lane, int width = 64)
{
	return fake_shfl(v, lane, width);
}

template <class T> static inline T
__shfl_down(T v, unsigned d, int width = 64)
{
	return fake_shfl_down(v, d, width);
}

template <class T> static inline T
__shfl_up(T v, unsigned d, int width = 64)
{
	return fake_shfl_up(v, d, width);
}

template <class T> static inline T
__shfl_xor(T v, int mask, int width = 64)
{
	return fake_shfl_xor(v, mask, width);
}

static inline unsigned long long __ballot(int is) { return fake_ballot(is); }
static inline unsigned long long __ballot64(int is) { return fake_ballot(is); }
static inline int __any(int is) { return fake_ballot(is) != 0; }
static inline int __all(int is) { return fake_ballot(!is) == 0; }

static inline int
__builtin_amdgcn_readlane(int v, int lane)
{
	return fake_from(v, lane % 64);
}

static inline int
__builtin_amdgcn_readfirstlane(int v)
{
	unsigned long long lanes;
	const char *all = fake_device->exchange(&v, sizeof(v), &lanes);

	__builtin_memcpy(&v, all + __builtin_ctzll(lanes) * FAKE_VALUE,
	    sizeof(v));
	return v;
}

static inline int
__builtin_amdgcn_ds_bpermute(int at, int v)
{
	return fake_from(v, at / 4 % 64);
}

static inline unsigned
__builtin_amdgcn_mbcnt_lo(unsigned mask, unsigned add)
{
	unsigned self = fake_lane();

	return add + __builtin_popcount(self < 32 ? mask & ((1u << self) - 1)
	    : mask);
}

static inline unsigned
__builtin_amdgcn_mbcnt_hi(unsigned mask, unsigned add)
{
	unsigned self = fake_lane();

	return add + (self < 32 ? 0 : __builtin_popcount(mask &
	    ((1u << (self - 32)) - 1)));
}

static inline float __builtin_amdgcn_exp2f(float v) { return exp2f(v); }
static inline float __builtin_amdgcn_logf(float v) { return log2f(v); }
static inline float __builtin_amdgcn_rcpf(float v) { return 1 / v; }
static inline float __builtin_amdgcn_rsqf(float v) { return rsqrtf(v); }
static inline float __builtin_amdgcn_sqrtf(float v) { return sqrtf(v); }
static inline float __builtin_amdgcn_fmed3f(float a, float b, float c)
{ return fmaxf(fminf(a, b), fminf(fmaxf(a, b), c)); }

#include "fake_hip_half.h"
#include "fake_hip_vector.h"
#include "fake_hip_mfma.h"
