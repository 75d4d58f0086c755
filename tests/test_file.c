/* Files: whole or not at all, and the folders they lie in. */
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "file.h"

/* Tests run in a folder of their own. */
static char dir[] = "/tmp/ke-test-file.XXXXXX", *start;

static int
enter(void **state)
{
	(void)state;
	start = getcwd(NULL, 0);
	return start == NULL || mkdtemp(dir) == NULL ? -1 : chdir(dir);
}

static int
leave(void **state)
{
	char *command = NULL;
	int status;

	(void)state;
	if (chdir(start) == -1 || asprintf(&command, "rm -rf %s", dir) == -1)
		return -1;
	status = system(command);
	free(command);
	free(start);
	return status;
}

static void
reads_back(const char *path, const char *want, size_t n)
{
	struct ke_buf b = {0};
	struct ke_err e;

	if (ke_file_read(path, n, &b, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(b.n, n);
	assert_memory_equal(b.s, want, n);
	assert_int_equal(b.s[n], '\0');
	ke_buf_free(&b);
}

static size_t
count(const char *pattern)
{
	glob_t g;
	size_t n = glob(pattern, 0, NULL, &g) == 0 ? g.gl_pathc : 0;

	globfree(&g);
	return n;
}

static void
writes(void **state)
{
	char *large = ke_calloc(1, 300000);
	struct ke_err e;
	struct stat st;

	(void)state;
	umask(077);
	assert_int_equal(ke_file_write("w", "one\0two", 7, &e), 0);
	reads_back("w", "one\0two", 7);
	assert_int_equal(stat("w", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	memset(large, 'x', 300000);
	assert_int_equal(ke_file_write("w", large, 300000, &e), 0);
	reads_back("w", large, 300000);
	assert_int_equal(ke_file_write("w", "", 0, &e), 0);
	reads_back("w", "", 0);
	assert_int_equal(count("w*"), 1);
	free(large);
}

/* The disk is full after 4096 bytes. */
static void
write_fails(void **state)
{
	const struct rlimit small = {4096, RLIM_INFINITY};
	struct rlimit before;
	char text[8192] = {0};
	struct ke_err e;
	int got;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(ke_file_write("f", "old", 3, &e), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	got = ke_file_write("f", text, sizeof(text), &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(got, -1);
	assert_string_equal(e.msg, "f: File too large");
	reads_back("f", "old", 3);
	assert_int_equal(count("f*"), 1);

	assert_int_equal(mkdir("d", 0777), 0);
	assert_int_equal(ke_file_write("d", "x", 1, &e), -1);
	assert_string_equal(e.msg, "d: Is a directory");
	assert_int_equal(count("d*"), 1);
	assert_int_equal(ke_file_write("none/f", "x", 1, &e), -1);
	assert_non_null(strstr(e.msg, "No such file or directory"));
}

static void
reads(void **state)
{
	struct ke_buf b = {0};
	struct ke_err e;

	(void)state;
	assert_int_equal(ke_file_write("r", "12345", 5, &e), 0);
	assert_int_equal(ke_file_read("r", 5, &b, &e), 0);
	assert_string_equal(b.s, "12345");
	/* the limit is that of the file, not of what it is added to */
	assert_int_equal(ke_file_read("r", 5, &b, &e), 0);
	assert_string_equal(b.s, "1234512345");
	b.n = 0;
	assert_int_equal(ke_file_read("r", 4, &b, &e), -1);
	assert_string_equal(e.msg, "r: larger than 4 bytes");
	assert_int_equal(ke_file_read("/dev/zero", 100000, &b, &e), -1);
	assert_string_equal(e.msg, "/dev/zero: larger than 100000 bytes");
	assert_int_equal(ke_file_read("none", 4, &b, &e), -1);
	assert_string_equal(e.msg, "none: No such file or directory");
	assert_int_equal(ke_file_read("/", 4, &b, &e), -1);
	assert_string_equal(e.msg, "/: Is a directory");
	ke_buf_free(&b);
	assert_int_equal(ke_file_read("/dev/null", 0, &b, &e), 0);
	assert_string_equal(b.s, "");
	ke_buf_free(&b);
}

static void
makes_folders(void **state)
{
	struct ke_err e;
	struct stat st;

	(void)state;
	assert_int_equal(ke_file_mkdirs("m/n//o/", &e), 0);
	assert_int_equal(ke_file_mkdirs("m/n/o", &e), 0);
	assert_int_equal(stat("m/n/o", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(ke_file_mkdirs("/", &e), 0);
	assert_int_equal(ke_file_write("m/file", "", 0, &e), 0);
	assert_int_equal(ke_file_mkdirs("m/file", &e), -1);
	assert_string_equal(e.msg, "m/file: Not a directory");
	assert_int_equal(ke_file_mkdirs("m/file/p", &e), -1);
	assert_string_equal(e.msg, "m/file/p: Not a directory");
	assert_int_equal(ke_file_mkdirs("", &e), -1);
	assert_int_equal(ke_file_mkdirs("/proc/none/x", &e), -1);
	assert_string_equal(e.msg, "/proc/none: No such file or directory");
}

static void
cache_is(const char *want)
{
	struct ke_err e;
	struct stat st;
	char *got = ke_cache_dir("sub", &e);

	if (got == NULL)
		fail_msg("%s", e.msg);
	assert_string_equal(got, want);
	assert_int_equal(stat(got, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	free(got);
}

static void
caches(void **state)
{
	struct ke_buf xdg = {0}, home = {0}, a = {0}, b = {0};
	struct ke_err e;

	(void)state;
	ke_buf_fmt(&xdg, "%s/xdg", dir);
	ke_buf_fmt(&home, "%s/home", dir);
	ke_buf_fmt(&a, "%s/xdg/ke/sub", dir);
	ke_buf_fmt(&b, "%s/home/.cache/ke/sub", dir);
	setenv("XDG_CACHE_HOME", xdg.s, 1);
	setenv("HOME", home.s, 1);
	cache_is(a.s);
	/* the base directory specification: a relative path is ignored */
	setenv("XDG_CACHE_HOME", "xdg", 1);
	cache_is(b.s);
	setenv("XDG_CACHE_HOME", "", 1);
	cache_is(b.s);
	setenv("XDG_CACHE_HOME", "/proc/none", 1);
	assert_null(ke_cache_dir("sub", &e));
	assert_non_null(strstr(e.msg, "/proc/none"));
	ke_buf_free(&xdg);
	ke_buf_free(&home);
	ke_buf_free(&a);
	ke_buf_free(&b);
}

/* From the folder that this program was built in. */
static void
share(void **state)
{
	struct ke_buf want = {0};
	char *got = ke_share_dir("ops");

	(void)state;
	ke_buf_fmt(&want, "%s/ops", start);
	assert_non_null(got);
	assert_string_equal(got, want.s);
	free(got);
	ke_buf_free(&want);
	assert_null(ke_share_dir("Makefile"));
	assert_null(ke_share_dir("no-such-folder"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(write_fails),
		cmocka_unit_test(reads),
		cmocka_unit_test(makes_folders),
		cmocka_unit_test(caches),
		cmocka_unit_test(share),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
