/* What is wrong with the parent, from its evaluation and profile. */
#include <string.h>

#include "concern.h"
#include "diagnosis.h"
#include "record.h"
#include "text.h"

#define DETAIL_MAX 600 /* bytes quoted of a detail, an evidence, an advice */

/* By status: what to see to, and words that documents on it use.  An
 * evaluation that the moment decided says nothing of the kernel. */
static const struct {
	enum ke_status status;
	unsigned concerns;
	const char *words;
} failures[] = {
	{KE_PLAN_ERROR, CONCERN(COMPILE),
	    "plan require expression tune choice launches args"},
	{KE_COMPILE_ERROR, CONCERN(COMPILE),
	    "compile error compiler type prototype"},
	{KE_PROTOCOL, CONCERN(COMPILE), "answer file plan comment"},
	{KE_FAULT, CONCERN(CORRECTNESS),
	    "fault bounds guard page canary alignment tail"},
	{KE_HUNG, CONCERN(CORRECTNESS) | CONCERN(LATENCY), "hung loop end"},
	{KE_TIMEOUT, CONCERN(CORRECTNESS) | CONCERN(LATENCY),
	    "timeout slow loop complexity"},
	{KE_WRONG, CONCERN(CORRECTNESS),
	    "wrong result index border tail shapes"},
	{KE_IMPRECISE, CONCERN(NUMERICS),
	    "imprecise precision rounding tolerance accumulate summation"},
	{KE_NONDETERMINISTIC, CONCERN(CORRECTNESS) | CONCERN(PARALLELISM),
	    "nondeterministic race order reduction blocks uninitialised"},
	{KE_INVALID, CONCERN(CORRECTNESS) | CONCERN(ROOFLINE),
	    "invalid roofline work skipped"},
};

/* By a word of a bottleneck's name, or else of its evidence or advice: the
 * first row that is found.  The concern words themselves come after these. */
static const struct {
	const char *word;
	unsigned concerns;
} bottlenecks[] = {
	{"not-vectorised", CONCERN(VECTORISATION)},
	{"scalar", CONCERN(VECTORISATION) | CONCERN(BRANCHES)},
	{"tail", CONCERN(VECTORISATION) | CONCERN(BRANCHES)},
	{"memory", CONCERN(BANDWIDTH) | CONCERN(CACHE)},
	{"bandwidth", CONCERN(BANDWIDTH) | CONCERN(CACHE)},
	{"narrow", CONCERN(VECTORISATION)},
	{"spill", CONCERN(REGISTERS)},
	{"load", CONCERN(REGISTERS) | CONCERN(CACHE)},
	{"shuffle", CONCERN(LAYOUT) | CONCERN(VECTORISATION)},
	{"launch", CONCERN(PARALLELISM) | CONCERN(LATENCY)},
	{"overhead", CONCERN(PARALLELISM) | CONCERN(LATENCY)},
	{"imbalance", CONCERN(PARALLELISM)},
	{"compute", CONCERN(ROOFLINE) | CONCERN(REGISTERS)},
	{"vector", CONCERN(VECTORISATION)},
	{"register", CONCERN(REGISTERS)},
	{"latency", CONCERN(LATENCY) | CONCERN(REGISTERS)},
	{"parallel", CONCERN(PARALLELISM)},
	{"branch", CONCERN(BRANCHES)},
	{"cache", CONCERN(CACHE)},
	{"layout", CONCERN(LAYOUT)},
	{"prefetch", CONCERN(PREFETCH)},
	{"integer", CONCERN(INTEGER)},
	{"numeric", CONCERN(NUMERICS)},
};

static unsigned
bottleneck_concerns(const char *text)
{
	for (size_t i = 0; text != NULL && i < KE_LEN(bottlenecks); i++)
		if (strstr(text, bottlenecks[i].word) != NULL)
			return bottlenecks[i].concerns;
	return 0;
}

/* Adds ": text", without its line breaks. */
static void
quote(struct ke_buf *b, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	ke_buf_str(b, ": ");
	text_line(b, text, DETAIL_MAX);
}

