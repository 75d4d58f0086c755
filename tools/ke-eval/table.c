/* An evaluated record as a table for people (-T).  It reads the record alone,
 * so that it can say nothing that the record doesn't. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "table.h"

static const char *
text(const cJSON *o, const char *name)
{
	const char *s = ke_json_string(o, name);

	return s == NULL ? "" : s;
}

/* Three digits and a unit that suits. */
static void
time_text(double us, char *out, size_t n)
{
	if (us >= 1e6)
		snprintf(out, n, "%.3g s", us / 1e6);
	else if (us >= 1e3)
		snprintf(out, n, "%.3g ms", us / 1e3);
	else
		snprintf(out, n, "%.3g us", us);
}

static void
dims_text(const cJSON *dims, char *out, size_t n)
{
	struct ke_buf b = {0};
	const cJSON *d;

	ke_buf_str(&b, "");
	cJSON_ArrayForEach(d, dims)
		ke_buf_fmt(&b, "%s%s=%.0f", b.n > 0 ? " " : "", d->string,
		    d->valuedouble);
	snprintf(out, n, "%s", b.s);
	ke_buf_free(&b);
}

static void
print_timed(const cJSON *c)
{
	const cJSON *speedup = ke_json_object(c, "speedup");
	double t = ke_json_number(c, "t_us", 0);
	char dims[40], own[24], base[24], range[32];

	dims_text(ke_json_object(c, "dims"), dims, sizeof(dims));
	if (ke_json_true(c, "outside")) {
		printf("  %-32s outside the domain\n", dims);
		return;
	}
	if (speedup == NULL)
		return;
	time_text(t, own, sizeof(own));
	time_text(ke_json_number(c, "baseline_us", 0), base, sizeof(base));
	snprintf(range, sizeof(range), "[%.3g, %.3g]",
	    ke_json_number(speedup, "lo", 0),
	    ke_json_number(speedup, "hi", 0));
	printf("  %-32s %10s %10s %8.3g %-15s %8.3g %7.3g\n", dims, own, base,
	    ke_json_number(speedup, "mid", 0), range,
	    ke_json_number(c, "flops", 0) / t / 1e3,
	    ke_json_number(c, "bytes", 0) / t / 1e3);
}

/* Check cases are worth a line where one failed. */
static void
print_checks(const cJSON *cases)
{
	const cJSON *c;
	int n = 0;
	double worst = 0;

	cJSON_ArrayForEach(c, cases) {
		const cJSON *e;
		char dims[96];

		if (strcmp(text(c, "set"), "check") != 0)
			continue;
		n++;
		cJSON_ArrayForEach(e, ke_json_object(c, "errors")) {
			double r = ke_json_number(e, "ratio", 0);

			worst = r > worst ? r : worst;
		}
		if (strcmp(text(c, "status"), "pass") == 0)
			continue;
		dims_text(ke_json_object(c, "dims"), dims, sizeof(dims));
		printf("  %s at %s\n", text(c, "status"), dims);
		return;
	}
	if (n > 0)
		printf("  %d check cases pass; largest error %.2g of what "
		    "rounding excuses\n", n, worst);
}

static void
print_outcome(const cJSON *rec, const cJSON *eval, const char *name)
{
	const cJSON *env = ke_json_object(eval, "env");
	const cJSON *error = ke_json_object(rec, "error");
	const cJSON *speedup = ke_json_object(eval, "speedup");
	bool colour = isatty(STDOUT_FILENO);
	bool pass = strcmp(text(eval, "status"), "pass") == 0;

	printf("%s: %s%s%s", name, !colour ? "" : pass ? "\033[32m"
	    : "\033[31m", error != NULL ? "error" : text(eval, "status"),
	    colour ? "\033[0m" : "");
	if (pass)
		printf(": %.3g times %s, 95 %% within [%.3g, %.3g]",
		    ke_json_number(speedup, "mid", 0),
		    text(ke_json_object(eval, "baseline"), "name"),
		    ke_json_number(speedup, "lo", 0),
		    ke_json_number(speedup, "hi", 0));
	else
		printf(": %s: %s", error != NULL ? text(error, "code")
		    : text(eval, "code"), error != NULL
		    ? text(error, "message") : text(eval, "detail"));
	printf("\n  %s on %s, %s effort, %.0f workers, %s, %s, %s\n",
	    text(rec, "op"), text(rec, "target"), text(eval, "effort"),
	    ke_json_number(eval, "workers", 0), text(env, "cpu"),
	    text(env, "compiler"), text(eval, "trust"));
}

void
table_print(const cJSON *rec, const char *name)
{
	const cJSON *eval = ke_json_object(rec, "eval"), *c;
	const cJSON *cases = ke_json_array(eval, "cases");
	bool timed = false;

	print_outcome(rec, eval, name);
	print_checks(cases);
	cJSON_ArrayForEach(c, cases)
		timed = timed || ke_json_get(c, "t_us") != NULL;
	if (timed)
		printf("  %-32s %10s %10s %8s %-15s %8s %7s\n", "case",
		    "time", "baseline", "speedup", "95 %", "GFLOP/s", "GB/s");
	cJSON_ArrayForEach(c, cases)
		if (strcmp(text(c, "set"), "check") != 0)
			print_timed(c);
}
