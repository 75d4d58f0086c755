/* The tools of a tool-using step.  ke-eval and ke-prompt are taken from PATH,
 * but for evaluate, for which a script stands. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/ke-gen/agent.h"
#include "../tools/ke-gen/tool.h"
#include "file.h"

static struct gen gen;
static bool failed;
static char scripts[] = "/tmp/test_gen_agent.XXXXXX";

static struct agent *
open_with(const char *source, bool may_evaluate)
{
	cJSON *rec = cJSON_CreateObject(), *context = cJSON_CreateObject();
	cJSON *parent = cJSON_CreateObject();
	struct ke_err e;
	struct agent *a;

	ke_json_set_string(rec, "op", "conv1d");
	ke_json_set_string(rec, "language", "c");
	ke_json_set_string(rec, "dtype", "f32");
	if (source != NULL)
		ke_json_set_string(parent, "source", source);
	ke_json_set(context, "parent", parent);
	ke_json_set(rec, "context", context);
	a = agent_open(&gen, rec, may_evaluate, &e);
	if (a == NULL)
		fail_msg("%s", e.msg);
	cJSON_Delete(rec);
	return a;
}

static void
wait_for(struct agent *a)
{
	while (!agent_step(a)) {
		struct pollfd p[KE_CHILD_POLL];
		int timeout = -1;

		agent_poll(a, p, &timeout);
		poll(p, KE_CHILD_POLL, timeout);
	}
}

/* The result of a call; args with ' for ". */
static const char *
call(struct agent *a, const char *tool, const char *args)
{
	char *text = ke_strdup(args);
	struct ke_err e;
	cJSON *v;

	for (char *s = text; *s != '\0'; s++)
		if (*s == '\'')
			*s = '"';
	v = ke_json_parse(text, strlen(text), &e);
	if (v == NULL)
		fail_msg("%s: %s", args, e.msg);
	agent_call(a, tool, v);
	cJSON_Delete(v);
	free(text);
	wait_for(a);
	return agent_result(a, &failed);
}

