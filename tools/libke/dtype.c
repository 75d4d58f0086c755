/* Element types. */
#include <string.h>

#include "dtype.h"

#define KE_DTYPE_ROW(name, text, bytes, c, cuda, u, inf, spacing) \
	{text, bytes, c, cuda, u, inf, spacing},
const struct ke_dtype_info ke_dtypes[] = {KE_DTYPES(KE_DTYPE_ROW)};

enum ke_dtype
ke_dtype_find(const char *name)
{
	int t = 0;

	while (t < KE_DTYPE_COUNT && strcmp(ke_dtypes[t].name, name) != 0)
		t++;
	return (enum ke_dtype)t;
}

/* To a sign, an exponent of at least least, and mantissa bits below the leading
 * one, in 16 bits. */
static uint16_t
narrow(double v, int mantissa, int least)
{
	uint64_t b, m, rest, r, tie;
	int e, shift;
	uint16_t sign, top = (uint16_t)(0x7fff >> mantissa << mantissa);

	memcpy(&b, &v, sizeof(b));
	sign = (uint16_t)(b >> 48 & 0x8000);
	e = (int)(b >> 52 & 0x7ff) - 1023;
	if (e == 1024 && b << 12 != 0)
		return (uint16_t)(sign | 0x7fff);
	if (e > 1 - least)
		return sign | top;
	m = (b & 0xfffffffffffffu) | (uint64_t)1 << 52;
	shift = 52 - mantissa + (e < least ? least - e : 0);
	if (shift > 54)
		return sign;
	r = m >> shift;
	rest = m & (((uint64_t)1 << shift) - 1);
	tie = (uint64_t)1 << (shift - 1);
	r += rest > tie || (rest == tie && (r & 1));
	if (e >= least)
		r += (uint64_t)(e - least) << mantissa;
	return (uint16_t)(sign | r);
}

static double
widen(uint16_t h, int mantissa, int least)
{
	int e = (h & 0x7fff) >> mantissa, m = h & ((1 << mantissa) - 1);
	double v;

	if (e == 0x7fff >> mantissa)
		v = m != 0 ? (double)NAN : (double)INFINITY;
	else if (e == 0)
		v = ldexp(m, least - mantissa);
	else
		v = ldexp(m + (1 << mantissa), least + e - 1 - mantissa);
	return h & 0x8000 ? -v : v;
}

uint16_t
ke_f16_of(double v)
{
	return narrow(v, 10, -14);
}

uint16_t
ke_bf16_of(double v)
{
	return narrow(v, 7, -126);
}

double
ke_f16(uint16_t h)
{
	return widen(h, 10, -14);
}

double
ke_bf16(uint16_t h)
{
	return widen(h, 7, -126);
}
