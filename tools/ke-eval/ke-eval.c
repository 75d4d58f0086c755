/* ke-eval: compile, verify and time candidate kernels.  See ke-eval(1). */
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cc.h"
#include "evaluate.h"
#include "file.h"
#include "filter.h"
#include "num.h"
#include "print_admission.h"
#include "print_reference.h"
#include "recheck.h"
#include "record.h"
#include "spawn.h"
#include "stream.h"
#include "table.h"
#include "waiting.h"

#define TOOL "ke-eval"
#define SOURCE_MAX ((size_t)4 << 20)
#define REGRESSION 4 /* exit status */

enum mode { EVALUATE, ADMIT, COMPILE, INFO, REFERENCE, RUN };

static enum mode mode = EVALUATE;
static const char *op_name, *target, *dtype, *keep_dir;
static bool as_table, verbose, one_group;
static struct table table;
static int64_t executions = 1, seed = 1;
static struct settings settings;
static bool full_default, effort_given;
static struct recheck recheck;

/* Operators that were read, by what they were asked for, and the epoch that
 * quick evaluations share. */
static struct {
	char *asked;
	struct ke_op *op;
} ops[64];
static size_t n_ops;
static struct epoch *shared;

static struct waiting waiting;

static const struct ke_op *
find_op(const char *name, struct ke_err *e)
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

/* The epoch for n candidates: a fresh one in full effort. */
static struct epoch *
get_epoch(const struct ke_op *op, const char *type, size_t n, bool *is_op,
    struct ke_err *e)
{
	struct epoch *epoch;

	if (shared != NULL && !settings.full && !shared->full &&
	    shared->op == op && shared->dtype == ke_dtype_find(type) &&
	    shared->used + (int)n <= EPOCH_CANDIDATES) {
		shared->used += (int)n;
		return shared;
	}
	if (!settings.full) {
		epoch_close(shared);
		shared = NULL;
	}
	if (verbose)
		warnx("%s: drawing inputs, checking the baseline", op->name);
	epoch = epoch_open(op, type, settings.set, settings.full,
	    settings.workers, settings.jobs, is_op, e);
	if (epoch != NULL)
		epoch->used = (int)n;
	if (!settings.full)
		shared = epoch;
	return epoch;
}

/* Has the operator what the record and the options ask for? */
static int
has_cases(const struct ke_op *op, const char *type, struct ke_err *e)
{
	size_t i = 0;

	if (ke_json_object(ke_json_object(op->json, "dtypes"), type) == NULL)
		return ke_fail(e, "%s has no dtype %s", op->name, type);
	while (i < op->n_cases &&
	    strcmp(op->cases[i].set, settings.set) != 0)
		i++;
	return i < op->n_cases ? 0
	    : ke_fail(e, "%s: no cases in set %s", op->name, settings.set);
}

/* What a record lacks comes from the options; where they contradict each
 * other the record can't be evaluated. */
static int
complete(cJSON *rec, const struct ke_op **op, const char **type,
    struct ke_err *e)
{
	const struct {
		const char *name, *option;
	} both[] = {{"op", op_name}, {"target", target}, {"dtype", dtype}};

