/* The candidates of a call: what they lack is completed, they are evaluated, by
 * themselves or in groups, compared with earlier results and printed. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "chance.h"
#include "file.h"
#include "filter.h"
#include "gpu_api.h"
#include "recheck.h"
#include "record.h"
#include "table.h"
#include "target.h"
#include "waiting.h"

#define SOURCE_MAX ((size_t)4 << 20)
#define REGRESSION 4 /* exit status */

struct call call = {.executions = 1, .seed = 1};

/* Operators that were read, by what they were asked for. */
static struct {
	char *asked;
	struct ke_op *op;
} ops[64];
static size_t n_ops;

static struct waiting waiting;
static struct recheck recheck;
static struct table table;

const struct ke_op *
call_op(const char *name, struct ke_err *e)
{
	for (size_t i = 0; i < n_ops; i++)
		if (strcmp(ops[i].asked, name) == 0)
			return ops[i].op;
	if (n_ops == KE_LEN(ops)) {
		ke_fail(e, "more than %zu operators in one call",
		    KE_LEN(ops));
		return NULL;
	}
	ops[n_ops].op = ke_op_load(name, e);
	if (ops[n_ops].op == NULL)
		return NULL;
	ops[n_ops].asked = ke_strdup(name);
	return ops[n_ops++].op;
}

/* Has the operator what the record and the options ask for? */
static int
has_cases(const struct ke_op *op, const char *type, struct ke_err *e)
{
	size_t i = 0;

	if (ke_json_object(ke_json_object(op->json, "dtypes"), type) == NULL)
		return ke_fail(e, "%s has no dtype %s", op->name, type);
	while (i < op->n_cases &&
	    strcmp(op->cases[i].set, settings_set(&call.settings)) != 0)
		i++;
	return i < op->n_cases ? 0
	    : ke_fail(e, "%s: no cases in set %s", op->name,
	    settings_set(&call.settings));
}

/* To compile alone, an architecture is enough. */
static bool
can_compile(const struct toolchain *c, struct ke_err *e)
{
	const struct target *t = call.settings.target;

	if (!toolchain_is_there(c)) {
		ke_fail(e, "%s", c->why());
		return t == &target_cpu; /* then cc's own word is told */
	}
	return t == &target_cpu || *arch_of(t->vendor->maker) != '\0' ||
	    target_probe(t, e) == 0;
}

int
call_complete(cJSON *rec, const struct ke_op **op, const char **type,
    struct ke_err *e)
{
	const struct {
		const char *name, *option;
	} both[] = {{"op", call.op}, {"target", call.target},
	    {"dtype", call.dtype}};
	const struct toolchain *compiler;

	for (size_t i = 0; i < KE_LEN(both); i++) {
		const char *has = ke_json_string(rec, both[i].name);

		if (has == NULL && both[i].option != NULL)
			ke_json_set_string(rec, both[i].name, both[i].option);
		else if (has != NULL && both[i].option != NULL &&
		    strcmp(has, both[i].option) != 0 &&
		    !(i == 0 && strchr(call.op, '/') != NULL))
			return ke_fail(e, "%s is %s, the option says %s",
			    both[i].name, has, both[i].option);
	}
	if (ke_json_string(rec, "op") == NULL)
		return ke_fail(e, "op: missing; -o names one");
	if (ke_json_string(rec, "target") == NULL)
		ke_json_set_string(rec, "target", "cpu");
	call.settings.target = target_find(ke_json_string(rec, "target"));
	if (call.settings.target == NULL)
		return ke_fail(e, "%s: no such target; ke-eval -l lists them",
		    ke_json_string(rec, "target"));
	if (call.mode != COMPILE &&
	    target_probe(call.settings.target, e) == -1)
		return -1;
	compiler = target_toolchain(call.settings.target, rec);
	if (compiler == NULL)
		return ke_fail(e, "target %s has no language %s",
		    call.settings.target->name,
		    ke_json_string(rec, "language"));
	if ((call.mode == COMPILE ||
	    compiler != call.settings.target->toolchain) &&
	    !can_compile(compiler, e))
		return -1;
	if (ke_json_string(rec, "source") == NULL)
		return ke_fail(e, "source: missing");
	*op = call_op(call.op != NULL ? call.op : ke_json_string(rec, "op"),
	    e);
	if (*op == NULL)
		return -1;
	ke_json_set_string(rec, "op", (*op)->name);
	*type = ke_json_string(rec, "dtype");
	if (*type == NULL)
		*type = ke_op_default_dtype(*op);
	return has_cases(*op, *type, e);
}

