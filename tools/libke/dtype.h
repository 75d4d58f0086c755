/* Element types. */
#ifndef KE_DTYPE_H
#define KE_DTYPE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* name, text, bytes, C type ("" where C has none), CUDA's, unit roundoff (0 for
 * integers; f16: IEEE 754 binary16, bf16: 8 bits of significand), the least
 * magnitude that rounds to infinity, and the spacing of denormals (0 for
 * integers) */
#define KE_DTYPES(X) \
	X(F32, "f32", 4, "float", "float", 5.9604644775390625e-08, \
	    0x1.ffffffp127, 0x1p-149) \
	X(F64, "f64", 8, "double", "double", 1.1102230246251565e-16, \
	    (double)INFINITY, 0x1p-1074) \
	X(F16, "f16", 2, "", "__half", 4.8828125e-04, 65520, \
	    0x1p-24) \
	X(BF16, "bf16", 2, "", "__nv_bfloat16", 3.90625e-03, \
	    0x1.ffp127, 0x1p-133) \
	X(I32, "i32", 4, "int32_t", "int32_t", 0, 0, 0) \
	X(I64, "i64", 8, "int64_t", "int64_t", 0, 0, 0) \
	X(U8, "u8", 1, "uint8_t", "uint8_t", 0, 0, 0)

#define KE_DTYPE_ENUM(name, text, bytes, c, cuda, u, inf, spacing) KE_##name,
enum ke_dtype { KE_DTYPES(KE_DTYPE_ENUM) KE_DTYPE_COUNT };
#undef KE_DTYPE_ENUM

struct ke_dtype_info {
	const char *name;
	size_t bytes;
	const char *c, *cuda;
	double roundoff, infinite, spacing;
};

extern const struct ke_dtype_info ke_dtypes[KE_DTYPE_COUNT];

/* The type of that name, or KE_DTYPE_COUNT. */
enum ke_dtype ke_dtype_find(const char *);

/* The two 16-bit types as bits; to nearest, ties to even. */
uint16_t ke_f16_of(double);
uint16_t ke_bf16_of(double);
double ke_f16(uint16_t);
double ke_bf16(uint16_t);

#endif
