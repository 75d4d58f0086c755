/* Lines in and records out: torn, long, late, and when nobody reads. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "filter.h"
#include "stream.h"

#define TEXT(s) s, sizeof(s) - 1

/* A file that holds the text, and has no name. */
static int
file_of(const char *s, size_t n)
{
	char path[] = "/tmp/ke-test-stream.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd != -1);
	unlink(path);
	assert_int_equal(write(fd, s, n), n);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
lines(void **state)
{
	static const struct {
		const char *s;
		size_t n, count;
		const char *line[3];
		size_t length[3];
	} rows[] = {
		{TEXT(""), 0, {NULL}, {0}},
		{TEXT("a"), 1, {"a"}, {1}},
		{TEXT("a\n"), 1, {"a"}, {1}},
		{TEXT("\n"), 1, {""}, {0}},
		{TEXT("a\nbc"), 2, {"a", "bc"}, {1, 2}},
		{TEXT("a\n\nbc\n"), 3, {"a", "", "bc"}, {1, 0, 2}},
		{TEXT("a\r\nb\r\n"), 2, {"a\r", "b\r"}, {2, 2}},
		{TEXT("a\0b\nc\0"), 2, {"a\0b", "c\0"}, {3, 2}},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_input in = {.fd = file_of(rows[i].s, rows[i].n)};
		struct ke_err e;
		char *line;
		size_t n;

		for (size_t k = 0; k < rows[i].count; k++) {
			assert_int_equal(ke_input_line(&in, &line, &n, -1, &e),
			    KE_READ_LINE);
			assert_int_equal(in.line, k + 1);
			assert_int_equal(n, rows[i].length[k]);
			assert_memory_equal(line, rows[i].line[k], n + 1);
		}
		assert_int_equal(ke_input_line(&in, &line, &n, -1, &e),
		    KE_READ_EOF);
		assert_int_equal(ke_input_line(&in, &line, &n, -1, &e),
		    KE_READ_EOF);
		ke_input_close(&in);
	}
}

/* A line that comes in pieces is told when it is whole. */
static void
pieces(void **state)
{
	struct ke_input in = {0};
	struct ke_err e;
	int p[2];
	char *line;
	size_t n;

	(void)state;
	assert_int_equal(pipe(p), 0);
	in.fd = p[0];
	assert_int_equal(ke_input_line(&in, &line, &n, 0, &e),
	    KE_READ_TIMEOUT);
	assert_int_equal(write(p[1], "one", 3), 3);
	assert_int_equal(ke_input_line(&in, &line, &n, 50, &e),
	    KE_READ_TIMEOUT);
	assert_int_equal(write(p[1], " two\nthree\nfo", 13), 13);
	assert_int_equal(ke_input_line(&in, &line, &n, -1, &e), KE_READ_LINE);
	assert_string_equal(line, "one two");
	assert_int_equal(ke_input_line(&in, &line, &n, 0, &e), KE_READ_LINE);
	assert_string_equal(line, "three");
	assert_int_equal(ke_input_line(&in, &line, &n, 0, &e),
	    KE_READ_TIMEOUT);
	close(p[1]);
	assert_int_equal(ke_input_line(&in, &line, &n, -1, &e), KE_READ_LINE);
	assert_string_equal(line, "fo");
	assert_int_equal(in.line, 3);
	assert_int_equal(ke_input_line(&in, &line, &n, -1, &e), KE_READ_EOF);
	ke_input_close(&in);
}

static void
long_line(void **state)
{
	const size_t size = (size_t)20 << 20;
	char *text = ke_calloc(1, size), *line;
	struct ke_input in;
	struct ke_err e;
	size_t n;

	(void)state;
	for (size_t i = 0; i < size; i++)
		text[i] = (char)('a' + i % 23);
	memcpy(text, "first\n", 6);
	memcpy(text + size - 5, "\nlast", 5);
	in = (struct ke_input){.fd = file_of(text, size)};
	assert_int_equal(ke_input_line(&in, &line, &n, -1, &e), KE_READ_LINE);
	assert_string_equal(line, "first");
	assert_int_equal(ke_input_line(&in, &line, &n, -1, &e), KE_READ_LINE);
	assert_int_equal(n, size - 11);
	assert_memory_equal(line, text + 6, n);
	assert_int_equal(ke_input_line(&in, &line, &n, -1, &e), KE_READ_LINE);
	assert_string_equal(line, "last");
	ke_input_close(&in);
	free(text);
}

static void
cannot_read(void **state)
{
	struct ke_input in;
	struct ke_err e;
	char *line;
	size_t n;

	(void)state;
	assert_int_equal(ke_input_open(&in, "/no/such", &e), -1);
	assert_string_equal(e.msg, "/no/such: No such file or directory");
	assert_int_equal(ke_input_open(&in, "/", &e), 0);
	assert_int_equal(ke_input_line(&in, &line, &n, -1, &e), KE_READ_ERROR);
	assert_string_equal(e.msg, "/: Is a directory");
	ke_input_close(&in);
	assert_int_equal(ke_input_open(&in, "/dev/zero", &e), 0);
	assert_int_equal(ke_input_line(&in, &line, &n, -1, &e), KE_READ_ERROR);
	assert_string_equal(e.msg,
	    "/dev/zero:1: line is longer than 268435456 bytes");
	ke_input_close(&in);
	assert_int_equal(ke_input_open(&in, "-", &e), 0);
	assert_int_equal(in.fd, STDIN_FILENO);
}

/* Runs f in a process of its own with that standard output, and after ms
 * (-1: at once) closes end; its exit status, or -1 after 20 s or a signal. */
static int
apart(int (*f)(void *), void *arg, int out, int end, int ms)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		signal(SIGPIPE, SIG_IGN);
		if (dup2(out, STDOUT_FILENO) == -1)
			_exit(99);
		close(out);
		if (end != -1)
			close(end);
		_exit(f(arg));
	}
	close(out);
	if (ms > 0)
		usleep((useconds_t)ms * 1000);
	if (end != -1)
		close(end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* As apart, with a pipe that nobody reads, or not for longer than ms. */
static int
unread(int (*f)(void *), void *arg, int ms)
{
	int p[2];

	assert_int_equal(pipe(p), 0);
	if (ms == 0)
		close(p[0]);
	return apart(f, arg, p[1], ms == 0 ? -1 : p[0], ms);
}

/* Waits for a line that never comes. */
static int
wait_for_line(void *arg)
{
	struct ke_input in = {0};
	struct ke_err e;
	int p[2];
	char *line;
	size_t n;

	(void)arg;
	if (pipe(p) == -1 || write(p[1], "one\ntwo\nthr", 11) != 11)
		return 98;
	in.fd = p[0];
	if (ke_output_gone() == 0 &&
	    ke_input_line(&in, &line, &n, -1, &e) != KE_READ_LINE)
		return 97;
	while (ke_input_line(&in, &line, &n, -1, &e) == KE_READ_LINE)
		;
	return 40 + (int)ke_input_line(&in, &line, &n, -1, &e) +
	    10 * ke_output_gone();
}

static void
reader_gone(void **state)
{
	(void)state;
	assert_int_equal(unread(wait_for_line, NULL, 0),
	    40 + KE_READ_GONE + 10);
	assert_int_equal(unread(wait_for_line, NULL, 100),
	    40 + KE_READ_GONE + 10);
}

static int
emit(void *arg)
{
	struct ke_err e = {""};
	cJSON *v = cJSON_CreateObject();
	int got;

	ke_json_set_string(v, "s", "a\nb");
	got = ke_emit(v, &e);
	if (got == -1 && strcmp(e.msg, arg) != 0)
		return 97;
	return got == -1 ? 1 : 2;
}

static int
print_and_close(void *arg)
{
	static char text[100000];
	struct ke_err e = {""};
	int got;

	memset(text, 'x', sizeof(text));
	fwrite(text, 1, strcmp(arg, "much") == 0 ? sizeof(text) : 3, stdout);
	if (strcmp(arg, "flushed") == 0)
		fflush(stdout);
	got = ke_closeout(&e);
	if (got == 111 && strcmp(e.msg, "stdout: No space left on device") != 0)
		return 97;
	return got;
}

static char much[] = "much", little[] = "little", flushed[] = "flushed",
    full[] = "stdout: No space left on device";

static void
writes(void **state)
{
	char got[64] = "";
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(apart(emit, full, p[1], -1, 0), 2);
	assert_int_equal(read(p[0], got, sizeof(got)), 13);
	assert_string_equal(got, "{\"s\":\"a\\nb\"}\n");
	close(p[0]);
	assert_int_equal(apart(emit, full, open("/dev/full", O_WRONLY), -1, 0),
	    1);
	/* it ends quietly where nobody reads */
	assert_int_equal(unread(emit, NULL, 0), 0);
}

static void
closes(void **state)
{
	static char *const how[] = {much, little, flushed};

	(void)state;
	for (size_t i = 0; i < KE_LEN(how); i++) {
		assert_int_equal(apart(print_and_close, how[i],
		    open("/dev/full", O_WRONLY), -1, 0), 111);
		assert_int_equal(apart(print_and_close, how[i],
		    open("/dev/null", O_WRONLY), -1, 0), 0);
		assert_int_equal(unread(print_and_close, how[i], 0), 0);
	}
}

static int
watch_for_long(void *arg)
{
	(void)arg;
	ke_output_watch();
	sleep(60);
	return 1;
}

/* Where there is nothing to watch no processor is kept busy. */
static int
watch_closed(void *arg)
{
	struct rusage r;

	(void)arg;
	close(STDOUT_FILENO);
	ke_output_watch();
	sleep(1);
	getrusage(RUSAGE_SELF, &r);
	return r.ru_utime.tv_sec + r.ru_stime.tv_sec > 0 ||
	    r.ru_utime.tv_usec + r.ru_stime.tv_usec > 300000;
}

static void
watches(void **state)
{
	(void)state;
	assert_int_equal(unread(watch_for_long, NULL, 0), 0);
	assert_int_equal(unread(watch_for_long, NULL, 100), 0);
	assert_int_equal(apart(watch_closed, NULL, open("/dev/null", O_WRONLY),
	    -1, 0), 0);
}

/* What each record asks for. */
static int
each(cJSON *rec, const char *where, void *arg)
{
	(void)arg;
	ke_json_set_string(rec, "where", where);
	return ke_filter_emit(rec) == 0 ? (int)ke_json_number(rec, "n", 0)
	    : KE_FILTER_FAILED;
}

struct filtered {
	const char *in, *name, *out;
	int status;
};

static int
filter(void *arg)
{
	const struct filtered *f = arg;
	char *name = f->name == NULL ? NULL : ke_strdup(f->name);
	char *argv[] = {name, NULL};
	int in = file_of(f->in, strlen(f->in));

	if (dup2(in, STDIN_FILENO) == -1 ||
	    freopen("/dev/null", "w", stderr) == NULL)
		return 98;
	return ke_filter_end(ke_filter(argv, each, NULL, NULL));
}

static void
filters(void **state)
{
	static struct filtered rows[] = {
		{"", NULL, "", 0},
		{"{}", NULL, "{\"where\":\"stdin:1\"}\n", 0},
		{"{\"a\":[1 ]}\r\n", "-", "{\"a\":[1],\"where\":\"stdin:1\"}\n",
		    0},
		{"{}\nnone\n{}\n", NULL,
		    "{\"where\":\"stdin:1\"}\n{\"where\":\"stdin:3\"}\n", 1},
		{"{}\n\n", NULL, "{\"where\":\"stdin:1\"}\n", 1},
		{"[]\n{\"v\":2}\n{\"eval\":1}\n{} {}\n", NULL, "", 1},
		{"{\"n\":1}\n{}\n", NULL, "{\"n\":1,\"where\":\"stdin:1\"}\n"
		    "{\"where\":\"stdin:2\"}\n", 1},
		{"none\n{\"n\":111}\n{}\n", NULL,
		    "{\"n\":111,\"where\":\"stdin:2\"}\n", 111},
		{"{}\n", "/no/such", "", 1},
		{"{}\n", "/", "", 1},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		char got[256] = "";
		int p[2];

		assert_int_equal(pipe(p), 0);
		assert_int_equal(apart(filter, &rows[i], p[1], -1, 0),
		    rows[i].status);
		assert_int_equal(read(p[0], got, sizeof(got) - 1),
		    strlen(rows[i].out));
		assert_string_equal(got, rows[i].out);
		close(p[0]);
	}
	assert_int_equal(apart(filter, &rows[1], open("/dev/full", O_WRONLY),
	    -1, 0), 111);
	assert_int_equal(unread(filter, &rows[1], 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(pieces),
		cmocka_unit_test(long_line),
		cmocka_unit_test(cannot_read),
		cmocka_unit_test(reader_gone),
		cmocka_unit_test(writes),
		cmocka_unit_test(closes),
		cmocka_unit_test(watches),
		cmocka_unit_test(filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