/* -C goes by the earlier effort, so that results can be compared. */
static void
set_effort(const cJSON *rec, const struct ke_op *op, const char *type)
{
	const char *effort =
	    ke_json_string(ke_json_object(rec, "select"), "effort");

	if (call.earlier != NULL && call.effort_given)
		effort = NULL;
	else if (call.earlier != NULL)
		effort = recheck_effort(&recheck, rec, op, type,
		    settings_set(&call.settings));
	call.settings.full = effort == NULL ? call.full
	    : strcmp(effort, "full") == 0;
}

static int
finish(const cJSON *rec, const char *name)
{
	if (!call.table)
		return ke_filter_emit(rec);
	table_print(&table, rec, name);
	return fflush(stdout) == EOF ? KE_FILTER_FAILED : 0;
}

/* After a message: an error in the record where the operator can't be used. */
static int
failed(cJSON *rec, const char *where, bool is_op, const struct ke_err *e)
{
	warnx("%s: %s", where, e->msg);
	if (!is_op)
		return KE_FILTER_FAILED;
	ke_record_error(rec, TOOL, "operator", "%s", e->msg);
	return KE_FILTER_REFUSED;
}

/* A record by itself: 0; 1 or 111 after a message. */
static int
alone(cJSON *rec, const struct ke_op *op, const char *type, const char *where)
{
	struct candidate c = {.rec = rec, .name = where};
	struct ke_err e;
	bool is_op = false;

	return chance_evaluate(&c, 1, op, type, &is_op, &e) == 0 ? 0
	    : failed(rec, where, is_op, &e);
}

/* -c: the same. */
static int
compile(cJSON *rec, const struct ke_op *op, const char *type,
    const char *where)
{
	cJSON *eval = cJSON_CreateObject();
	struct ke_err e;

	if (evaluate_compile(op, type, &call.settings, rec, call.keep_dir,
	    eval, &e) == 0) {
		ke_json_set(rec, "eval", eval);
		return 0;
	}
	cJSON_Delete(eval);
	return failed(rec, where, false, &e);
}

/* One of those that waited has been evaluated: compares it, prints it. */
static int
conclude(const struct waiting *w, size_t i)
{
	cJSON *rec = w->of[i].rec;
	int status = 0;

	if (call.earlier != NULL && !ke_record_failed(rec))
		status = recheck_hold(&recheck, &(struct recheck_of){rec,
		    w->op, w->type, settings_set(&call.settings), w->of[i].name,
		    w->of[i].where, alone});
	if (status != KE_FILTER_FAILED && finish(rec, w->of[i].name) != 0)
		status = KE_FILTER_FAILED;
	return status;
}

/* Evaluates the candidates that wait, as one group. */
static int
run_waiting(void)
{
	struct candidate c[GROUP_MAX];
	struct ke_err e;
	bool is_op = false;
	int status = 0, done;

	if (waiting.n == 0)
		return 0;
	call.settings.full = waiting.full;
	call.settings.target = waiting.target;
	for (size_t i = 0; i < waiting.n; i++)
		c[i] = (struct candidate){.rec = waiting.of[i].rec,
		    .name = waiting.of[i].name};
	done = chance_evaluate(c, waiting.n, waiting.op, waiting.type, &is_op,
	    &e);
	for (size_t i = 0; i < waiting.n && status != KE_FILTER_FAILED; i++) {
		int got = done == 0 ? 0 : failed(waiting.of[i].rec,
		    waiting.of[i].where, is_op, &e);

		status = got > status ? got : status;
		if (status != KE_FILTER_FAILED)
			got = conclude(&waiting, i);
		status = got > status ? got : status;
	}
	waiting_clear(&waiting);
	return status;
}

/* To those that wait; before it, these where it does not fit, and with it
 * where it is to be evaluated by itself. */
static int
wait_for_group(const cJSON *rec, const struct ke_op *op, const char *type,
    const char *name, const char *where, bool alone)
{
	const struct target *target = call.settings.target;
	bool full = call.settings.full;
	int status = 0, own = 0;

	if (waiting.n == GROUP_MAX)
		warnx("%s: begins a new group: one has at most %d candidates",
		    where, GROUP_MAX);
	if (!waiting_fits(&waiting, call.settings.target, op, type, full))
		status = run_waiting();
	if (status == KE_FILTER_FAILED)
		return status;
	waiting_add(&waiting, rec, name, where, target, op, type, full);
	if (alone)
		own = run_waiting();
	return own > status ? own : status;
}

