/* Evaluated records as tables for people. */
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "columns.h"
#include "num.h"
#include "quantity.h"
#include "table.h"
#include "table_parts.h"

#define GREEN "\033[32m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"
#define OUTLIERS 0.1 /* of the segments: worth a warning */

static size_t
terminal_width(FILE *f)
{
	const char *s = getenv("COLUMNS");
	struct winsize w;
	struct ke_err e;
	int64_t n;

	if (s != NULL && ke_num_int(s, 20, COLUMNS_ANY, &n, &e) == 0)
		return (size_t)n;
	if (ioctl(fileno(f), TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
		return w.ws_col;
	return COLUMNS_ANY;
}

void
table_open(struct table *t, FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	setlocale(LC_CTYPE, "");
	*t = (struct table){.f = f, .width = terminal_width(f)};
	t->colour = isatty(fileno(f)) && (no == NULL || *no == '\0') &&
	    (term == NULL || strcmp(term, "dumb") != 0);
	t->pm = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\u00b1" : "+-";
}

static const char *
paint(const struct table *t, const char *colour)
{
	return t->colour ? colour : "";
}

/* A failed result is red, one that the moment decided yellow. */
static const char *
status_colour(const char *status)
{
	return strcmp(status, "pass") == 0 ? GREEN
	    : ke_status_passing(ke_status_find(status)) ? YELLOW : RED;
}

/* Warns once of each thing in a call. */
static void
warn_once(struct table *t, const char *what)
{
	struct ke_buf line = {0};

	ke_buf_fmt(&line, "\n%s\n", what);
	if (t->warned.s == NULL || strstr(t->warned.s, line.s) == NULL) {
		ke_buf_str(&t->warned, line.s);
		line.n = 0;
		ke_buf_fmt(&line, "Warning: %s", what);
		fputs(paint(t, YELLOW), t->f);
		columns_wrap(t->f, line.s, 2, t->width);
		fputs(paint(t, PLAIN), t->f);
	}
	ke_buf_free(&line);
}

/* Prints the text where it isn't the last one printed, which it becomes. */
static bool
print_new(struct table *t, char **last, struct ke_buf *b)
{
	bool is_new;

	part_plain(b->s);
	is_new = *last == NULL || strcmp(*last, b->s) != 0;
	if (is_new) {
		columns_wrap(t->f, b->s, 0, t->width);
		free(*last);
		*last = ke_strdup(b->s);
	}
	ke_buf_free(b);
	return is_new;
}

/* Operator, machine, effort; and the sandbox, of which a candidate that never
 * ran says nothing.  Once, until they change. */
static void
print_head(struct table *t, const cJSON *rec, const cJSON *eval)
{
	const cJSON *env = ke_json_object(eval, "env"), *l;
	double workers = ke_json_number(eval, "workers", 0);
	struct ke_buf head = {0}, guards = {0};
	const char *comma = ": ";
	bool any;

	ke_buf_fmt(&head, "%s%s%s on %s: ", part_text(rec, "op"),
	    part_text(rec, "dtype")[0] != '\0' ? " " : "",
	    part_text(rec, "dtype"), part_text(rec, "target"));
	if (part_text(env, "device")[0] != '\0')
		ke_buf_fmt(&head, "%s, %s, driver %s", part_text(env,
		    "device"), part_text(env, "arch"), part_text(env,
		    "driver"));
	else
		ke_buf_fmt(&head, "%s, %.0f worker%s", part_text(env, "cpu"),
		    workers, workers == 1 ? "" : "s");
	ke_buf_fmt(&head, "; %s; %s effort", part_text(env, "compiler"),
	    part_text(eval, "effort"));
	any = print_new(t, &t->head, &head);
	if (part_text(eval, "trust")[0] != '\0') {
		ke_buf_str(&guards, part_text(eval, "trust"));
		cJSON_ArrayForEach(l, ke_json_array(eval, "layers")) {
			ke_buf_fmt(&guards, "%s%s", comma, cJSON_IsString(l)
			    ? l->valuestring : "");
			comma = ", ";
		}
		any = print_new(t, &t->guards, &guards) || any;
	}
	if (any)
		fputc('\n', t->f);
}

/* What a pass amounts to: in words, with the interval. */
static void
outcome_of_pass(struct ke_buf *b, const cJSON *eval)
{
	const cJSON *c = ke_json_object(eval, "compile");
	struct part_interval s;
	const char *base = part_text(ke_json_object(eval, "baseline"), "name");

	if (part_interval(eval, "speedup", &s))
		part_faster(b, &s, base, part_text(eval, "change"));
	else if (ke_json_array(eval, "cases") == NULL)
		ke_buf_fmt(b, "%.0f variants compiled in %.2g s",
		    ke_json_number(c, "variants", 0),
		    ke_json_number(c, "seconds", 0));
	else
		ke_buf_str(b, "its outputs are right");
}

static void
print_outcome(struct table *t, const cJSON *rec, const cJSON *eval,
    const char *name)
{
	const cJSON *error = ke_json_object(rec, "error");
	const char *status = error != NULL ? "error"
	    : part_text(eval, "status");
	const cJSON *from = error != NULL ? error : eval;
	char *shown = columns_cut(name, t->width / 2);
	struct ke_buf b = {0};

	part_plain(shown);
	fprintf(t->f, "%s%s%s: %s%s%s: ", paint(t, BOLD), shown,
	    paint(t, PLAIN), paint(t, status_colour(status)), status,
	    paint(t, PLAIN));
	if (strcmp(status, "pass") == 0) {
		outcome_of_pass(&b, eval);
		fprintf(t->f, "%s\n", b.s);
	} else {
		fprintf(t->f, "%s\n", part_text(from, "code"));
		ke_buf_str(&b, part_text(from, error != NULL ? "message"
		    : "detail"));
		part_plain(b.s);
		columns_wrap(t->f, b.s, 2, t->width);
	}
	free(shown);
	ke_buf_free(&b);
}

/* Check cases are worth a line where one failed. */
static void
print_checks(struct table *t, const cJSON *cases)
{
	const cJSON *c, *e;
	int n = 0;
	double worst = 0;

	cJSON_ArrayForEach(c, cases) {
		const char *status = part_text(c, "status");
		char *dims;

		if (status[0] != '\0' && strcmp(status, "pass") != 0) {
			dims = part_dims(ke_json_object(c, "dims"));
			fprintf(t->f, "  %s at %s (%s)\n", status, dims,
			    part_text(c, "set"));
			free(dims);
			return;
		}
		n += strcmp(part_text(c, "set"), "check") == 0;
		cJSON_ArrayForEach(e, ke_json_object(c, "errors"))
			worst = fmax(worst, ke_json_number(e, "ratio", 0));
	}
	if (n > 0)
		fprintf(t->f, "  %d check cases pass; largest error %.2g of "
		    "what rounding excuses\n", n, worst);
}

/* How far from itself the baseline looked meanwhile. */
static void
print_noise(struct table *t, const cJSON *eval)
{
	double noise = ke_json_number(eval, "noise", 0);

	if (noise > 0)
		fprintf(t->f, "  differences below %.1f %% are noise\n",
		    100 * noise);
}

enum { NAME, TIME, BASE, SPEEDUP, INTERVAL, RANGE, FLOPS, BYTES, PAIRS,
	OUT };

static const struct column timing[] = {
	[NAME] = {"case", true, 0},
	[TIME] = {"time", false, 0},
	[BASE] = {"baseline", false, 3},
	[SPEEDUP] = {"speedup", false, 0},
	[INTERVAL] = {"95 %", true, 1},
	[RANGE] = {"min ... max", false, 5},
	[FLOPS] = {"GFLOP/s", false, 2},
	[BYTES] = {"GB/s", false, 4},
	[PAIRS] = {"pairs", false, 6},
	[OUT] = {"outliers", false, 7},
};

static void
timing_rates(struct columns_row *row, const cJSON *c, double us)
{
	char text[QUANTITY];
	double flops = ke_json_number(c, "flops", 0);

	if (flops > 0) {
		quantity_number(flops / us / 1e3, text);
		row->cell[FLOPS] = ke_strdup(text);
	}
	quantity_number(ke_json_number(c, "bytes", 0) / us / 1e3, text);
	row->cell[BYTES] = ke_strdup(text);
}

static void
timing_samples(struct columns_row *row, const cJSON *c)
{
	const cJSON *own = ke_json_object(ke_json_object(c, "samples"),
	    "candidate");
	double lo = ke_json_number(own, "min", NAN);
	double hi = ke_json_number(own, "max", NAN);
	char text[QUANTITY];

	if (hi >= lo) {
		quantity_range(lo, hi, text);
		row->cell[RANGE] = ke_strdup(text);
	}
	snprintf(text, sizeof(text), "%.0f", ke_json_number(c, "pairs", 0));
	row->cell[PAIRS] = ke_strdup(text);
	if (ke_json_get(own, "outliers") != NULL) {
		snprintf(text, sizeof(text), "%.0f",
		    ke_json_number(own, "outliers", 0));
		row->cell[OUT] = ke_strdup(text);
	}
}

static void
timing_row(const struct table *t, struct columns *table, const cJSON *c)
{
	struct columns_row *row = columns_row(table);
	struct part_interval s;
	double us = ke_json_number(c, "t_us", NAN);
	double spread = (ke_json_number(c, "t_hi_us", NAN) -
	    ke_json_number(c, "t_lo_us", NAN)) / 2;
	char text[QUANTITY];

	row->cell[NAME] = part_dims(ke_json_object(c, "dims"));
	if (ke_json_true(c, "outside")) {
		row->cell[TIME] = ke_strdup("outside the domain");
		return;
	}
	if (isfinite(spread))
		quantity_spread(us, spread, t->pm, text);
	else
		quantity_time(us, text);
	row->cell[TIME] = ke_strdup(text);
	if (ke_json_get(c, "baseline_us") != NULL) {
		quantity_time(ke_json_number(c, "baseline_us", 0), text);
		row->cell[BASE] = ke_strdup(text);
	}
	if (part_interval(c, "speedup", &s)) {
		quantity_ratio(s.mid, text);
		row->cell[SPEEDUP] = ke_strdup(text);
		row->cell[INTERVAL] = part_bounds(&s);
		if (t->colour)
			row->colour[SPEEDUP] = s.lo > 1 ? GREEN
			    : s.hi < 1 ? RED : NULL;
	}
	timing_rates(row, c, us);
	timing_samples(row, c);
}

static void
print_timing(struct table *t, const cJSON *cases)
{
	struct columns table = {.column = timing, .n = KE_LEN(timing)};
	const cJSON *c;

	cJSON_ArrayForEach(c, cases)
		if (ke_json_get(c, "t_us") != NULL ||
		    ke_json_true(c, "outside"))
			timing_row(t, &table, c);
	if (table.n_rows > 0)
		columns_print(t->f, &table, t->width);
}

static void
warn_outliers(struct table *t, const cJSON *cases)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, cases) {
		const cJSON *own = ke_json_object(ke_json_object(c,
		    "samples"), "candidate");
		double n = ke_json_number(own, "n", 0);
		double out = ke_json_number(own, "outliers", 0);
		struct ke_buf b = {0};
		char *dims;

		if (!(out > OUTLIERS * n))
			continue;
		dims = part_dims(ke_json_object(c, "dims"));
		ke_buf_fmt(&b, "%.0f of %.0f segments at %s were outliers; "
		    "something else ran now and then", out, n, dims);
		warn_once(t, b.s);
		ke_buf_free(&b);
		free(dims);
	}
}

static void
print_warnings(struct table *t, const cJSON *eval)
{
	const cJSON *f;

	warn_outliers(t, ke_json_array(eval, "cases"));
	cJSON_ArrayForEach(f, ke_json_array(eval, "flags")) {
		char *detail = ke_strdup(part_text(f, "detail"));

		part_plain(detail);
		if (detail[0] != '\0')
			warn_once(t, detail);
		free(detail);
	}
}

void
table_print(struct table *t, const cJSON *rec, const char *name)
{
	const cJSON *eval = ke_json_object(rec, "eval");
	const cJSON *cases = ke_json_array(eval, "cases");

	if (eval != NULL && ke_json_object(eval, "env") != NULL)
		print_head(t, rec, eval);
	print_outcome(t, rec, eval, name);
	print_timing(t, cases);
	print_noise(t, eval);
	print_checks(t, cases);
	compared_print(t, eval);
	print_warnings(t, eval);
	fputc('\n', t->f);
	summary_add(t, rec, name);
}

void
table_close(struct table *t)
{
	summary_print(t);
	free(t->head);
	free(t->guards);
	ke_buf_free(&t->warned);
}
