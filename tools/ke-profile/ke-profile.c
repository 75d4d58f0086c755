/* Says why a kernel is not faster: ke-profile(1). */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "num.h"
#include "profile.h"
#include "record.h"
#include "spawn.h"

#define WORKERS_MAX 1024

/* In the order in which they run: the last reads what the others found. */
static const struct pass {
	const char *name;
	int (*run)(struct job *, struct ke_err *);
	int (*here)(struct ke_err *); /* NULL: always */
} passes[] = {
	{"roofline", pass_roofline, roofline_here},
	{"bottleneck", pass_bottleneck, NULL},
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
run_passes(struct job *j, const char *where)
{
	cJSON *done = cJSON_CreateArray();

	ke_json_set(j->profile, "passes", done);
	for (size_t i = 0; i < KE_LEN(passes); i++) {
		struct ke_err e;
		double start = ke_now();
		int bad;

		if (!chosen[i])
			continue;
		bad = check_place(j, &e) == -1 || passes[i].run(j, &e) == -1;
		cJSON_AddItemToArray(done, outcome(passes[i].name,
		    bad ? e.msg : NULL));
		if (verbose)
			warnx("%s: %s: %s, %.3f s", where, passes[i].name,
			    bad ? e.msg : "ok", ke_now() - start);
	}
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
	run_passes(&j, where);
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
	fputs("usage: ke-profile [-hlvV] [-j workers] [-p pass,...] "
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
	case 'j':
		if (ke_num_int(optarg, 1, WORKERS_MAX, &n, &e) == -1) {
			warnx("-j: %s", e.msg);
			usage(stderr);
			exit(2);
		}
		default_workers = (int)n;
		return;
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
	while ((c = getopt(argc, argv, "hj:lp:vV")) != -1)
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
	return ke_filter_end(ke_filter(argv + optind, each, &s, NULL));
}
