/* Numbers from options, hashes, element types, memory that grows. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dtype.h"
#include "hash.h"
#include "mem.h"
#include "num.h"

static void
whole_numbers(void **state)
{
	static const struct {
		const char *s;
		int64_t min, max, value;
		const char *why; /* NULL: taken */
	} rows[] = {
		{"0", 0, 9, 0, NULL}, {"9", 0, 9, 9, NULL},
		{"-3", -3, 9, -3, NULL}, {"007", 0, 9, 7, NULL},
		{"9223372036854775807", 0, INT64_MAX, INT64_MAX, NULL},
		{"-9223372036854775808", INT64_MIN, 0, INT64_MIN, NULL},
		{"10", 0, 9, 0, "10: not within 0 to 9"},
		{"-1", 0, 9, 0, "-1: not within 0 to 9"},
		{"9223372036854775808", 0, INT64_MAX, 0, "not within 0 to"},
		{"-9223372036854775809", INT64_MIN, 0, 0, "not within -9"},
		{"", 0, 9, 0, ": not a whole number"},
		{"x", 0, 9, 0, "x: not a whole number"},
		{"1x", 0, 9, 0, "1x: not a whole number"},
		{"1.0", 0, 9, 0, "1.0: not a whole number"},
		{"1e0", 0, 9, 0, "1e0: not a whole number"},
		{"0x1", 0, 9, 0, "0x1: not a whole number"},
		{" 1", 0, 9, 0, " 1: not a whole number"},
		{"1 ", 0, 9, 0, "1 : not a whole number"},
		{"-", 0, 9, 0, "-: not a whole number"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e = {""};
		int64_t v = 0;
		int got = ke_num_int(rows[i].s, rows[i].min, rows[i].max, &v,
		    &e);

		if (rows[i].why == NULL ? got != 0 || v != rows[i].value
		    : got != -1 || strstr(e.msg, rows[i].why) == NULL)
			fail_msg("'%s': %d %lld %s", rows[i].s, got,
			    (long long)v, e.msg);
	}
}

