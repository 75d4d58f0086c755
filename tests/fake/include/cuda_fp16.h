/* binary16, as far as the harness and plain kernels read and round it. */
#pragma once
#include "fake_half.h"

struct __half {
	unsigned short bits;

	__half() = default;
	__half(double v) : bits(fake_half_bits(v)) {}
	__half(float v) : __half((double)v) {}
	__half(int v) : __half((double)v) {}
	operator float() const { return fake_half_float(bits); }
};
typedef __half half;

static inline float __half2float(__half h) { return h; }
static inline __half __double2half(double v) { return __half(v); }
static inline __half __float2half(float v) { return __half(v); }
static inline __half __float2half_rn(float v) { return __half(v); }