static int
each(cJSON *rec, const char *where, void *arg)
{
	const char *name = arg != NULL ? arg : ke_json_string(rec, "id");
	const struct ke_op *op = NULL;
	const char *type = NULL;
	struct ke_err e;
	int status;

	if (name == NULL)
		name = where;
	if (ke_record_failed(rec) || (ke_json_object(rec, "eval") != NULL &&
	    call.mode != COMPILE && call.mode != RUN && call.earlier == NULL))
		return finish(rec, name);
	if (call_complete(rec, &op, &type, &e) == -1) {
		ke_record_error(rec, TOOL, "record", "%s", e.msg);
		warnx("%s: %s", where, e.msg);
		status = KE_FILTER_REFUSED;
	} else {
		set_effort(rec, op, type);
		if (call.mode == EVALUATE)
			return wait_for_group(rec, op, type, name, where,
			    arg == NULL && !call.one_group);
		status = call.mode == COMPILE ? compile(rec, op, type, where)
		    : alone(rec, op, type, where);
	}
	if (status == KE_FILTER_FAILED)
		return status;
	return finish(rec, name) != 0 ? KE_FILTER_FAILED : status;
}

/* Of a candidate's file, by its suffix; NULL where it is none. */
static const char *
language_of(const char *path)
{
	const char *dot = path == NULL ? NULL : strrchr(path, '.');
	const struct toolchain *t = dot == NULL ? NULL
	    : toolchain_of_suffix(dot + 1);

	return t == NULL ? NULL : t->language;
}

static bool
is_candidate(const char *path)
{
	return language_of(path) != NULL;
}

static int
candidate_file(char *path)
{
	struct ke_buf text = {0};
	struct ke_err e;
	const struct target *t;
	cJSON *rec;
	int status;

	if (ke_file_read(path, SOURCE_MAX, &text, &e) == -1) {
		warnx("%s", e.msg);
		return KE_FILTER_REFUSED;
	}
	rec = cJSON_CreateObject();
	ke_json_add_number(rec, "v", 1);
	t = target_of_language(language_of(path));
	if (t != &target_cpu && call.target == NULL)
		ke_json_set_string(rec, "target", t->name);
	ke_json_set_string(rec, "language", language_of(path));
	ke_json_set_string(rec, "name", path);
	ke_json_set_text(rec, "source", text.s, text.n);
	status = each(rec, path, path);
	cJSON_Delete(rec);
	ke_buf_free(&text);
	return status;
}

/* One operand: a candidate, or records, which are no part of a group unless
 * all are. */
static int
one_input(char *path, int *gone)
{
	char *one[] = {path, NULL};
	int before = 0, status;

	if (is_candidate(path))
		return candidate_file(path);
	if (!call.one_group)
		before = run_waiting();
	if (before == KE_FILTER_FAILED)
		return before;
	status = ke_filter(path == NULL ? &one[1] : one, each, NULL, gone);
	return status > before ? status : before;
}

static int
all_operands(char **argv)
{
	int status = 0, got, gone = 0;

	ke_filter_signals();
	do {
		got = one_input(*argv, &gone);
		status = got > status ? got : status;
	} while (*argv != NULL && *++argv != NULL && !gone &&
	    status != KE_FILTER_FAILED);
	if (gone || status == KE_FILTER_FAILED)
		return status;
	got = run_waiting();
	return got > status ? got : status;
}

int
call_inputs(char **argv)
{
	struct ke_err e;
	int status, ahead;

	recheck.earlier.path = call.earlier;
	if (call.earlier != NULL &&
	    earlier_read(&recheck.earlier, call.earlier, &e) == -1)
		errx(1, "%s", e.msg);
	if (call.table)
		table_open(&table, stdout);
	if (*argv == NULL && call.mode == EVALUATE &&
	    call.settings.target != &target_cpu &&
	    target_probe(call.settings.target, &e) == 0)
		ahead_start();
	status = all_operands(argv);
	ahead = ahead_end();
	status = ahead > status ? ahead : status;
	if (call.table)
		table_close(&table);
	chance_end();
	earlier_free(&recheck.earlier);
	return recheck.regressed && status != KE_FILTER_FAILED ? REGRESSION
	    : status;
}
