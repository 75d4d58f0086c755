/* Hardware counters of one execution of a timed case, by perf_event_open(2).
 * They are opened on ourselves and inherited by ke-eval and what it starts;
 * a run of one execution is taken off a run of many, which leaves the
 * executions alone.  User mode only: that is what an unprivileged user may
 * count, and where a kernel runs. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "build.h"
#include "file.h"

#define RUNS 200 /* executions of the long run */

#define CACHE_READ_MISS(cache) ((cache) | PERF_COUNT_HW_CACHE_OP_READ << 8 | \
	PERF_COUNT_HW_CACHE_RESULT_MISS << 16)

static const struct {
	const char *name;
	uint32_t type;
	uint64_t config;
} counters[] = {
	{"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	{"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
	{"l1d_misses", PERF_TYPE_HW_CACHE,
	    CACHE_READ_MISS(PERF_COUNT_HW_CACHE_L1D)},
	{"llc_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
	{"branch_misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
};

/* Counts since it was opened; -1 for a counter that isn't there, or never
 * ran. */
struct counts {
	double of[KE_LEN(counters)];
};

static int
counter_open(size_t i)
{
	struct perf_event_attr a = {.type = counters[i].type,
	    .size = sizeof(a), .config = counters[i].config, .inherit = 1,
	    .exclude_kernel = 1, .exclude_hv = 1,
	    .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
	    PERF_FORMAT_TOTAL_TIME_RUNNING};

	return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1,
	    PERF_FLAG_FD_CLOEXEC);
}

/* Scaled up where the counters took turns. */
static double
counter_read(int fd)
{
	struct {
		uint64_t value, enabled, running;
	} r;

	if (fd == -1 || read(fd, &r, sizeof(r)) != (ssize_t)sizeof(r) ||
	    r.running == 0)
		return -1;
	return (double)r.value * ((double)r.enabled / (double)r.running);
}

/* Counts what argv does.  0, or -1 with the reason. */
static int
count_run(char *const *argv, struct counts *out, struct ke_err *e)
{
	int fds[KE_LEN(counters)];
	struct ke_child c;
	int status;

	for (size_t i = 0; i < KE_LEN(counters); i++)
		fds[i] = counter_open(i);
	status = build_run(argv, 65536, &c, e);
	for (size_t i = 0; i < KE_LEN(counters); i++) {
		out->of[i] = counter_read(fds[i]);
		if (fds[i] != -1)
			close(fds[i]);
	}
	if (status == 0)
		ke_buf_free(&c.output);
	return status;
}

static int
count_executions(const struct job *j, const char *n, struct counts *out,
    struct ke_err *e)
{
	char *record = build_path(j, "record"), *times = ke_strdup(n);
	char eval[] = "ke-eval", run[] = "-r", many[] = "-n", w[] = "-w";
	char workers[16], *const argv[] = {eval, run, many, times, w, workers,
	    record, NULL};
	int status;

	snprintf(workers, sizeof(workers), "%d", j->workers);
	status = count_run(argv, out, e);
	free(times);
	free(record);
	return status;
}

int
counters_here(struct ke_err *e)
{
	int fd = counter_open(0);

	if (fd == -1)
		return ke_fail(e, "no counters here: %s%s", strerror(errno),
		    errno == EACCES || errno == EPERM
		    ? " (/proc/sys/kernel/perf_event_paranoid)" : "");
	close(fd);
	return build_has("ke-eval", e);
}

int
pass_counters(struct job *j, struct ke_err *e)
{
	struct counts one, many;
	cJSON *o;
	char n[16];

	if (counters_here(e) == -1 || build_candidate(j, e) == -1)
		return -1;
	snprintf(n, sizeof(n), "%d", RUNS + 1);
	if (count_executions(j, "1", &one, e) == -1 ||
	    count_executions(j, n, &many, e) == -1)
		return -1;
	o = cJSON_CreateObject();
	for (size_t i = 0; i < KE_LEN(counters); i++)
		if (one.of[i] >= 0 && many.of[i] >= one.of[i])
			ke_json_set_number(o, counters[i].name,
			    (double)(long long)((many.of[i] - one.of[i]) /
			    RUNS));
	ke_json_set(j->profile, "counters", o);
	return 0;
}
