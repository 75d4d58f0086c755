/* ke-eval: compile, verify and time candidate kernels.  See ke-eval(1). */
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "cc.h"
#include "filter.h"
#include "gpu.h"
#include "num.h"
#include "stream.h"

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

static int
letter(int argc, char **argv)
{
	return getopt(argc, argv, "AC:cgilRrTvhVe:j:k:n:o:S:s:t:w:y:");
}

static void
options(int argc, char **argv)
{
	int c;

	call.settings.workers = online();
	call.settings.jobs = call.settings.workers;
	while ((c = letter(argc, argv)) != -1)
		switch (c) {
		case 'A':
			call.mode = ADMIT;
			break;
		case 'C':
			call.earlier = optarg;
			break;
		case 'c':
			call.mode = COMPILE;
			break;
		case 'g':
			call.one_group = true;
			break;
		case 'i':
			call.mode = INFO;
			break;
		case 'l':
			call.mode = LIST;
			break;
		case 'R':
			call.mode = REFERENCE;
			break;
		case 'r':
			call.mode = RUN;
			break;
		case 'T':
			call.table = true;
			break;
		case 'v':
			call.verbose = true;
			break;
		case 'h':
			usage(stdout, 0);
			break;
		case 'V':
			printf(TOOL " " KE_VERSION "\n");
			exit(ke_filter_end(0));
		case 'e':
			call.effort_given = true;
			call.full = strcmp(optarg, "full") == 0;
			if (!call.full && strcmp(optarg, "quick") != 0)
				errx(2, "%s: not quick or full", optarg);
			break;
		case 'j':
			call.settings.jobs = (int)number(optarg, 1, 1024);
			break;
		case 'k':
			call.keep_dir = optarg;
			break;
		case 'n':
			call.executions = number(optarg, 1, 4096);
			break;
		case 'o':
			call.op = optarg;
			break;
		case 'S':
			call.seed = number(optarg, 0, INT64_MAX);
			break;
		case 's':
			call.settings.set = optarg;
			break;
		case 't':
			call.target = optarg;
			call.settings.target = target_find(optarg);
			if (call.settings.target == NULL)
				errx(2, "%s: no such target; ke-eval -l lists "
				    "them", call.target);
			break;
		case 'w':
			call.settings.workers = (int)number(optarg, 1,
			    online());
			break;
		case 'y':
			call.dtype = optarg;
			break;
		default:
			usage(stderr, 2);
		}
	if (call.settings.target == NULL)
		call.settings.target = &target_cpu;
	if (call.settings.set == NULL && call.mode == REFERENCE)
		call.settings.set = "check";
	if (call.settings.set != NULL && call.mode != REFERENCE &&
	    strcmp(call.settings.set, "check") == 0)
		errx(2, "-s check: the set is for correctness only");
	if (call.earlier != NULL && call.mode != EVALUATE)
		errx(2, "-C compares evaluations; not with -A, -c, -i, -l, -R, "
		    "-r");
}

int
main(int argc, char **argv)
{
	if (strcmp(argv[0], RUNNER_NAME) == 0)
		return runner_main(argc, argv);
	if (strcmp(argv[0], GPU_RUNNER_NAME) == 0)
		return gpu_runner_main(argv);
	if (strcmp(argv[0], COMPILER_NAME) == 0)
		return compiler_main(argc, argv);
	options(argc, argv);
	switch (call.mode) {
	case ADMIT:
		return ke_filter_end(print_admitted(argv + optind));
	case INFO:
		return ke_filter_end(print_info());
	case LIST:
		return ke_filter_end(print_targets());
	case REFERENCE:
		return ke_filter_end(print_cases());
	default:
		ke_output_watch();
		return ke_filter_end(call_inputs(argv + optind));
	}
}