static void
assert_has(const char *text, const char *part)
{
	if (*part != '\0' && strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in: %s", part, text);
}

/* Is the result as it must be? */
static void
check(struct agent *a, const char *tool, const char *args, bool fails,
    const char *part)
{
	const char *got = call(a, tool, args);

	assert_has(got, part);
	if (failed != fails)
		fail_msg("%s %s: %s", tool, args, got);
}

static void
tools(void **state)
{
	static const char *const names[] = {"read_file", "write_file",
	    "replace_in_file", "lint", "search_kb", "search_code",
	    "evaluate"};

	(void)state;
	for (int may = 0; may < 2; may++) {
		const cJSON *all = agent_tools(may);

		assert_int_equal(cJSON_GetArraySize(all), 6 + may);
		for (int i = 0; i < 6 + may; i++) {
			const cJSON *t = cJSON_GetArrayItem(all, i);
			const cJSON *p = ke_json_object(t, "parameters");

			assert_string_equal(ke_json_string(t, "name"),
			    names[i]);
			assert_non_null(ke_json_string(t, "description"));
			assert_string_equal(ke_json_string(p, "type"),
			    "object");
			assert_non_null(ke_json_object(p, "properties"));
		}
	}
}

static void
files(void **state)
{
	struct agent *a = open_with("a\nb\nc\nd\n", false);
	struct ke_err e;
	char *text;

	(void)state;
	assert_string_equal(call(a, "read_file", "{}"), "a\nb\nc\nd\n");
	assert_string_equal(call(a, "read_file", "{'path':'candidate.c',"
	    "'from':2,'lines':2}"), "(lines 2 to 3 of 4)\nb\nc\n");
	check(a, "read_file", "{'from':9}", false, "(lines 5 to 4 of 4)\n");
	check(a, "read_file", "{'path':'op/ref.c'}", false, "REF_");
	check(a, "read_file", "{'path':'op/base.c'}", false, "ke-plan");
	check(a, "read_file", "{'path':'none'}", true, "none: No such file or "
	    "directory\nThe files are:\ncandidate.c\nop/base.c\nop/op.json\n"
	    "op/ref.c\nop/seed.c\n");
	check(a, "write_file", "{'path':'x.c','content':'x\\n'}", false,
	    "x.c: written, 2 bytes");
	check(a, "read_file", "{'path':'x.c'}", false, "x\n");
	check(a, "replace_in_file", "{'edits':'<<<<<<< SEARCH\\nb\\n=======\\n"
	    "B\\n>>>>>>> REPLACE\\n'}", false, "candidate.c: written, 8");
	check(a, "replace_in_file", "{'path':'x.c','edits':'```\\n@@\\n-x\\n"
	    "+y\\n```\\n'}", false, "x.c: written");
	check(a, "replace_in_file", "{'edits':'<<<<<<< SEARCH\\nB\\n=======\\n"
	    ">>>>>>> REPLACE\\n<<<<<<< SEARCH\\nb\\n=======\\n"
	    ">>>>>>> REPLACE\\n'}", true, "candidate.c: left as it was: "
	    "SEARCH/REPLACE 2: not found");
	check(a, "replace_in_file", "{'edits':'B'}", true, "neither");
	text = agent_candidate(a, &e);
	assert_string_equal(text, "a\nB\nc\nd\n");
	free(text);
	check(a, "write_file", "{'content':'new'}", false, "written");
	text = agent_candidate(a, &e);
	assert_string_equal(text, "new");
	free(text);
	agent_close(a);
	/* a draft has nothing yet */
	a = open_with(NULL, false);
	assert_null(agent_candidate(a, &e));
	assert_string_equal(e.msg, "candidate.c: No such file or directory");
	agent_close(a);
}

static void
arguments(void **state)
{
	static const struct {
		const char *tool, *args, *part;
	} rows[] = {
		{"rm", "{}", "there is no tool rm"},
		{"evaluate", "{}", "there is no tool evaluate"},
		{"read_file", "{'path':7}", "path: not a string"},
		{"read_file", "[]", "candidate.c: No such"},
		{"write_file", "{}", "content: missing"},
		{"write_file", "{'path':null,'content':'x'}", "path: not a"},
		{"replace_in_file", "{}", "edits: missing"},
		{"search_kb", "{'query':[]}", "query: not a string"},
		{"search_code", "7", "pattern: missing"},
		{"lint", "{}", "candidate.c: No such"},
		{"lint", "{'path':'op/op.json'}", "ends in .c"},
	};
	struct agent *a = open_with(NULL, false);

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++)
		check(a, rows[i].tool, rows[i].args, true, rows[i].part);
	agent_call(a, "write_file", NULL);
	assert_string_equal(agent_result(a, &failed), "content: missing");
	agent_close(a);
}

/* No name leads out of the folder. */
static void
confined(void **state)
{
	static const char *const read_paths[] = {"/etc/passwd",
	    "../../../etc/passwd", "op/../../../etc/passwd", "op", ".", "..",
	    "", "link", "folder/passwd", "fifo", "op/link", "sub/ref.c"};
	static const char *const write_paths[] = {"/tmp/x", "../x", "op/x",
	    "op/ref.c", ".x", "", "a b", "a\\n", "link", "op",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};
	struct agent *a = open_with("a\n", false);
	struct ke_buf args = {0}, ref = {0};
	int dir = a->folder.fd;

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", dir, "link"), 0);
	assert_int_equal(symlinkat("../candidate.c", dir, "op/link"), 0);
	assert_int_equal(symlinkat("/etc", dir, "folder"), 0);
	assert_int_equal(symlinkat("op", dir, "sub"), 0);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	for (size_t i = 0; i < KE_LEN(read_paths); i++) {
		args.n = 0;
		ke_buf_fmt(&args, "{'path':'%s'}", read_paths[i]);
		check(a, "read_file", args.s, true, "The files are:");
	}
	ke_buf_str(&ref, call(a, "read_file", "{'path':'op/ref.c'}"));
	for (size_t i = 0; i < KE_LEN(write_paths); i++) {
		args.n = 0;
		ke_buf_fmt(&args, "{'path':'%s','content':'x'}",
		    write_paths[i]);
		check(a, "write_file", args.s, true, "");
	}
	assert_string_equal(ref.s, call(a, "read_file",
	    "{'path':'op/ref.c'}"));
	check(a, "search_code", "{'pattern':'root:'}", false,
	    "No line matches");
	ke_buf_free(&ref);
	ke_buf_free(&args);
	agent_close(a);
}