static void
diagnose_failure(struct diagnosis *d, const cJSON *eval, enum ke_status status)
{
	const char *code = ke_json_string(eval, "code");
	const char *detail = ke_json_string(eval, "detail");

	for (size_t i = 0; i < KE_LEN(failures); i++)
		if (failures[i].status == status) {
			d->concerns = failures[i].concerns;
			ke_buf_fmt(&d->words, "%s ", failures[i].words);
		}
	if (d->concerns == 0)
		ke_buf_fmt(&d->text, "%s: the measurement says nothing of the "
		    "kernel", ke_status_name(status));
	else
		ke_buf_str(&d->text, ke_status_name(status));
	quote(&d->text, code);
	quote(&d->text, detail);
	if (detail != NULL)
		ke_buf_str(&d->more, detail);
}

static void
diagnose_bottleneck(struct diagnosis *d, const cJSON *profile)
{
	const cJSON *b = ke_json_object(profile, "bottleneck");
	const cJSON *roof = ke_json_object(profile, "roofline");
	const char *name = ke_json_string(b, "name");
	const char *evidence = ke_json_string(b, "evidence");
	const char *advice = ke_json_string(b, "advice");
	const char *bound = ke_json_string(roof, "bound");

	d->concerns = bottleneck_concerns(name);
	if (d->concerns == 0)
		d->concerns = bottleneck_concerns(evidence);
	if (d->concerns == 0)
		d->concerns = bottleneck_concerns(advice);
	if (d->concerns == 0)
		d->concerns = bottleneck_concerns(bound);
	if (name != NULL) {
		ke_buf_str(&d->text, "; bottleneck ");
		text_line(&d->text, name, DETAIL_MAX);
		quote(&d->text, evidence);
	} else if (bound != NULL) {
		ke_buf_str(&d->text, "; bound by ");
		text_line(&d->text, bound, DETAIL_MAX);
	}
	if (advice != NULL) {
		ke_buf_str(&d->text, "; advice");
		quote(&d->text, advice);
	}
	ke_buf_fmt(&d->words, "%s %s ", name != NULL ? name : "",
	    bound != NULL ? bound : "");
	ke_buf_fmt(&d->more, "%s %s", advice != NULL ? advice : "",
	    evidence != NULL ? evidence : "");
}

static void
diagnose_pass(struct diagnosis *d, const cJSON *eval, const cJSON *profile)
{
	const cJSON *speedup = ke_json_object(eval, "speedup");
	double mid = ke_json_number(speedup, "mid", 0);

	ke_buf_str(&d->text, "pass");
	if (mid > 0)
		ke_buf_fmt(&d->text, ", %.3g times the baseline's speed "
		    "(%.3g to %.3g)", mid, ke_json_number(speedup, "lo", mid),
		    ke_json_number(speedup, "hi", mid));
	diagnose_bottleneck(d, profile);
}

void
diagnose(struct diagnosis *d, const cJSON *parent)
{
	const cJSON *eval = ke_json_object(parent, "eval");
	const char *name = ke_json_string(eval, "status");
	enum ke_status status = name != NULL ? ke_status_find(name)
	    : KE_STATUS_COUNT;
	struct ke_buf concerns = {0};

	*d = (struct diagnosis){0};
	if (parent == NULL)
		ke_buf_str(&d->text, "no parent: nothing was measured yet");
	else if (status == KE_STATUS_COUNT)
		ke_buf_str(&d->text, "the parent was not evaluated");
	else if (status == KE_PASS)
		diagnose_pass(d, eval, ke_json_object(parent, "profile"));
	else
		diagnose_failure(d, eval, status);
	d->failed = status < KE_PASS;
	if (d->concerns != 0) {
		concern_names(d->concerns, &concerns);
		ke_buf_fmt(&d->text, "; concerns: %s", concerns.s);
		ke_buf_str(&d->words, concerns.s);
	}
	ke_buf_free(&concerns);
}

void
diagnosis_free(struct diagnosis *d)
{
	ke_buf_free(&d->text);
	ke_buf_free(&d->words);
	ke_buf_free(&d->more);
}