	for (size_t i = 0; i < KE_LEN(both); i++) {
		const char *has = ke_json_string(rec, both[i].name);

		if (has == NULL && both[i].option != NULL)
			ke_json_set_string(rec, both[i].name, both[i].option);
		else if (has != NULL && both[i].option != NULL &&
		    strcmp(has, both[i].option) != 0 &&
		    !(i == 0 && strchr(op_name, '/') != NULL))
			return ke_fail(e, "%s is %s, the option says %s",
			    both[i].name, has, both[i].option);
	}
	if (ke_json_string(rec, "op") == NULL)
		return ke_fail(e, "op: missing; -o names one");
	if (ke_json_string(rec, "target") == NULL)
		ke_json_set_string(rec, "target", "cpu");
	if (strcmp(ke_json_string(rec, "target"), "cpu") != 0)
		return ke_fail(e, "%s: no such target; ke-eval -l lists them",
		    ke_json_string(rec, "target"));
	if (ke_json_string(rec, "source") == NULL)
		return ke_fail(e, "source: missing");
	*op = find_op(op_name != NULL ? op_name : ke_json_string(rec, "op"),
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

	if (recheck.earlier.path != NULL && effort_given)
		effort = NULL;
	else if (recheck.earlier.path != NULL)
		effort = recheck_effort(&recheck, rec, op, type,
		    settings.set);
	settings.full = effort == NULL ? full_default
	    : strcmp(effort, "full") == 0;
}

static int
finish(const cJSON *rec, const char *name)
{
	if (!as_table)
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

/* -c, -r: one record.  0; 1 or 111 after a message. */
static int
work(cJSON *rec, const struct ke_op *op, const char *type, const char *where)
{
	cJSON *eval = cJSON_CreateObject();
	struct epoch *epoch = NULL;
	struct ke_err e;
	bool is_op = false;
	int status;

	if (mode == COMPILE) {
		status = evaluate_compile(op, type, &settings, rec, keep_dir,
		    eval, &e);
	} else {
		epoch = get_epoch(op, type, 1, &is_op, &e);
		status = epoch == NULL ? -1 : evaluate_run(epoch, &settings,
		    rec, (size_t)executions, eval, &e);
	}
	if (epoch != NULL && epoch != shared)
		epoch_close(epoch);
	if (status == 0) {
		ke_json_set(rec, "eval", eval);
		return 0;
	}
	cJSON_Delete(eval);
	return failed(rec, where, is_op, &e);
}

/* One group, evaluated: 0, or -1 with the reason. */
static int
run_group(struct candidate *c, size_t n, const struct ke_op *op,
    const char *type, bool *is_op, struct ke_err *e)
{
	struct epoch *epoch;
	int status = -1;

	for (size_t i = 0; i < n; i++)
		c[i].eval = cJSON_CreateObject();
	epoch = get_epoch(op, type, n, is_op, e);
	if (epoch != NULL)
		status = evaluate(epoch, &settings, c, n, e);
	if (epoch != shared)
		epoch_close(epoch);
	for (size_t i = 0; i < n; i++)
		if (status == 0)
			ke_json_set(c[i].rec, "eval", c[i].eval);
		else
			cJSON_Delete(c[i].eval);
	return status;
}

/* A record by itself, once more. */
static int
again(cJSON *rec, const struct ke_op *op, const char *type, const char *where)
{
	struct candidate c = {.rec = rec, .name = where};
	struct ke_err e;
	bool is_op = false;

	return run_group(&c, 1, op, type, &is_op, &e) == 0 ? 0
	    : failed(rec, where, is_op, &e);
}

/* One of those that waited has been evaluated: compares it, prints it. */
static int
conclude(const struct waiting *w, size_t i)
{
	cJSON *rec = w->of[i].rec;
	int status = 0;

	if (recheck.earlier.path != NULL && !ke_record_failed(rec))
		status = recheck_hold(&recheck, &(struct recheck_of){rec,
		    w->op, w->type, settings.set, w->of[i].name,
		    w->of[i].where, again});
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
	settings.full = waiting.full;
	for (size_t i = 0; i < waiting.n; i++)
		c[i] = (struct candidate){.rec = waiting.of[i].rec,
		    .name = waiting.of[i].name};
	done = run_group(c, waiting.n, waiting.op, waiting.type, &is_op, &e);
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
	bool full = settings.full;
	int status = 0, own = 0;

	if (waiting.n == GROUP_MAX)
		warnx("%s: begins a new group: one has at most %d candidates",
		    where, GROUP_MAX);
	if (!waiting_fits(&waiting, op, type, full))
		status = run_waiting();
	if (status == KE_FILTER_FAILED)
		return status;
	waiting_add(&waiting, rec, name, where, op, type, full);
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
	    mode != COMPILE && mode != RUN && recheck.earlier.path == NULL))
		return finish(rec, name);
	if (complete(rec, &op, &type, &e) == -1) {
		ke_record_error(rec, TOOL, "record", "%s", e.msg);
		warnx("%s: %s", where, e.msg);
		status = KE_FILTER_REFUSED;
	} else {
		set_effort(rec, op, type);
		if (mode == EVALUATE)
			return wait_for_group(rec, op, type, name, where,
			    arg == NULL && !one_group);
		status = work(rec, op, type, where);
	}
	if (status == KE_FILTER_FAILED)
		return status;
	return finish(rec, name) != 0 ? KE_FILTER_FAILED : status;
}

