/* Says why a kernel is not faster: ke-profile(1). */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "filter.h"
#include "num.h"
#include "profile.h"
#include "record.h"
#include "spawn.h"
#include "stream.h"

#define WORKERS_MAX 1024

/* In the order in which they run: the last reads what the others found. */
static const struct pass {
	const char *name;
	int (*run)(struct job *, struct ke_err *);
	int (*here)(struct ke_err *); /* NULL: always */
	/* Members that depend on the candidate alone; NULL where they depend
	 * on its evaluation, so that nothing is kept. */
	const char *keep[2];
} passes[] = {
	{"compile", pass_compile, compile_here,
	    {"vectorised", "not_vectorised"}},
	{"mix", pass_mix, mix_here, {"mix", NULL}},
	{"counters", pass_counters, counters_here, {"counters", NULL}},
	{"roofline", pass_roofline, roofline_here, {NULL, NULL}},
	{"bottleneck", pass_bottleneck, NULL, {NULL, NULL}},
};

static bool chosen[KE_LEN(passes)], list, verbose;
static int default_workers;

/* Is it a candidate that passed, and that nobody looked at before? */
static bool
is_ours(const cJSON *rec)
{
	const char *status = ke_json_string(ke_json_object(rec, "eval"),
	    "status");

	return !ke_record_failed(rec) &&
	    ke_json_object(rec, "profile") == NULL && status != NULL &&
	    ke_status_find(status) == KE_PASS;
}

/* What no pass can do without: 0, or -1 with the reason. */
static int
check_place(const struct job *j, struct ke_err *e)
{
	const char *target = ke_json_string(j->rec, "target");
	const char *cpu = ke_json_string(ke_json_object(j->eval, "env"),
	    "cpu");

	if (target != NULL && strcmp(target, "cpu") != 0)
		return ke_fail(e, "target %s: only cpu is known", target);
	if (cpu != NULL && strcmp(cpu, j->session->machine.model) != 0)
		return ke_fail(e, "evaluated on %s, this is %s", cpu,
		    j->session->machine.model);
	return 0;
}

static cJSON *
outcome(const char *name, const char *why)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set_string(o, "name", name);
	ke_json_set(o, "ok", cJSON_CreateBool(why == NULL));
	if (why != NULL)
		ke_json_set_string(o, "why", why);
	return o;
}

static void
copy_members(const struct pass *p, cJSON *to, const cJSON *from)
{
	for (size_t i = 0; i < KE_LEN(p->keep) && p->keep[i] != NULL; i++) {
		const cJSON *v = ke_json_get(from, p->keep[i]);

		if (v != NULL)
			ke_json_set(to, p->keep[i], cJSON_Duplicate(v, 1));
	}
}

/* False where the pass found nothing about this candidate before. */
static bool
recall(const struct pass *p, const cJSON *kept, struct job *j)
{
	const cJSON *found = ke_json_object(kept, p->name);

	copy_members(p, j->profile, found);
	return found != NULL;
}

static void
keep(const struct pass *p, cJSON *kept, const struct job *j)
{
	cJSON *found;

	if (p->keep[0] == NULL || kept == NULL)
		return;
	found = cJSON_CreateObject();
	copy_members(p, found, j->profile);
	ke_json_set(kept, p->name, found);
}

static void
run_pass(const struct pass *p, cJSON *kept, struct job *j, cJSON *done,
    const char *where)
{
	struct ke_err e;
	double start = ke_now();
	bool bad = check_place(j, &e) == -1;

	if (!bad && recall(p, kept, j))
		;
	else if (!bad && p->run(j, &e) == 0)
		keep(p, kept, j);
	else
		bad = true;
	cJSON_AddItemToArray(done, outcome(p->name, bad ? e.msg : NULL));
	if (verbose)
		warnx("%s: %s: %s, %.3f s", where, p->name,
		    bad ? e.msg : "ok", ke_now() - start);
}

/* The candidate alone, as a record for ke-eval; NULL without a source. */
static char *
request(const cJSON *rec)
{
	static const char *const members[] = {"v", "op", "target", "language",
	    "dtype", "source", "choice"};
	cJSON *o;
	char *text;

	if (ke_json_string(rec, "source") == NULL)
		return NULL;
	o = cJSON_CreateObject();
	for (size_t i = 0; i < KE_LEN(members); i++) {
		const cJSON *v = ke_json_get(rec, members[i]);

		if (v != NULL)
			ke_json_set(o, members[i], cJSON_Duplicate(v, 1));
	}
	text = ke_json_print(o);
	cJSON_Delete(o);
	return text;
}

