/* The machine's state, from a tree of files such as the system's, and the
 * flags that follow from it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/ke-eval/state.h"
#include "file.h"

static char root[64];

static void
put(const char *path, const char *text)
{
	struct ke_err e;
	char full[256], *slash;

	snprintf(full, sizeof(full), "%s%s", root, path);
	slash = strrchr(full, '/');
	*slash = '\0';
	assert_int_equal(ke_file_mkdirs(full, &e), 0);
	*slash = '/';
	assert_int_equal(ke_file_write(full, text, strlen(text), &e), 0);
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/test_eval_state.XXXXXX");
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static double
got(const cJSON *env, const char *name)
{
	return ke_json_number(env, name, -1);
}

static void
what_changes(void **state)
{
	cJSON *env = cJSON_CreateObject();
	struct state a, b;

	(void)state;
	put("/proc/stat", "cpu  100 0 100 700 0 0 0 100 9 9\ncpu0 1 2\n");
	put("/proc/loadavg", "3.25 1 1 2/90 77\n");
	put("/proc/pressure/cpu", "some avg10=1.00 avg300=0 total=1000\n"
	    "full avg10=0 avg60=0 avg300=0 total=7\n");
	put("/proc/vmstat", "nr_free 9\npswpin 10\npswpout 20\n");
	put("/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
	    "4\n");
	put("/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count",
	    "0\n");
	state_read(&a, root);
	put("/proc/stat", "cpu  150 0 150 700 0 0 0 200 9 9\ncpu0 1 2\n");
	put("/proc/pressure/cpu", "some avg10=1 avg300=0 total=501000\n");
	put("/proc/vmstat", "nr_free 9\npswpin 15\npswpout 40\n");
	put("/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count",
	    "3\n");
	state_read(&b, root);
	b.now_s = a.now_s + 2;
	state_between(env, &a, &b);
	assert_true(got(env, "load_1m") == 3.25);
	assert_true(fabs(got(env, "waiting") - 0.25) < 1e-9);
	assert_true(fabs(got(env, "steal") - 0.5) < 1e-9);
	assert_true(got(env, "swapped_pages") == 25);
	assert_true(got(env, "thermal_throttles") == 3);
	assert_true(got(env, "probe_us") > 0);
	cJSON_Delete(env);
}

/* Zones within a package are in its count, and others are not of it. */
static void
energy(void **state)
{
	double from;

	(void)state;
	assert_true(isnan(state_joules(root)));
	put("/sys/class/powercap/intel-rapl:0/name", "package-0\n");
	put("/sys/class/powercap/intel-rapl:0/energy_uj", "1500000\n");
	put("/sys/class/powercap/intel-rapl:1/name", "psys\n");
	put("/sys/class/powercap/intel-rapl:1/energy_uj", "9000000\n");
	put("/sys/class/powercap/intel-rapl:2/name", "package-1\n");
	put("/sys/class/powercap/intel-rapl:2/energy_uj", "250000\n");
	from = state_joules(root);
	assert_true(fabs(from - 1.75) < 1e-9);
	put("/sys/class/powercap/intel-rapl:2/energy_uj", "1250000\n");
	assert_true(fabs(state_spent(from, state_joules(root)) - 1) < 1e-9);
	/* it has wrapped */
	put("/sys/class/powercap/intel-rapl:0/energy_uj", "7\n");
	assert_true(isnan(state_spent(from, state_joules(root))));
	assert_true(isnan(state_spent(NAN, from)));
}

/* A system that tells nothing leaves members out. */
static void
what_is_not_told(void **state)
{
	cJSON *env = cJSON_CreateObject();
	struct state a, b;

	(void)state;
	state_read(&a, "/nonexistent");
	state_read(&b, "/nonexistent");
	state_between(env, &a, &b);
	state_settings(env, "/nonexistent", 1);
	assert_int_equal(cJSON_GetArraySize(env), 2);
	assert_true(got(env, "probe_us") > 0);
	assert_true(got(env, "smt_shared") == 0);
	cJSON_Delete(env);
}

static void
what_stays(void **state)
{
	cJSON *env = cJSON_CreateObject();

	(void)state;
	put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
	    "powersave\n");
	put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq",
	    "2000000\n");
	put("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq",
	    "3500000\n");
	put("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
	for (int c = 0; c < 2; c++) {
		char path[96];

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/"
		    "topology/thread_siblings_list", c);
		put(path, "0-1,64\n");
	}
	state_settings(env, root, 1);
	assert_string_equal(ke_json_string(env, "governor"), "powersave");
	assert_true(ke_json_true(env, "boost"));
	assert_true(got(env, "mhz_limit") == 2000);
	assert_true(got(env, "mhz_max") == 3500);
	assert_true(got(env, "smt_shared") == 0);
	/* the first two processors that the test may use may be others */
	state_settings(env, root, 2);
	if (sysconf(_SC_NPROCESSORS_ONLN) == 2)
		assert_true(got(env, "smt_shared") == 2);
	put("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
	state_settings(env, root, 1);
	assert_false(ke_json_true(env, "boost"));
	cJSON_Delete(env);
}

/* The codes of the flags of an evaluation, or its words where they are one. */
static void
flagged(const char *eval, const char *want)
{
	struct ke_err e;
	cJSON *v = ke_json_parse(eval, strlen(eval), &e);
	const cJSON *f;
	struct ke_buf b = {0};

	assert_non_null(v);
	state_flags(v);
	ke_buf_str(&b, "");
	cJSON_ArrayForEach(f, ke_json_array(v, "flags")) {
		ke_buf_fmt(&b, "%s%s", b.n > 0 ? " " : "",
		    ke_json_string(f, "code"));
		assert_true(strlen(ke_json_string(f, "detail")) > 9);
	}
	assert_string_equal(b.s, want);
	ke_buf_free(&b);
	cJSON_Delete(v);
}

static void
flags(void **state)
{
	(void)state;
	flagged("{}", "");
	flagged("{\"env\":{\"load_1m\":9,\"cores\":2,\"waiting\":0.1,"
	    "\"steal\":0.001,\"swapped_pages\":0,\"governor\":\"performance\","
	    "\"boost\":false,\"mhz_limit\":3500,\"mhz_max\":3500,"
	    "\"thermal_throttles\":0,\"smt_shared\":0}}", "");
	flagged("{\"env\":{\"load_1m\":0.5,\"cores\":2,\"waiting\":0.4}}",
	    "load");
	flagged("{\"env\":{\"load_1m\":3.2,\"cores\":2}}", "load");
	flagged("{\"env\":{\"load_1m\":3.2,\"cores\":8}}", "");
	flagged("{\"env\":{\"steal\":0.05,\"swapped_pages\":1,"
	    "\"governor\":\"powersave\",\"boost\":true,\"mhz_limit\":2000,"
	    "\"mhz_max\":3500,\"thermal_throttles\":1,\"smt_shared\":2}}",
	    "steal swap governor boost frequency thermal smt");
	flagged("{\"cases\":[{\"t_us\":1.14,\"floor_us\":1,\"bytes\":512000},"
	    "{\"t_us\":1.16,\"floor_us\":1,\"bytes\":512000},"
	    "{\"floor_us\":1}]}", "audit");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_changes, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(energy, set_up, tear_down),
		cmocka_unit_test(what_is_not_told),
		cmocka_unit_test_setup_teardown(what_stays, set_up, tear_down),
		cmocka_unit_test(flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
