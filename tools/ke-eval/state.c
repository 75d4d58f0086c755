/* The machine's state.
 *
 * Who else works here is not told by the load average, in which our own last
 * minute is counted, but by the pressure (PSI): the time in which some task
 * waited for a processor.  Ours leave each other the processors, so that on a
 * quiet machine there is little of it. */
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "measure.h"
#include "num.h"
#include "spawn.h"
#include "state.h"

#define CPU "/sys/devices/system/cpu"
#define RAPL "/sys/class/powercap/intel-rapl:%d/"
#define TEXT_MAX ((size_t)1 << 20)
#define PROBES 5 /* of which the fastest counts: it was not interrupted */

/* The file's text, without the newline at its end; NULL where there is none.
 * The caller frees. */
static char *
slurp(const char *root, const char *path)
{
	struct ke_buf name = {0}, text = {0};
	struct ke_err e;

	ke_buf_fmt(&name, "%s%s", root, path);
	ke_buf_str(&text, "");
	if (ke_file_read(name.s, TEXT_MAX, &text, &e) == -1) {
		ke_buf_free(&text);
		text.s = NULL;
	} else if (text.n > 0 && text.s[text.n - 1] == '\n') {
		text.s[text.n - 1] = '\0';
	}
	ke_buf_free(&name);
	return text.s;
}

/* The number behind key in the file's text (key "": the first), or NaN. */
static double
number_after(const char *root, const char *path, const char *key)
{
	char *text = slurp(root, path), *end;
	const char *at = text == NULL ? NULL : strstr(text, key);
	double v = NAN;

	if (at != NULL) {
		v = strtod(at + strlen(key), &end);
		v = end == at + strlen(key) ? NAN : v;
	}
	free(text);
	return v;
}

/* Of the line "cpu  user nice system idle iowait irq softirq steal ...". */
static void
read_ticks(struct state *s, const char *root)
{
	char *text = slurp(root, "/proc/stat"), *at, *end;

	s->ticks = s->stolen = NAN;
	if (text != NULL && strncmp(text, "cpu ", 4) == 0) {
		s->ticks = 0;
		at = text + 4;
		for (int i = 0; i < 8; i++, at = end) {
			s->stolen = strtod(at, &end);
			s->ticks += s->stolen;
		}
	}
	free(text);
}

static double
count_throttles(const char *root)
{
	double all = NAN, n;

	for (int c = 0; c < CPU_SETSIZE; c++) {
		char path[128];

		snprintf(path, sizeof(path), CPU "/cpu%d/thermal_throttle/"
		    "core_throttle_count", c);
		n = number_after(root, path, "");
		if (isnan(n))
			break;
		all = isnan(all) ? n : all + n;
	}
	return all;
}

/* Of zones that are packages; what they have inside is in their counts. */
double
state_joules(const char *root)
{
	double all = NAN, n;

	for (int zone = 0; ; zone++) {
		char path[128];
		char *name;
		bool is_package;

		snprintf(path, sizeof(path), RAPL "name", zone);
		name = slurp(root, path);
		if (name == NULL)
			return all;
		is_package = strncmp(name, "package", 7) == 0;
		free(name);
		snprintf(path, sizeof(path), RAPL "energy_uj", zone);
		n = number_after(root, path, "");
		if (is_package && !isnan(n))
			all = (isnan(all) ? 0 : all) + 1e-6 * n;
	}
}

double
state_spent(double from, double to)
{
	return to >= from ? to - from : NAN;
}

void
state_read(struct state *s, const char *root)
{
	s->probe_s = INFINITY;
	for (int i = 0; i < PROBES; i++)
		s->probe_s = fmin(s->probe_s, measure_probe());
	s->now_s = ke_now();
	s->load = number_after(root, "/proc/loadavg", "");
	s->waited_us = number_after(root, "/proc/pressure/cpu", " total=");
	s->swapped = number_after(root, "/proc/vmstat", "\npswpin ") +
	    number_after(root, "/proc/vmstat", "\npswpout ");
	s->throttled = count_throttles(root);
	read_ticks(s, root);
}

void
state_between(cJSON *env, const struct state *a, const struct state *b)
{
	double ticks = b->ticks - a->ticks;

	ke_json_set_number(env, "load_1m", a->load);
	ke_json_set_number(env, "waiting", (b->waited_us - a->waited_us) /
	    1e6 / fmax(b->now_s - a->now_s, 1e-3));
	ke_json_set_number(env, "steal", ticks > 0
	    ? (b->stolen - a->stolen) / ticks : 0 * ticks);
	ke_json_set_number(env, "swapped_pages", b->swapped - a->swapped);
	ke_json_set_number(env, "thermal_throttles",
	    b->throttled - a->throttled);
	ke_json_set_number(env, "probe_us", 1e6 * fmin(a->probe_s,
	    b->probe_s));
}

/* Is the processor in a list such as "0-3,8"? */
static bool
listed(const char *list, int cpu)
{
	char *end;

	for (const char *s = list; *s != '\0'; s = end + (*end == ',')) {
		long from = strtol(s, &end, 10), to = from;

		if (end == s)
			return false;
		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		if (from <= cpu && cpu <= to)
			return true;
		if (*end != ',' && *end != '\0')
			return false;
	}
	return false;
}

/* How many of the workers' processors share a core with another of them: the
 * workers are pinned to the first that we may use. */
static int
count_shared(const char *root, int workers)
{
	cpu_set_t have, used;
	int n = 0, shared = 0;

	CPU_ZERO(&used);
	if (sched_getaffinity(0, sizeof(have), &have) == -1)
		return 0;
	for (int c = 0; c < CPU_SETSIZE && n < workers; c++)
		if (CPU_ISSET(c, &have) && ++n)
			CPU_SET(c, &used);
	for (int c = 0; c < CPU_SETSIZE; c++) {
		char path[128], *list;
		bool with = false;

		if (!CPU_ISSET(c, &used))
			continue;
		snprintf(path, sizeof(path), CPU "/cpu%d/topology/"
		    "thread_siblings_list", c);
		list = slurp(root, path);
		for (int o = 0; list != NULL && o < CPU_SETSIZE; o++)
			with = with || (o != c && CPU_ISSET(o, &used) &&
			    listed(list, o));
		shared += with;
		free(list);
	}
	return shared;
}

void
state_settings(cJSON *env, const char *root, int workers)
{
	char *governor = slurp(root, CPU "/cpu0/cpufreq/scaling_governor");
	double boost = number_after(root, CPU "/cpufreq/boost", "");
	double off = number_after(root, CPU "/intel_pstate/no_turbo", "");

	if (governor != NULL)
		ke_json_set_string(env, "governor", governor);
	free(governor);
	if (!isnan(boost) || !isnan(off))
		ke_json_set(env, "boost", cJSON_CreateBool(boost == 1 ||
		    off == 0));
	ke_json_set_number(env, "mhz_limit", number_after(root, CPU
	    "/cpu0/cpufreq/scaling_max_freq", "") / 1e3);
	ke_json_set_number(env, "mhz_max", number_after(root, CPU
	    "/cpu0/cpufreq/cpuinfo_max_freq", "") / 1e3);
	ke_json_set_number(env, "smt_shared", count_shared(root, workers));
}
