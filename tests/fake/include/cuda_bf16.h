/* bfloat16, as far as the harness and plain kernels read and round it. */
#pragma once

struct __nv_bfloat16 {
	unsigned short bits;

	__nv_bfloat16() = default;
	__nv_bfloat16(double);
	__nv_bfloat16(float v) : __nv_bfloat16((double)v) {}
	__nv_bfloat16(int v) : __nv_bfloat16((double)v) {}
	operator float() const
	{ return __int_as_float((int)((unsigned)bits << 16)); }
};

static inline float __bfloat162float(__nv_bfloat16 h) { return h; }

/* To nearest, ties to even; a double that a float would round to a tie is
 * first made odd. */
inline
__nv_bfloat16::__nv_bfloat16(double v)
{
	float f = (float)v;
	unsigned u = (unsigned)__float_as_int(f);

	if (f != v && f == f && (u & 0xffff) == 0x8000)
		u += __builtin_fabs(f) < __builtin_fabs(v) ? 1 : -1;
	bits = (unsigned short)(f != f ? u >> 16 | 64
	    : (u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static inline __nv_bfloat16 __double2bfloat16(double v)
{ return __nv_bfloat16(v); }
static inline __nv_bfloat16 __float2bfloat16(float v)
{ return __nv_bfloat16(v); }
static inline __nv_bfloat16 __float2bfloat16_rn(float v)
{ return __nv_bfloat16(v); }
