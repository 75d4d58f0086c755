/* The prompt for one record: which parts it has, and in which order. */
#include <string.h>

#include "compose.h"
#include "device.h"
#include "history.h"
#include "parent.h"
#include "text.h"

static const char *
target_of(const cJSON *rec)
{
	const char *s = ke_json_string(rec, "target");

	return s != NULL ? s : "cpu";
}

static int64_t
depth_of(const cJSON *rec)
{
	const cJSON *select = ke_json_object(rec, "select");
	bool child = ke_json_object(ke_json_object(rec, "context"),
	    "parent") != NULL;
	int64_t depth;

	if (!child)
		return 0;
	if (!ke_json_integer(ke_json_get(select, "depth"), &depth) || depth < 1)
		return 1;
	return depth;
}

size_t
compose_retrieve(struct ranking *r, const cJSON *rec,
    const struct subject *about, struct pick **picks)
{
	const struct diagnosis *d = about->diagnosis;
	struct ke_buf words = {0};
	struct want w = {.reader = {target_of(rec), about->language->name},
	    .concerns = d->concerns, .about = about->op->about,
	    .depth = depth_of(rec)};
	size_t n;

	*picks = NULL;
	if (r->kb == NULL)
		return 0;
	ke_buf_fmt(&words, "%s %s %s", d->words.n > 0 ? d->words.s : "",
	    about->op->words.s, d->more.n > 0 ? d->more.s : "");
	w.words = words.s;
	n = retrieve(r, &w, picks);
	ke_buf_free(&words);
	return n;
}

static void
tell_documents(struct sections *s, const struct pick *picks, size_t n,
    bool constraints)
{
	for (size_t i = 0; i < n; i++) {
		const struct document *d = picks[i].doc;
		struct section *one;

		if (d->constraint != constraints)
			continue;
		one = section_add(s, constraints ? KEEP_CONSTRAINT
		    : KEEP_DOCUMENT);
		one->system = constraints;
		one->pick = &picks[i];
		ke_buf_fmt(&one->text, "<document path=\"%s\">\n", d->path);
		ke_buf_str(&one->text, d->text);
		ke_buf_str(&one->text, "\n</document>\n\n");
	}
}

/* ke-gen(1), ANSWERS. */
#define OR_EDITS ", or in\n" \
"place of it with edits of the parent's source, each of this form:\n\n" \
"```\n" \
"<<<<<<< SEARCH\n" \
"whole lines of the parent as they stand there, enough to occur only once\n" \
"=======\n" \
"the lines that take their place\n" \
">>>>>>> REPLACE\n" \
"```\n\n" \
"Edits refer to the parent as it is shown, not to each other, and don't\n" \
"overlap.  If one of them can't be applied, none is.  A unified diff of the\n" \
"parent in a code block is taken too.\n"

static void
tell_ask(struct sections *s, const cJSON *rec, const struct diagnosis *d)
{
	const cJSON *context = ke_json_object(rec, "context");
	const cJSON *select = ke_json_object(rec, "select");
	const char *source = ke_json_string(ke_json_object(context, "parent"),
	    "source");
	struct ke_buf *b = &section_add(s, KEEP_ALWAYS)->text;
	int64_t draft;

	ke_buf_str(b, "## What to write\n\n");
	if (ke_json_object(context, "parent") == NULL)
		ke_buf_str(b, "Write a candidate for this operator that is "
		    "right and fast, by an approach of your own");
	else if (d->failed)
		ke_buf_str(b, "Write a candidate that is right: find the cause "
		    "of the failure that the\ndiagnosis names, remove it, and "
		    "keep what is sound in the parent");
	else
		ke_buf_str(b, "Write a candidate that is faster than the "
		    "parent: act on the one bottleneck\nthat the diagnosis "
		    "names, and leave others for later");
	if (ke_json_get(context, "tried") != NULL)
		ke_buf_str(b, ".  Don't repeat what was tried");
	if (ke_json_integer(ke_json_get(select, "draft"), &draft))
		ke_buf_fmt(b, ".  This is draft %lld; it should differ in "
		    "kind from the others", (long long)draft);
	ke_buf_str(b, ".\nAnswer in the form given above, with the whole "
	    "file");
	ke_buf_str(b, source == NULL ? ".\n" : OR_EDITS);
}

/* This machine for the cpu, else what is known of the target's device. */
static void
tell_machine(struct sections *s, const cJSON *rec, const struct ke_buf *machine)
{
	struct ke_buf *b = &section_add(s, KEEP_MACHINE)->text;
	const char *target = target_of(rec);

	if (strcspn(target, ":") == 3 && strncmp(target, "cpu", 3) == 0)
		ke_buf_add(b, machine->s, machine->n);
	else
		device_describe(b, rec, target);
}

void
compose(struct sections *s, const cJSON *rec, const struct subject *about,
    const struct pick *picks, size_t n)
{
	const struct operator_text *op = about->op;
	const cJSON *context = ke_json_object(rec, "context");
	const cJSON *parent = ke_json_object(context, "parent");
	struct section *one = section_add(s, KEEP_ALWAYS);

	one->system = true;
	ke_buf_fmt(&one->text, "%s%s", about->language->task,
	    about->language->rules);
	tell_documents(s, picks, n, true);
	one = section_add(s, KEEP_ALWAYS);
	ke_buf_add(&one->text, op->text.s, op->text.n);
	if (parent == NULL && op->base.n > 0) {
		ke_buf_fmt(&one->text, "The baseline that speedups are counted "
		    "against, %s:\n\n", op->baseline->base);
		text_fence(&one->text, op->baseline->base_fence, op->base.s);
		ke_buf_str(&one->text, "\n");
	}
	tell_machine(s, rec, about->machine);
	parent_tell(s, context, about->language->fence);
	diagnosis_tell(s, about->diagnosis, parent);
	history_tell(s, context, about->language->fence);
	tell_documents(s, picks, n, false);
	tell_ask(s, rec, about->diagnosis);
}