static void
real_numbers(void **state)
{
	static const struct {
		const char *s;
		double min, max, value;
		const char *why;
	} rows[] = {
		{"0.5", 0, 1, 0.5, NULL}, {"1", 0, 1, 1, NULL},
		{"1e-3", 0, 1, 1e-3, NULL}, {"-.5", -1, 1, -0.5, NULL},
		{"1.5", 0, 1, 0, "1.5: not within 0 to 1"},
		{"-0.5", 0, 1, 0, "-0.5: not within 0 to 1"},
		{"nan", 0, 1, 0, "nan: not within 0 to 1"},
		{"inf", 0, DBL_MAX, 0, "inf: not within"},
		{"1e999", 0, DBL_MAX, 0, "1e999: not within"},
		{"", 0, 1, 0, ": not a number"},
		{"1,5", 0, 9, 0, "1,5: not a number"},
		{" 1", 0, 1, 0, " 1: not a number"},
		{"1s", 0, 1, 0, "1s: not a number"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e = {""};
		double v = 0;
		int got = ke_num_real(rows[i].s, rows[i].min, rows[i].max, &v,
		    &e);

		if (rows[i].why == NULL
		    ? got != 0 || fabs(v - rows[i].value) > 0
		    : got != -1 || strstr(e.msg, rows[i].why) == NULL)
			fail_msg("'%s': %d %g %s", rows[i].s, got, v, e.msg);
	}
}

/* A message is a line of UTF-8 that fits, whatever it quotes. */
static void
messages(void **state)
{
	struct ke_err e;
	char quoted[3000];

	(void)state;
	assert_int_equal(ke_fail(&e, "%s: %d", "a", 1), -1);
	assert_string_equal(e.msg, "a: 1");
	ke_fail(&e, "%2000d", 1);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	assert_int_equal(ke_fail(&e, "a\nb\tc\033[2J\xc2\x9b\x7f\xff\xc3\xa4"),
	    -1);
	assert_string_equal(e.msg, "a b c?[2J????\xc3\xa4");
	for (size_t i = 0; i + 2 < sizeof(quoted); i += 2)
		memcpy(quoted + i, "\xc3\xa4", 3);
	ke_fail(&e, "first: %s: last.", quoted);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	assert_memory_equal(e.msg, "first: \xc3\xa4", 9);
	assert_string_equal(e.msg + 1023 - 9, "\xc3\xa4: last.");
	/* 640 bytes leave half a character, and the tail begins with one */
	assert_memory_equal(e.msg + 637, "\xc3\xa4? ... ?\xc3\xa4", 11);
}

/* FIPS 180-4's examples. */
static void
sha256(void **state)
{
	char hex[KE_SHA256_HEX];

	(void)state;
	ke_sha256_hex("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	ke_sha256_hex("", 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
}

static void
dtypes(void **state)
{
	static const struct {
		const char *name;
		size_t bytes;
		int bits; /* of the significand with the hidden one; 0: none */
	} rows[] = {
		{"f32", sizeof(float), FLT_MANT_DIG},
		{"f64", sizeof(double), DBL_MANT_DIG}, {"f16", 2, 11},
		{"bf16", 2, 8}, {"i32", 4, 0}, {"i64", 8, 0}, {"u8", 1, 0},
	};

	(void)state;
	assert_int_equal(KE_LEN(rows), KE_DTYPE_COUNT);
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		enum ke_dtype t = ke_dtype_find(rows[i].name);
		double u = rows[i].bits == 0 ? 0 : ldexp(1, -rows[i].bits);

		assert_int_not_equal(t, KE_DTYPE_COUNT);
		assert_string_equal(ke_dtypes[t].name, rows[i].name);
		assert_int_equal(ke_dtypes[t].bytes, rows[i].bytes);
		assert_true(fabs(ke_dtypes[t].roundoff - u) <= 0);
	}
	assert_int_equal(ke_dtype_find("F32"), KE_DTYPE_COUNT);
	assert_int_equal(ke_dtype_find("T"), KE_DTYPE_COUNT);
	assert_int_equal(ke_dtype_find(""), KE_DTYPE_COUNT);
}

/* The bits of a 16-bit type as IEEE 754 says them, by way of float: f16 has 5
 * bits of exponent, bf16 is the upper half of a float. */
static float
half_as_float(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, e = h >> 10 & 31,
	    m = h & 1023, bits;
	float f;

	if (e == 0) {
		f = (float)m / 16777216;
		return sign != 0 ? -f : f;
	}
	bits = sign | (e == 31 ? 255 : e + 112) << 23 | m << 13;
	memcpy(&f, &bits, sizeof(f));
	return f;
}

static float
bfloat_as_float(uint16_t h)
{
	uint32_t bits = (uint32_t)h << 16;
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static bool
is_same(double a, double b)
{
	return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof(a)) == 0;
}

/* Every pattern is read as what it says, and written as itself. */
static void
halves(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 65536; i++) {
		uint16_t h = (uint16_t)i;
		double f16 = ke_f16(h), bf16 = ke_bf16(h);

		if (!is_same(f16, (double)half_as_float(h)) ||
		    !is_same(bf16, (double)bfloat_as_float(h)))
			fail_msg("%#x is read as %g, %g", i, f16, bf16);
		if (isnan(f16) ? !isnan(ke_f16(ke_f16_of(f16)))
		    : ke_f16_of(f16) != h)
			fail_msg("f16 %#x: %#x", i, ke_f16_of(f16));
		if (isnan(bf16) ? !isnan(ke_bf16(ke_bf16_of(bf16)))
		    : ke_bf16_of(bf16) != h)
			fail_msg("bf16 %#x: %#x", i, ke_bf16_of(bf16));
	}
}

/* Between each two neighbours: the middle goes to the even one, what lies a
 * double beside it to the nearer one. */
static void
halves_round(double (*read)(uint16_t), uint16_t (*write)(double), unsigned top)
{
	for (unsigned i = 0; i < top; i++) {
		uint16_t lo = (uint16_t)i, hi = (uint16_t)(i + 1);
		double a = read(lo), b = read(hi), middle;

		if (i + 1 == top) /* infinity, as if it were the next */
			b = a + (a - read((uint16_t)(i - 1)));
		middle = a / 2 + b / 2;
		assert_int_equal(write(middle), i % 2 == 0 ? lo : hi);
		assert_int_equal(write(nextafter(middle, 0)), lo);
		assert_int_equal(write(nextafter(middle, INFINITY)), hi);
		assert_int_equal(write(-middle), (i % 2 == 0 ? lo : hi) |
		    0x8000);
		assert_int_equal(write(-nextafter(middle, 0)), lo | 0x8000);
	}
}

static void
halves_write(void **state)
{
	static const struct {
		double v;
		uint16_t f16, bf16;
	} rows[] = {
		{0, 0, 0}, {-0.0, 0x8000, 0x8000}, {1, 0x3c00, 0x3f80},
		{-2, 0xc000, 0xc000}, {65504, 0x7bff, 0x4780},
		{65519.999, 0x7bff, 0x4780}, {65520, 0x7c00, 0x4780},
		{-65520, 0xfc00, 0xc780}, {0x1p-24, 1, 0x3380},
		{0x1p-25, 0, 0x3300}, {0x1.000001p-25, 1, 0x3300},
		{0x1p-14, 0x400, 0x3880}, {0x1.ffp-15, 0x3fe, 0x3880},
		{0x1.fep127, 0x7c00, 0x7f7f}, {0x1.fefp127, 0x7c00, 0x7f7f},
		{0x1.ffp127, 0x7c00, 0x7f80}, {-1e300, 0xfc00, 0xff80},
		{0x1p-133, 0, 1}, {0x1p-134, 0, 0}, {0x1.8p-134, 0, 1},
		{0x1p-1074, 0, 0}, {-0x1p-1074, 0x8000, 0x8000},
		{INFINITY, 0x7c00, 0x7f80}, {-INFINITY, 0xfc00, 0xff80},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++)
		if (ke_f16_of(rows[i].v) != rows[i].f16 ||
		    ke_bf16_of(rows[i].v) != rows[i].bf16)
			fail_msg("%a: %#x %#x", rows[i].v,
			    ke_f16_of(rows[i].v), ke_bf16_of(rows[i].v));
	halves_round(ke_f16, ke_f16_of, 0x7c00);
	halves_round(ke_bf16, ke_bf16_of, 0x7f80);
}

