/* The parent in words: its source, its choice, how it did and why. */
#include <stdlib.h>
#include <string.h>

#include "parent.h"
#include "text.h"

#define CASES_MAX 12   /* failed cases told */
#define LINES_MAX 12   /* loops told that were not vectorised */
#define LOG_MAX 4096   /* bytes of a compiler's log */
#define DETAIL_MAX 400

static void
number(struct ke_buf *b, const cJSON *o, const char *name)
{
	double x = ke_json_number(o, name, -1);

	if (x >= 0)
		ke_buf_fmt(b, ", %s %.4g", name, x);
}

static void
tell_case(struct ke_buf *b, const cJSON *c)
{
	const char *status = ke_json_string(c, "status");
	const char *set = ke_json_string(c, "set");
	const char *detail = ke_json_string(c, "detail");
	double t = ke_json_number(c, "t_us", 0);

	ke_buf_fmt(b, "- %s ", set != NULL ? set : "case");
	text_members(b, ke_json_object(c, "dims"));
	if (status != NULL)
		ke_buf_fmt(b, ": %s", status);
	if (ke_json_true(c, "outside"))
		ke_buf_str(b, ", outside the plan's domain");
	number(b, c, "t_us");
	number(b, c, "baseline_us");
	number(b, c, "speedup");
	if (ke_json_number(c, "weight", 1) != 1)
		number(b, c, "weight");
	if (t > 0 && ke_json_number(c, "flops", 0) > 0)
		ke_buf_fmt(b, ", %.4g GFLOP/s",
		    ke_json_number(c, "flops", 0) / t / 1e3);
	if (t > 0 && ke_json_number(c, "bytes", 0) > 0)
		ke_buf_fmt(b, ", %.4g GB/s",
		    ke_json_number(c, "bytes", 0) / t / 1e3);
	if (detail != NULL) {
		ke_buf_str(b, ": ");
		text_line(b, detail, DETAIL_MAX);
	}
	ke_buf_str(b, "\n");
}

/* Timed cases, or where the candidate failed the cases that did. */
static void
tell_cases(struct ke_buf *b, const cJSON *eval)
{
	const cJSON *c;
	int told = 0, left = 0;

	cJSON_ArrayForEach(c, ke_json_array(eval, "cases")) {
		const char *status = ke_json_string(c, "status");
		bool failed = status != NULL && strcmp(status, "pass") != 0;

		if (!failed && ke_json_get(c, "t_us") == NULL)
			continue;
		if (failed && told >= CASES_MAX)
			left++;
		else
			tell_case(b, c);
		told += failed;
	}
	if (left > 0)
		ke_buf_fmt(b, "- and %d cases more that failed\n", left);
}

static void
tell_log(struct ke_buf *b, const cJSON *eval)
{
	const char *log = ke_json_string(
	    ke_json_object(eval, "compile"), "log");
	char *cut;

	if (log == NULL || *log == '\0')
		return;
	cut = ke_strndup(log, text_cut(log, LOG_MAX));
	ke_buf_str(b, "\nThe compiler said:\n\n");
	text_fence(b, "", cut);
	free(cut);
}

static void
tell_results(struct ke_buf *b, const cJSON *eval)
{
	const char *status = ke_json_string(eval, "status");

	if (status == NULL)
		return;
	ke_buf_fmt(b, "\nResult: %s", status);
	number(b, eval, "score");
	ke_buf_str(b, "\n");
	tell_cases(b, eval);
	if (strcmp(status, "pass") != 0)
		tell_log(b, eval);
}

/* shown (may be NULL) is a source that was told before. */
static void
tell_candidate(struct ke_buf *b, const char *title, const cJSON *node,
    const char *shown, const char *language)
{
	const char *source = ke_json_string(node, "source");
	const char *id = ke_json_string(node, "id");
	const cJSON *choice = ke_json_object(node, "choice");

	ke_buf_fmt(b, "## %s%s%s\n\n", title, id != NULL ? " " : "",
	    id != NULL ? id : "");
	if (source != NULL && shown != NULL && strcmp(source, shown) == 0)
		ke_buf_str(b, "The same source.\n");
	else if (source != NULL)
		text_fence(b, language, source);
	if (choice != NULL && choice->child != NULL) {
		ke_buf_str(b, "\nMeasured with this in place of the plan's own "
		    "choice: ");
		text_members(b, choice);
		ke_buf_str(b, "\n");
	}
	tell_results(b, ke_json_object(node, "eval"));
	ke_buf_str(b, "\n");
}

void
parent_tell(struct sections *p, const cJSON *context, const char *language)
{
	const cJSON *parent = ke_json_object(context, "parent");
	const cJSON *second = ke_json_object(context, "parent2");
	struct section *s;

	if (parent != NULL) {
		s = section_add(p, KEEP_ALWAYS);
		s->uses = parent;
		tell_candidate(&s->text, "The parent", parent, NULL,
		    language);
	}
	if (second != NULL) {
		s = section_add(p, KEEP_SECOND_PARENT);
		s->uses = second;
		tell_candidate(&s->text, "A second parent, to combine with",
		    second, ke_json_string(parent, "source"), language);
	}
}

static void
tell_roofline(struct ke_buf *b, const cJSON *roof)
{
	const char *bound = ke_json_string(roof, "bound");

	if (roof == NULL)
		return;
	ke_buf_fmt(b, "- roofline: bound by %s",
	    bound != NULL ? bound : "neither");
	number(b, roof, "gflops");
	number(b, roof, "peak_gflops");
	number(b, roof, "gbps");
	number(b, roof, "peak_gbps");
	number(b, roof, "intensity");
	number(b, roof, "fraction");
	ke_buf_str(b, "\n");
}

static void
tell_loops(struct ke_buf *b, const char *title, const cJSON *loops)
{
	const cJSON *v;
	int told = 0;

	cJSON_ArrayForEach(v, loops) {
		const char *what = ke_json_string(v, "what");

		if (what == NULL || told++ >= LINES_MAX)
			continue;
		ke_buf_fmt(b, "- %s, line %.0f: ", title,
		    ke_json_number(v, "line", 0));
		text_line(b, what, DETAIL_MAX);
		ke_buf_str(b, "\n");
	}
}

static void
tell_json(struct ke_buf *b, const char *title, const cJSON *v)
{
	char *s;

	if (v == NULL || v->child == NULL)
		return;
	s = ke_json_print(v);
	ke_buf_fmt(b, "- %s: %s\n", title, s);
	free(s);
}

void
diagnosis_tell(struct sections *p, const struct diagnosis *d,
    const cJSON *parent)
{
	const cJSON *profile = ke_json_object(parent, "profile");
	struct ke_buf *b = &section_add(p, KEEP_ALWAYS)->text;

	ke_buf_fmt(b, "## Diagnosis\n\n%s\n", d->text.s);
	tell_roofline(b, ke_json_object(profile, "roofline"));
	tell_loops(b, "vectorised", ke_json_array(profile, "vectorised"));
	tell_loops(b, "not vectorised",
	    ke_json_array(profile, "not_vectorised"));
	tell_json(b, "hot loop", ke_json_object(profile, "mix"));
	tell_json(b, "counters", ke_json_object(profile, "counters"));
	ke_buf_str(b, "\n");
}
