/* Keeps everything: runs, nodes, what was measured, what is in flight. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "filter.h"
#include "num.h"
#include "verbs.h"

#define WAIT_S 30

static const struct {
	const char *name;
	int (*run)(struct options *, int, char **);
} verbs[] = {
	{"init", verb_init},
	{"run", verb_run},
	{"nodes", verb_nodes},
	{"expand", verb_expand},
	{"known", verb_known},
	{"add", verb_add},
	{"get", verb_get},
	{"best", verb_best},
	{"reuse", verb_reuse},
	{"export", verb_export},
	{"import", verb_import},
	{"gc", verb_gc},
	{"fsck", verb_fsck},
};

static const char synopsis[] =
    "usage: ke-store [-d store] [-w seconds] init\n"
    "       ke-store [-d store] [-w seconds] run [name]\n"
    "       ke-store [-d store] [-w seconds] run -c name [file]\n"
    "       ke-store [-d store] [-w seconds] run -x reason name\n"
    "       ke-store [-d store] [-w seconds] nodes [-f] [-r run]\n"
    "       ke-store [-d store] [-w seconds] expand [-p pid] [-x seconds]"
    " [file ...]\n"
    "       ke-store [-d store] [-w seconds] known [-k key] [file ...]\n"
    "       ke-store [-d store] [-w seconds] add [-r run] [file ...]\n"
    "       ke-store [-d store] [-w seconds] get [-ms] id ...\n"
    "       ke-store [-d store] [-w seconds] best [-aq] [-r run]\n"
    "       ke-store [-d store] [-w seconds] reuse [-n count] [-r run]"
    " [word ...]\n"
    "       ke-store [-d store] [-w seconds] export [run ...]\n"
    "       ke-store [-d store] [-w seconds] import [-r run] [file ...]\n"
    "       ke-store [-d store] [-w seconds] gc [-n]\n"
    "       ke-store [-d store] [-w seconds] fsck\n";

void
usage(void)
{
	fputs(synopsis, stderr);
	exit(2);
}

int
verb_init(struct options *o, int argc, char **argv)
{
	struct store st;

	if (getopt(argc, argv, "+") != -1 || optind < argc)
		usage();
	store_open(&st, o->dir, o->wait_ms, true);
	return 0;
}

static int
call(struct options *o, int argc, char **argv)
{
	for (size_t i = 0; argc > 0 && i < KE_LEN(verbs); i++)
		if (strcmp(argv[0], verbs[i].name) == 0) {
			argv[0] = program_invocation_short_name;
			optind = 0; /* glibc: begin anew */
			return verbs[i].run(o, argc, argv);
		}
	if (argc > 0)
		warnx("%s: no such verb", argv[0]);
	usage();
}

int
main(int argc, char **argv)
{
	struct options o = {getenv("KE_STORE"), WAIT_S * 1000};
	struct ke_err e;
	int64_t seconds;
	int c;

	if (o.dir == NULL || *o.dir == '\0')
		o.dir = "./ke-runs";
	/* a limit on file size is a full disk, not a death */
	signal(SIGXFSZ, SIG_IGN);
	while ((c = getopt(argc, argv, "+d:w:hV")) != -1)
		switch (c) {
		case 'd':
			o.dir = optarg;
			break;
		case 'w':
			if (ke_num_int(optarg, 0, 86400, &seconds, &e) == -1)
				errx(2, "-w %s", e.msg);
			o.wait_ms = (int)seconds * 1000;
			break;
		case 'h':
			fputs(synopsis, stdout);
			return ke_filter_end(0);
		case 'V':
			printf("ke-store %s\n", KE_VERSION);
			return ke_filter_end(0);
		default:
			usage();
		}
	return ke_filter_end(call(&o, argc - optind, argv + optind));
}