static void
limits(void **state)
{
	struct agent *a = open_with("a\n", false);
	struct ke_buf args = {0};

	(void)state;
	ke_buf_str(&args, "{'content':'");
	memset(ke_buf_room(&args, FOLDER_FILE_MAX), 'x', FOLDER_FILE_MAX);
	args.n += FOLDER_FILE_MAX;
	ke_buf_str(&args, "'}");
	check(a, "write_file", args.s, false, "written");
	call(a, "read_file", "{}");
	assert_true(strlen(agent_result(a, &failed)) < TOOL_RESULT_MAX + 100);
	assert_has(agent_result(a, &failed), "(the rest is left out)");
	args.n -= 2;
	ke_buf_str(&args, "x'}");
	check(a, "write_file", args.s, true, "larger than 1048576 bytes");
	for (int i = 1; i <= FOLDER_FILES_MAX; i++) {
		args.n = 0;
		ke_buf_fmt(&args, "{'path':'f%d','content':''}", i);
		check(a, "write_file", args.s, i == FOLDER_FILES_MAX, "f");
	}
	check(a, "write_file", "{'path':'f1','content':'y'}", false, "f1");
	ke_buf_free(&args);
	agent_close(a);
}

static void
lint(void **state)
{
	struct ke_buf seed = {0};
	struct agent *a;
	struct ke_err e;

	(void)state;
	assert_int_equal(ke_file_read("ops/conv1d/base.c", 1 << 20, &seed, &e),
	    0);
	a = open_with(seed.s, false);
	check(a, "lint", "{}", false, "status: pass\nvariants: ");
	ke_buf_str(&seed, "\n#error here\n");
	agent_close(a);
	a = open_with(seed.s, false);
	check(a, "lint", "{}", false, "status: compile_error\n");
	assert_has(agent_result(a, &failed), "The compiler said:\n");
	assert_has(agent_result(a, &failed), "#error here");
	check(a, "write_file", "{'path':'b.c','content':'int x;'}", false, "");
	check(a, "lint", "{'path':'b.c'}", false, "status: plan_error\n"
	    "code: plan\ndetail: no ke-plan comment\n");
	ke_buf_free(&seed);
	agent_close(a);
}

static void
searches(void **state)
{
	struct agent *a = open_with("int one;\nint two;\n", false);

	(void)state;
	check(a, "search_kb", "{'query':'compile error undeclared'}", false,
	    "=== guidance/compile-error.md: ");
	check(a, "search_kb", "{'query':'zzz qqq'}", false, "No document");
	check(a, "search_kb", "{'query':'-x'}", false, "No document");
	check(a, "search_code", "{'pattern':'int t'}", false,
	    "candidate.c:2:int two;");
	check(a, "search_code", "{'pattern':'REF_y'}", false, "op/ref.c:");
	check(a, "search_code", "{'pattern':'int t|x'}", false, "No line");
	check(a, "search_code", "{'pattern':'^int (one|two);$','regex':true}",
	    false, "candidate.c:1:int one;\ncandidate.c:2:int two;\n");
	check(a, "search_code", "{'pattern':'(','regex':true}", true,
	    "grep: exit 2: ");
	check(a, "search_code", "{'pattern':'-e'}", false, "No line");
	agent_close(a);
}

/* Puts a ke-eval first in PATH that does what the text says. */
static void
stand_in(const char *text)
{
	struct ke_buf path = {0};
	struct ke_err e;

	ke_buf_fmt(&path, "%s/ke-eval", scripts);
	assert_int_equal(ke_file_write(path.s, text, strlen(text), &e), 0);
	assert_int_equal(chmod(path.s, 0755), 0);
	ke_buf_free(&path);
}