static void
run_passes(struct job *j, const char *where)
{
	cJSON *done = cJSON_CreateArray();
	cJSON *kept = j->request != NULL
	    ? kept_for(&j->session->kept, j->request) : NULL;

	ke_json_set(j->profile, "passes", done);
	for (size_t i = 0; i < KE_LEN(passes); i++)
		if (chosen[i])
			run_pass(&passes[i], kept, j, done, where);
}

static int
each(cJSON *rec, const char *where, void *arg)
{
	struct session *s = arg;
	struct job j = {.session = s, .rec = rec,
	    .eval = ke_json_object(rec, "eval")};
	double workers = ke_json_number(j.eval, "workers", default_workers);

	if (!is_ours(rec))
		return ke_filter_emit(rec);
	j.workers = workers >= 1 && workers <= WORKERS_MAX ? (int)workers
	    : default_workers;
	j.profile = cJSON_CreateObject();
	j.request = request(rec);
	run_passes(&j, where);
	build_remove(&j);
	free(j.request);
	ke_json_set(rec, "profile", j.profile);
	return ke_filter_emit(rec);
}

static int
print_list(struct session *s)
{
	struct ke_err e;
	cJSON *o, *all = cJSON_CreateArray();
	int status;

	if (ceilings_get(&s->machine, default_workers, &s->ceilings,
	    &e) == -1) {
		warnx("%s", e.msg);
		return KE_FILTER_FAILED;
	}
	o = ceilings_json(&s->machine, &s->ceilings);
	for (size_t i = 0; i < KE_LEN(passes); i++)
		cJSON_AddItemToArray(all, outcome(passes[i].name,
		    passes[i].here != NULL && passes[i].here(&e) == -1
		    ? e.msg : NULL));
	ke_json_set(o, "passes", all);
	status = ke_filter_emit(o);
	cJSON_Delete(o);
	return status;
}

static void
usage(FILE *to)
{
	fputs("usage: ke-profile [-hlvV] [-p pass,...] [-w workers] "
	    "[file ...]\n", to);
}

static void
choose_pass(const char *name, size_t n)
{
	for (size_t i = 0; i < KE_LEN(passes); i++)
		if (strlen(passes[i].name) == n &&
		    strncmp(passes[i].name, name, n) == 0) {
			chosen[i] = true;
			return;
		}
	warnx("-p: %.*s: no such pass", (int)n, name);
	usage(stderr);
	exit(2);
}

static void
choose(const char *names)
{
	memset(chosen, 0, sizeof(chosen));
	for (;;) {
		size_t n = strcspn(names, ",");

		choose_pass(names, n);
		if (names[n] == '\0')
			return;
		names += n + 1;
	}
}

static void
option(int c)
{
	struct ke_err e;
	int64_t n;

	switch (c) {
	case 'h':
		usage(stdout);
		exit(ke_filter_end(0));
	case 'l':
		list = true;
		return;
	case 'p':
		choose(optarg);
		return;
	case 'v':
		verbose = true;
		return;
	case 'V':
		puts("ke-profile " KE_VERSION);
		exit(ke_filter_end(0));
	case 'w':
		if (ke_num_int(optarg, 1, WORKERS_MAX, &n, &e) == -1) {
			warnx("-w: %s", e.msg);
			usage(stderr);
			exit(2);
		}
		default_workers = (int)n;
		return;
	default:
		usage(stderr);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct session s = {0};
	struct ke_err e;
	int c;

	memset(chosen, 1, sizeof(chosen));
	while ((c = getopt(argc, argv, "hlp:vVw:")) != -1)
		option(c);
	if (list && optind < argc) {
		warnx("-l: takes no file");
		usage(stderr);
		return 2;
	}
	if (machine_read(&s.machine, &e) == -1)
		errx(111, "%s", e.msg);
	if (default_workers == 0)
		default_workers = s.machine.n_cpus < WORKERS_MAX
		    ? (int)s.machine.n_cpus : WORKERS_MAX;
	if (list)
		return ke_filter_end(print_list(&s));
	ke_output_watch();
	return ke_filter_end(ke_filter(argv + optind, each, &s, NULL));
}
