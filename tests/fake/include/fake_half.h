/* binary16 in the bits of an unsigned short. */
#pragma once

static inline float
fake_half_float(unsigned short h)
{
	unsigned sign = (unsigned)(h & 0x8000) << 16;
	int exponent = h >> 10 & 31, mantissa = h & 1023;
	float v;

	if (exponent == 31)
		return __int_as_float((int)(sign | 0x7f800000u |
		    (unsigned)mantissa << 13));
	v = exponent == 0 ? mantissa * 0x1p-24f
	    : __int_as_float((exponent + 112) << 23 | mantissa << 13);
	return sign != 0 ? -v : v;
}

/* To nearest, ties to even. */
static inline unsigned short
fake_half_bits(double v)
{
	unsigned short sign = __builtin_signbit(v) ? 0x8000 : 0;
	double a = __builtin_fabs(v), whole;
	unsigned long long bits = __builtin_bit_cast(unsigned long long, a);
	int exponent = (int)(bits >> 52) - 1023 + 14;

	if (!(a < 65520))
		return (unsigned short)(sign | (a != a ? 0x7fff : 0x7c00));
	exponent = exponent < 0 ? 0 : exponent;
	/* in units of the last place, added to what has no room for less */
	whole = a * __builtin_bit_cast(double,
	    (unsigned long long)(1023 + 24 - exponent) << 52) + 0x1.8p52 -
	    0x1.8p52;
	return (unsigned short)(sign | ((exponent << 10) + (int)whole));
}