static bool
is_candidate(const char *path)
{
	const char *dot = path == NULL ? NULL : strrchr(path, '.');

	return dot != NULL && strcmp(dot, ".c") == 0;
}

static int
candidate_file(char *path)
{
	struct ke_buf text = {0};
	struct ke_err e;
	cJSON *rec;
	int status;

	if (ke_file_read(path, SOURCE_MAX, &text, &e) == -1) {
		warnx("%s", e.msg);
		return KE_FILTER_REFUSED;
	}
	rec = cJSON_CreateObject();
	ke_json_add_number(rec, "v", 1);
	ke_json_set_string(rec, "language", "c");
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
	if (!one_group)
		before = run_waiting();
	if (before == KE_FILTER_FAILED)
		return before;
	status = ke_filter(path == NULL ? &one[1] : one, each, NULL, gone);
	return status > before ? status : before;
}

static int
all_inputs(char **argv)
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

/* -i: what a run is to be created from. */
static int
print_info(void)
{
	struct ke_err e;
	const struct ke_op *op = op_name == NULL ? NULL : find_op(op_name, &e);
	const char *type = dtype;
	cJSON *o;
	int status;

	if (op == NULL)
		errx(op_name == NULL ? 2 : 1, "%s", op_name == NULL
		    ? "-i needs -o" : e.msg);
	if (type == NULL)
		type = ke_op_default_dtype(op);
	o = cJSON_CreateObject();
	ke_json_add_number(o, "v", 1);
	ke_json_set_string(o, "op", op->name);
	ke_json_set_string(o, "target", "cpu");
	ke_json_set_string(o, "language", "c");
	ke_json_set_string(o, "dtype", type);
	ke_json_set(o, "baseline", baseline(op));
	ke_json_set(o, "env", environment(op, type, "cpu", &settings));
	status = ke_filter_emit(o);
	cJSON_Delete(o);
	return status;
}

/* -R: the check cases, or those of the set given. */
static int
print_cases(void)
{
	struct ke_err e;
	const struct ke_op *op = op_name == NULL ? NULL : find_op(op_name, &e);
	const char *type = dtype;

	if (op == NULL)
		errx(op_name == NULL ? 2 : 1, "%s", op_name == NULL
		    ? "-R needs -o" : e.msg);
	if (type == NULL)
		type = ke_op_default_dtype(op);
	if (ke_json_object(ke_json_object(op->json, "dtypes"), type) == NULL)
		errx(2, "%s has no dtype %s", op->name, type);
	ke_filter_signals();
	return print_reference(op, type, settings.set, (uint64_t)seed);
}

/* -A: the operators that -o and the arguments name. */
static int
admissions(char **argv)
{
	char *named[] = {op_name == NULL ? NULL : ke_strdup(op_name), NULL};
	int status, got;

	if (op_name == NULL && *argv == NULL)
		errx(2, "-A needs -o, or an operator");
	status = print_admissions(named, dtype, &settings, as_table);
	free(named[0]);
	if (status == KE_FILTER_FAILED)
		return status;
	got = print_admissions(argv, dtype, &settings, as_table);
	return got > status ? got : status;
}

/* -l: each target of this version, and why it is not usable where it isn't. */
static int
print_targets(void)
{
	if (strcmp(compiler_version(), "no compiler") == 0)
		printf("cpu\tnot usable: no cc in PATH\n");
	else
		printf("cpu\tusable: %d cores, %s\n", settings.workers,
		    compiler_version());
	return 0;
}

static int
online(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == -1 ? 1
	    : CPU_COUNT(&set);
}

