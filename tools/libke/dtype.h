/* Element types. */
#ifndef KE_DTYPE_H
#define KE_DTYPE_H

#include <stddef.h>

/* name, text, bytes, C type ("" where C has none), unit roundoff (0 for
 * integers; f16: IEEE 754 binary16, bf16: 8 bits of significand) */
#define KE_DTYPES(X) \
	X(F32, "f32", 4, "float", 5.9604644775390625e-08) \
	X(F64, "f64", 8, "double", 1.1102230246251565e-16) \
	X(F16, "f16", 2, "", 4.8828125e-04) \
	X(BF16, "bf16", 2, "", 3.90625e-03) \
	X(I32, "i32", 4, "int32_t", 0) \
	X(I64, "i64", 8, "int64_t", 0) \
	X(U8, "u8", 1, "uint8_t", 0)

#define KE_DTYPE_ENUM(name, text, bytes, c, u) KE_##name,
enum ke_dtype { KE_DTYPES(KE_DTYPE_ENUM) KE_DTYPE_COUNT };
#undef KE_DTYPE_ENUM

struct ke_dtype_info {
	const char *name;
	size_t bytes;
	const char *c;
	double roundoff;
};

extern const struct ke_dtype_info ke_dtypes[KE_DTYPE_COUNT];

/* The type of that name, or KE_DTYPE_COUNT. */
enum ke_dtype ke_dtype_find(const char *);

#endif
