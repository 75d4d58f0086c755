/* Rows: what policies and stop rules need of a node. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "row.h"

#define WORDS_MAX 200 /* bytes of a strategy, reason or model that are told */

const char *
row_phase(const cJSON *rec)
{
	const char *phase =
	    ke_json_string(ke_json_object(rec, "select"), "phase");

	if (phase != NULL)
		return phase;
	return ke_json_string(rec, "pid") == NULL ? "draft" : "tree";
}

const char *
row_effort(const cJSON *rec)
{
	const char *e = ke_json_string(ke_json_object(rec, "eval"), "effort");

	if (e == NULL)
		e = ke_json_string(ke_json_object(rec, "select"), "effort");
	return e == NULL ? "quick" : e;
}

static void
copy(cJSON *row, const char *name, const cJSON *v)
{
	if (v != NULL)
		ke_json_set(row, name, cJSON_Duplicate(v, 1));
}

static void
copy_number(cJSON *row, const char *name, const cJSON *v)
{
	if (cJSON_IsNumber(v))
		ke_json_set_number(row, name, v->valuedouble);
}

/* Geometric mean over the cases that were timed. */
static void
set_time(cJSON *row, const cJSON *eval)
{
	double sum = 0;
	int n = 0;
	const cJSON *c;

	cJSON_ArrayForEach(c, ke_json_array(eval, "cases")) {
		double t = ke_json_number(c, "t_us", 0);

		if (t > 0) {
			sum += log(t);
			n++;
		}
	}
	if (n > 0)
		ke_json_set_number(row, "t_us", exp(sum / n));
}

/* The sum of the numbers that are there. */
static void
set_sum(cJSON *row, const char *name, const cJSON *const v[], size_t n)
{
	double sum = 0;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		if (cJSON_IsNumber(v[i])) {
			sum += v[i]->valuedouble;
			any = true;
		}
	if (any)
		ke_json_set_number(row, name, sum);
}

/* The model that wrote it, where one was asked. */
static void
set_model(cJSON *row, const cJSON *gen)
{
	const char *model = ke_json_string(gen, "model");

	if (model != NULL && ke_json_object(gen, "usage") != NULL)
		ke_json_set_text(row, "model", model,
		    strnlen(model, WORDS_MAX));
}

/* A known evaluation cost this node nothing. */
static void
set_usage(cJSON *row, const cJSON *rec)
{
	const cJSON *gen = ke_json_object(rec, "gen"),
	    *tokens = ke_json_object(gen, "usage"),
	    *eval = ke_json_object(rec, "eval"),
	    *spent = ke_json_true(eval, "known") ? NULL : eval;

	set_sum(row, "tokens", (const cJSON *const[]){ke_json_get(tokens, "in"),
	    ke_json_get(tokens, "out")}, 2);
	set_sum(row, "money", (const cJSON *const[]){
	    ke_json_get(gen, "cost_usd")}, 1);
	set_sum(row, "joules", (const cJSON *const[]){
	    ke_json_get(spent, "joules")}, 1);
	set_sum(row, "seconds", (const cJSON *const[]){
	    ke_json_get(gen, "seconds"), ke_json_get(spent, "seconds")}, 2);
}

static cJSON *
names(const cJSON *rec, bool pending)
{
	cJSON *row = cJSON_CreateObject();

	copy(row, "id", ke_json_get(rec, "id"));
	copy(row, "xid", ke_json_get(rec, "xid"));
	if (!pending)
		ke_json_set_number(row, "seq", 0);
	copy(row, "pid", ke_json_get(rec, "pid"));
	copy(row, "pids", ke_json_get(rec, "pids"));
	if (pending)
		return row;
	ke_json_set_string(row, "status", "error");
	ke_json_set_number(row, "score", 0);
	return row;
}

cJSON *
row_make(const cJSON *rec, int64_t depth, bool pending)
{
	cJSON *row = names(rec, pending);
	const cJSON *eval = ke_json_object(rec, "eval"),
	    *compile = ke_json_object(eval, "compile"),
	    *profile = ke_json_object(rec, "profile"),
	    *bottleneck = ke_json_object(profile, "bottleneck");
	double roof = ke_json_number(ke_json_object(profile, "roofline"),
	    "fraction", 0);

	ke_json_set_string(row, "effort", row_effort(rec));
	ke_json_set_string(row, "phase", row_phase(rec));
	ke_json_set_number(row, "depth", (double)depth);
	copy_number(row, "island", ke_json_get(ke_json_object(rec, "select"),
	    "island"));
	copy(row, "fingerprint", ke_json_get(rec, "fingerprint"));
	copy(row, "choice", ke_json_get(rec, "choice"));
	if (ke_json_string(bottleneck, "name") != NULL)
		ke_json_set_string(row, "bottleneck",
		    ke_json_string(bottleneck, "name"));
	if (roof > 0)
		ke_json_set_number(row, "roofline", roof);
	copy_number(row, "launches", ke_json_get(compile, "launches"));
	copy_number(row, "registers", ke_json_get(compile, "registers"));
	copy_number(row, "shared", ke_json_get(compile, "shared_bytes"));
	set_time(row, eval);
	set_model(row, ke_json_object(rec, "gen"));
	set_usage(row, rec);
	if (pending)
		ke_json_set(row, "pending", cJSON_CreateTrue());
	return row;
}

char *
row_detail(const cJSON *rec)
{
	const char *why = ke_record_failed(rec)
	    ? ke_json_string(ke_json_object(rec, "error"), "message")
	    : ke_json_string(ke_json_object(rec, "eval"), "detail");
	char *s;

	if (why == NULL)
		return NULL;
	s = ke_strndup(why, strnlen(why, WORDS_MAX));
	ke_tidy(s);
	return s;
}

cJSON *
row_tried(const cJSON *row, const cJSON *rec, const char *detail,
    const char *source_hash)
{
	static const char *const members[] = {
	    "fingerprint", "choice", "status", "score"};
	cJSON *t = cJSON_CreateObject();
	const char *strategy =
	    ke_json_string(ke_json_object(rec, "gen"), "strategy");

	for (size_t i = 0; i < KE_LEN(members); i++)
		copy(t, members[i], ke_json_get(row, members[i]));
	if (strategy != NULL)
		ke_json_set_text(t, "strategy", strategy,
		    strnlen(strategy, WORDS_MAX));
	if (detail != NULL)
		ke_json_set_string(t, "detail", detail);
	ke_json_set_string(t, "source", source_hash);
	return t;
}
