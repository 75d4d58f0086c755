/* Which shared objects may be loaded: those of tests/fuzz/corpus/load that
 * carry a name, all of x86-64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-eval/load.h"
#include "file.h"

#ifdef __x86_64__
static void
objects(void **state)
{
	static const struct {
		const char *name, *code, *detail; /* NULL where it is taken */
	} rows[] = {
		{"honest-a", NULL, NULL},
		{"honest-b", NULL, NULL},
		{"refused-ctor", "constructor", "code that runs when"},
		{"refused-ifunc", "ifunc", "a function that code resolves"},
		{"refused-need", "library", "a library beside libc"},
		{"refused-rpath", "dynamic", "an entry 0x1d"},
		{"refused-gnuhash", "dynamic", "an entry 0x6ffffef5"},
		{"refused-stack", "segment", "the stack would be executable"},
		/* what the loader finds although the tables don't own it */
		{"hostile-ifunc-behind-count", "object", "a symbol that isn't"},
		{"hostile-ifunc-runs", "object", "a symbol that isn't there"},
		{"hostile-bucket-far", "object", "a symbol that isn't there"},
		{"hostile-symbol-far", "object", "a symbol that isn't there"},
		{"hostile-irelative-behind-size", "object", "its relocations"},
		{"hostile-dynamic-relocated", "object", "the dynamic section"},
		{"hostile-no-stack", "segment", "the stack would be"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_buf path = {0}, text = {0};
		struct verdict v = {.status = KE_PASS};
		struct ke_err e;
		int got;

		ke_buf_fmt(&path, "tests/fuzz/corpus/load/%s", rows[i].name);
		if (ke_file_read(path.s, (size_t)1 << 20, &text, &e) == -1)
			fail_msg("%s", e.msg);
		got = load_check(text.s, text.n, &v);
		if (rows[i].code == NULL ? got != 0
		    : got != -1 || strcmp(v.code, rows[i].code) != 0 ||
		    strstr(v.detail, rows[i].detail) == NULL)
			fail_msg("%s: %d, %s: %s", rows[i].name, got, v.code,
			    v.detail);
		ke_buf_free(&path);
		ke_buf_free(&text);
	}
}
#endif

static void
no_object(void **state)
{
	struct verdict v;

	(void)state;
	assert_int_equal(load_check("", 0, &v), -1);
	assert_string_equal(v.code, "object");
	assert_int_equal(load_check("int main(void) { return 0; } and more of "
	    "it, so that a header would fit in", 70, &v), -1);
	assert_string_equal(v.detail, "not a shared object of this machine");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef __x86_64__
		cmocka_unit_test(objects),
#endif
		cmocka_unit_test(no_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