static void
evaluate(void **state)
{
	struct agent *a = open_with("a\n", true);
	const char *got;
	char want[2000];

	(void)state;
	setenv("SOME_API_KEY", "secret", 1);
	stand_in("#!/bin/sh\n"
	    "echo note\n"
	    "echo '{\"v\":1,\"source\":\"s\",\"eval\":{\"status\":\"wrong\","
	    "\"detail\":\"'\"$*\"' '$(env | grep -c API)'\",\"env\":{},"
	    "\"cases\":[{\"set\":\"check\",\"status\":\"pass\"},"
	    "{\"set\":\"check\",\"dims\":{\"B\":1},\"status\":\"wrong\","
	    "\"slots\":3},{\"set\":\"small\",\"status\":\"pass\","
	    "\"t_us\":51234.567,\"samples\":{}}]}}'\n");
	got = call(a, "evaluate", "{}");
	snprintf(want, sizeof(want), "status: wrong\ndetail: -equick -o %s -t "
	    "cpu -y f32 %s/candidate.c 0\n"
	    "case set: check,dims: {\"B\":1},status: wrong\n"
	    "case set: small,status: pass,t_us: 51230\n", a->op,
	    a->folder.path);
	assert_string_equal(got, want);
	assert_false(failed);
	stand_in("#!/bin/sh\necho '{\"v\":1,\"error\":{\"tool\":\"ke-eval\","
	    "\"code\":\"c\",\"message\":\"no device\"}}'\n");
	check(a, "evaluate", "{}", true, "ke-eval: no device");
	stand_in("#!/bin/sh\necho ke-eval: disk full >&2\nexit 111\n");
	check(a, "evaluate", "{}", true, "ke-eval: exit 111: ke-eval: disk");
	agent_close(a);
}

/* What runs when the agent is closed is killed, and the folder goes. */
static void
closed(void **state)
{
	struct agent *a = open_with("a\n", true);
	struct ke_buf path = {0};
	struct stat st;
	pid_t pid;

	(void)state;
	stand_in("#!/bin/sh\nsleep 77\n");
	agent_call(a, "evaluate", NULL);
	assert_false(agent_step(a));
	pid = a->child.pid;
	ke_buf_str(&path, a->folder.path);
	assert_int_equal(stat(path.s, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	agent_close(a);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(stat(path.s, &st), -1);
	ke_buf_free(&path);
}

static void
refused(void **state)
{
	static const char *const rows[][2] = {
		{"{\"op\":\"none\"}", "none"},
		{"{}", "op: missing"},
		{"{\"op\":\"conv1d\",\"language\":\"opencl\"}",
		    "no tools for language opencl"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e;
		cJSON *rec = ke_json_parse(rows[i][0], strlen(rows[i][0]), &e);

		assert_null(agent_open(&gen, rec, false, &e));
		assert_has(e.msg, rows[i][1]);
		cJSON_Delete(rec);
	}
}

static int
set_path(void **state)
{
	const char *path = getenv("PATH");
	struct ke_buf b = {0};

	(void)state;
	if (mkdtemp(scripts) == NULL)
		return -1;
	ke_buf_fmt(&b, "%s:%s", scripts, path);
	setenv("PATH", b.s, 1);
	ke_buf_free(&b);
	return 0;
}

static int
remove_scripts(void **state)
{
	struct ke_buf b = {0};

	(void)state;
	ke_buf_fmt(&b, "%s/ke-eval", scripts);
	unlink(b.s);
	ke_buf_free(&b);
	return rmdir(scripts);
}

int
main(void)
{
	/* lint before the script that stands for ke-eval is there */
	const struct CMUnitTest all[] = {
		cmocka_unit_test(tools),
		cmocka_unit_test(files),
		cmocka_unit_test(arguments),
		cmocka_unit_test(confined),
		cmocka_unit_test(limits),
		cmocka_unit_test(lint),
		cmocka_unit_test(searches),
		cmocka_unit_test(evaluate),
		cmocka_unit_test(closed),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(all, set_path, remove_scripts);
}