static int64_t
number(const char *s, int64_t min, int64_t max)
{
	struct ke_err e;
	int64_t v;

	if (ke_num_int(s, min, max, &v, &e) == -1)
		errx(2, "%s", e.msg);
	return v;
}

static void
usage(FILE *f, int status)
{
	fprintf(f, "usage: ke-eval [-AcgilRrTvhV] [-C old] [-e effort] "
	    "[-j jobs] [-k dir]\n               [-n count] [-o op] [-S seed] "
	    "[-s set] [-t target]\n               [-w workers] [-y dtype] "
	    "[file ...]\n");
	exit(status);
}

static bool list;

static int
letter(int argc, char **argv)
{
	return getopt(argc, argv, "AC:cgilRrTvhVe:j:k:n:o:S:s:t:w:y:");
}

static void
options(int argc, char **argv)
{
	int c;

	settings.workers = online();
	settings.jobs = settings.workers;
	while ((c = letter(argc, argv)) != -1)
		switch (c) {
		case 'A':
			mode = ADMIT;
			break;
		case 'C':
			recheck.earlier.path = optarg;
			break;
		case 'c':
			mode = COMPILE;
			break;
		case 'g':
			one_group = true;
			break;
		case 'i':
			mode = INFO;
			break;
		case 'l':
			list = true;
			break;
		case 'R':
			mode = REFERENCE;
			break;
		case 'r':
			mode = RUN;
			break;
		case 'T':
			as_table = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			usage(stdout, 0);
			break;
		case 'V':
			printf(TOOL " " KE_VERSION "\n");
			exit(ke_filter_end(0));
		case 'e':
			effort_given = true;
			full_default = strcmp(optarg, "full") == 0;
			if (!full_default && strcmp(optarg, "quick") != 0)
				errx(2, "%s: not quick or full", optarg);
			break;
		case 'j':
			settings.jobs = (int)number(optarg, 1, 1024);
			break;
		case 'k':
			keep_dir = optarg;
			break;
		case 'n':
			executions = number(optarg, 1, 4096);
			break;
		case 'o':
			op_name = optarg;
			break;
		case 'S':
			seed = number(optarg, 0, INT64_MAX);
			break;
		case 's':
			settings.set = optarg;
			break;
		case 't':
			target = optarg;
			if (strcmp(target, "cpu") != 0)
				errx(2, "%s: no such target; ke-eval -l lists "
				    "them", target);
			break;
		case 'w':
			settings.workers = (int)number(optarg, 1, online());
			break;
		case 'y':
			dtype = optarg;
			break;
		default:
			usage(stderr, 2);
		}
	if (settings.set == NULL)
		settings.set = mode == REFERENCE ? "check" : "small";
	if (strcmp(settings.set, "check") == 0 && mode != REFERENCE)
		errx(2, "-s check: the set is for correctness only");
	if (recheck.earlier.path != NULL && (mode != EVALUATE || list))
		errx(2, "-C compares evaluations; not with -A, -c, -i, -l, -R, "
		    "-r");
}

int
main(int argc, char **argv)
{
	struct ke_err e;
	int status;

	if (strcmp(argv[0], RUNNER_NAME) == 0)
		return runner_main(argc, argv);
	if (strcmp(argv[0], COMPILER_NAME) == 0)
		return compiler_main(argc, argv);
	options(argc, argv);
	if (list)
		return ke_filter_end(print_targets());
	if (mode == ADMIT)
		return ke_filter_end(admissions(argv + optind));
	if (mode == INFO)
		return ke_filter_end(print_info());
	if (mode == REFERENCE)
		return ke_filter_end(print_cases());
	ke_output_watch();
	if (recheck.earlier.path != NULL &&
	    earlier_read(&recheck.earlier, recheck.earlier.path, &e) == -1)
		errx(1, "%s", e.msg);
	if (as_table)
		table_open(&table, stdout);
	status = all_inputs(argv + optind);
	if (as_table)
		table_close(&table);
	epoch_close(shared);
	earlier_free(&recheck.earlier);
	if (recheck.regressed && status != KE_FILTER_FAILED)
		status = REGRESSION;
	return ke_filter_end(status);
}