/* The least magnitude that rounds to infinity, and the spacing of denormals,
 * which is the least number that isn't 0. */
static void
dtype_ends(void **state)
{
	static const struct {
		enum ke_dtype type;
		double (*read)(uint16_t);
		uint16_t (*write)(double);
		uint16_t infinity;
	} rows[] = {{KE_F16, ke_f16, ke_f16_of, 0x7c00},
	    {KE_BF16, ke_bf16, ke_bf16_of, 0x7f80}};
	volatile float f;

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		double end = ke_dtypes[rows[i].type].infinite;

		assert_int_equal(rows[i].write(end), rows[i].infinity);
		assert_int_equal(rows[i].write(nextafter(end, 0)),
		    rows[i].infinity - 1);
		assert_true(is_same(rows[i].read(1),
		    ke_dtypes[rows[i].type].spacing));
	}
	f = (float)ke_dtypes[KE_F32].infinite;
	assert_true(isinf(f));
	f = (float)nextafter(ke_dtypes[KE_F32].infinite, 0);
	assert_true(is_same((double)f, FLT_MAX));
	assert_true(is_same(ke_dtypes[KE_F32].spacing,
	    (double)nextafterf(0, 1)));
	assert_true(isinf(ke_dtypes[KE_F64].infinite));
	assert_true(is_same(ke_dtypes[KE_F64].spacing, nextafter(0, 1)));
	for (size_t t = KE_I32; t < KE_DTYPE_COUNT; t++)
		assert_true(is_same(ke_dtypes[t].infinite, 0) &&
		    is_same(ke_dtypes[t].spacing, 0));
}

static void
buffers(void **state)
{
	struct ke_buf b = {0};

	(void)state;
	ke_buf_add(&b, NULL, 0);
	assert_string_equal(b.s, "");
	for (int i = 0; i < 1000; i++)
		ke_buf_fmt(&b, "%d,", i);
	assert_int_equal(b.n, 10 * 2 + 90 * 3 + 900 * 4);
	assert_int_equal(strlen(b.s), b.n);
	assert_string_equal(b.s + b.n - 8, "998,999,");
	ke_buf_str(&b, "end");
	ke_buf_add(&b, "\0x", 2);
	assert_memory_equal(b.s + b.n - 5, "end\0x", 6);
	/* a text of exactly what is left, and of one more */
	for (size_t over = 0; over < 2; over++) {
		size_t left;

		ke_buf_free(&b);
		ke_buf_room(&b, 1);
		left = b.cap - 1 + over;
		ke_buf_fmt(&b, "%*s", (int)left, "x");
		assert_int_equal(b.n, left);
		assert_int_equal(b.s[left - 1], 'x');
		assert_int_equal(b.s[left], '\0');
	}
	ke_buf_free(&b);
	assert_null(b.s);
}

/* The exit status of a process that asks for too much. */
static int
asks(size_t n, size_t size, void *(*f)(size_t, size_t))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(98);
		_exit(f(n, size) == NULL ? 97 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void *
grow(size_t n, size_t size)
{
	return ke_grow(NULL, n, size);
}

static void *
room(size_t n, size_t size)
{
	struct ke_buf b = {0};

	(void)size;
	return ke_buf_room(&b, n);
}

static void
out_of_memory(void **state)
{
	(void)state;
	/* products that come out small where they wrap */
	assert_int_equal(asks(SIZE_MAX / 4 + 2, 4, grow), 111);
	assert_int_not_equal(asks(SIZE_MAX / 4 + 2, 4, ke_calloc), 0);
	assert_int_equal(asks(SIZE_MAX, 1, room), 111);
	assert_int_equal(asks(SIZE_MAX - 300, 1, room), 111);
	assert_int_equal(asks(0, 4, grow), 0);
	assert_int_equal(asks(0, 0, ke_calloc), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(real_numbers),
		cmocka_unit_test(sha256),
		cmocka_unit_test(dtypes),
		cmocka_unit_test(halves),
		cmocka_unit_test(halves_write),
		cmocka_unit_test(dtype_ends),
		cmocka_unit_test(buffers),
		cmocka_unit_test(messages),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
