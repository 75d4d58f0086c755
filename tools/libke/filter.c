/* The loop of every filter. */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "filter.h"
#include "record.h"
#include "stream.h"

void
ke_filter_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
}

cJSON *
ke_filter_parse(const char *line, size_t n, const char *where)
{
	struct ke_err e;
	cJSON *rec = ke_json_parse(line, n, &e);

	if (rec != NULL && ke_record_check(rec, &e) == 0)
		return rec;
	cJSON_Delete(rec);
	warnx("%s: %s", where, e.msg);
	return NULL;
}

int
ke_filter_emit(const cJSON *v)
{
	struct ke_err e;

	if (ke_emit(v, &e) == 0)
		return 0;
	warnx("%s", e.msg);
	return KE_FILTER_FAILED;
}

int
ke_filter_end(int status)
{
	struct ke_err e;

	if (ke_closeout(&e) != 0) {
		if (status != KE_FILTER_FAILED)
			warnx("%s", e.msg);
		return KE_FILTER_FAILED;
	}
	return status;
}

static int
filter_one(struct ke_input *in, int (*each)(cJSON *, const char *, void *),
    void *arg, int *gone)
{
	struct ke_err e;
	struct ke_buf where = {0};
	char *line;
	size_t n;
	int status = 0, got = 0;

	while (got != KE_FILTER_FAILED) {
		enum ke_read r = ke_input_line(in, &line, &n, -1, &e);
		cJSON *rec;

		if (r == KE_READ_TIMEOUT)
			continue;
		if (r == KE_READ_ERROR) {
			warnx("%s", e.msg);
			got = KE_FILTER_REFUSED;
		}
		if (r == KE_READ_GONE)
			*gone = 1;
		if (r != KE_READ_LINE)
			break;
		where.n = 0;
		ke_buf_fmt(&where, "%s:%zu", in->name, in->line);
		rec = ke_filter_parse(line, n, where.s);
		got = rec == NULL ? KE_FILTER_REFUSED : each(rec, where.s, arg);
		cJSON_Delete(rec);
		status = got > status ? got : status;
	}
	ke_buf_free(&where);
	return got > status ? got : status;
}

int
ke_filter(char **argv, int (*each)(cJSON *, const char *, void *), void *arg,
    int *gone)
{
	static char *const standard[] = {NULL, NULL};
	char *const *files = argv[0] != NULL ? argv : standard;
	int status = 0, none = 0, *left = gone != NULL ? gone : &none;

	ke_filter_signals();
	do {
		struct ke_input in;
		struct ke_err e;
		int got;

		if (ke_input_open(&in, *files, &e) == -1) {
			warnx("%s", e.msg);
			status = status > 1 ? status : KE_FILTER_REFUSED;
			continue;
		}
		got = filter_one(&in, each, arg, left);
		status = got > status ? got : status;
		ke_input_close(&in);
	} while (!*left && status != KE_FILTER_FAILED && *files != NULL &&
	    *++files != NULL);
	return status;
}
