/* What NVRTC declares before a source. */
#define warpSize 32
template <class T> static inline T fake_nobody(T mine) { return mine; }
#include "fake_kernel.h"

typedef __SIZE_TYPE__ size_t;

static inline void __syncwarp(unsigned = ~0u) { fake_device->warp(); }
static inline void __trap() { fake_device->trap(); }
static inline void __nanosleep(unsigned) {}

template <class T> static inline T
__shfl_sync(unsigned, T v, int lane, int width = 32)
{
	return fake_shfl(v, lane, width);
}

template <class T> static inline T
__shfl_down_sync(unsigned, T v, unsigned d, int width = 32)
{
	return fake_shfl_down(v, d, width);
}

template <class T> static inline T
__shfl_up_sync(unsigned, T v, unsigned d, int width = 32)
{
	return fake_shfl_up(v, d, width);
}

template <class T> static inline T
__shfl_xor_sync(unsigned, T v, int mask, int width = 32)
{
	return fake_shfl_xor(v, mask, width);
}

struct uint4 {
	unsigned x, y, z, w;
};
struct float2 {
	float x, y;
};
struct alignas(16) float4 {
	float x, y, z, w;
};

static inline uint4
make_uint4(unsigned x, unsigned y, unsigned z, unsigned w)
{
	return {x, y, z, w};
}

static inline float4
make_float4(float x, float y, float z, float w)
{
	return {x, y, z, w};
}
