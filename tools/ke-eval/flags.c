/* What makes a result doubtful, in words: the record's flags.
 *
 * The bounds are of what changes a time by more than a per cent or so; below
 * them nobody needs to be told. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "state.h"

#define WAITING 0.25 /* of the time: our own wake-ups make up to 0.2 of it, on
		      * two processors */
#define LOADED 1.5   /* load average a processor, where pressure isn't told */
#define STOLEN 0.02  /* of the processors' time */
#define LIMITED 0.98 /* of the highest frequency */
#define AUDIT 1.15   /* times the floor */

static void
flag(cJSON *flags, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
flag(cJSON *flags, const char *code, const char *fmt, ...)
{
	cJSON *o = cJSON_CreateObject();
	struct ke_err e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	ke_json_set_string(o, "code", code);
	ke_json_set_string(o, "detail", e.msg);
	cJSON_AddItemToArray(flags, o);
}

/* What others did while we measured. */
static void
flag_others(cJSON *flags, const cJSON *env)
{
	double load = ke_json_number(env, "load_1m", 0);
	double cores = ke_json_number(env, "cores", 1);
	double waiting = ke_json_number(env, "waiting", NAN);
	double steal = ke_json_number(env, "steal", 0);
	double pages = ke_json_number(env, "swapped_pages", 0);

	if (waiting > WAITING)
		flag(flags, "load", "tasks waited for a processor %.0f %% of "
		    "the time; the load average is %.1f on %.0f processors",
		    100 * waiting, load, cores);
	else if (isnan(waiting) && load > LOADED * cores)
		flag(flags, "load", "the load average is %.1f on %.0f "
		    "processors", load, cores);
	if (steal > STOLEN)
		flag(flags, "steal", "the host took %.1f %% of the processors' "
		    "time for other machines", 100 * steal);
	if (pages > 0)
		flag(flags, "swap", "%.0f pages were swapped", pages);
}

/* How fast the processors could be. */
static void
flag_clock(cJSON *flags, const cJSON *env)
{
	const char *governor = ke_json_string(env, "governor");
	double limit = ke_json_number(env, "mhz_limit", NAN);
	double max = ke_json_number(env, "mhz_max", NAN);
	double heat = ke_json_number(env, "thermal_throttles", 0);
	double shared = ke_json_number(env, "smt_shared", 0);

	if (governor != NULL && strcmp(governor, "performance") != 0)
		flag(flags, "governor", "the frequency governor is %s, not "
		    "performance", governor);
	if (ke_json_true(env, "boost"))
		flag(flags, "boost", "boost is on: the clock follows heat and "
		    "what the other cores do");
	if (limit < LIMITED * max)
		flag(flags, "frequency", "the clock is limited to %.0f of "
		    "%.0f MHz", limit, max);
	if (heat > 0)
		flag(flags, "thermal", "heat slowed cores %.0f times", heat);
	if (shared > 0)
		flag(flags, "smt", "%.0f workers share cores with each other",
		    shared);
}

/* A time that is next to impossible deserves a look. */
static void
flag_audit(cJSON *flags, const cJSON *cases)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, cases) {
		double floor_us = ke_json_number(c, "floor_us", 0);
		double us = ke_json_number(c, "t_us", INFINITY);

		if (us < AUDIT * floor_us)
			flag(flags, "audit", "%.4g us for %.4g bytes: the "
			    "floor is %.4g us", us, ke_json_number(c, "bytes",
			    0), floor_us);
	}
}

void
state_flags(cJSON *eval)
{
	cJSON *flags = cJSON_CreateArray();
	const cJSON *env = ke_json_object(eval, "env");

	flag_audit(flags, ke_json_array(eval, "cases"));
	flag_others(flags, env);
	flag_clock(flags, env);
	ke_json_set(eval, "flags", flags);
}
