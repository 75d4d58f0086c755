/* The backend that gives again what was recorded. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "filter.h"
#include "gen.h"
#include "map.h"
#include "record.h"

#define RECORDING_MAX ((size_t)4 << 30) /* bytes */

/* One answer of the recording. */
struct take {
	char *xid;  /* or NULL */
	char *made; /* object of the members that ke-gen added, as text */
	bool used;
	size_t next; /* of the same key: 1 + index, or 0 */
};

struct replay {
	size_t n;
	struct take *takes;
	struct map first, last; /* by key: 1 + index */
};

/* What ke-gen adds to a record. */
static bool
is_made(const char *name)
{
	static const char *const made[] = {
	    "gen", "source", "choice", "fingerprint", "error"};

	for (size_t i = 0; i < KE_LEN(made); i++)
		if (strcmp(made[i], name) == 0)
			return true;
	return false;
}

static uint64_t
key_of(const cJSON *rec, bool recorded)
{
	const char *key = ke_json_string(ke_json_object(rec, "gen"), "key");
	char own[GEN_KEY], first[17] = {0};

	if (!recorded || key == NULL) {
		gen_key(rec, own);
		key = own;
	}
	memcpy(first, key, strnlen(key, 16));
	return strtoull(first, NULL, 16);
}

/* The members that were added, in their order, so that replay prints the
 * recording to the byte. */
static char *
made_by(const cJSON *rec)
{
	cJSON *made = cJSON_CreateObject();
	const cJSON *v;
	char *text;

	cJSON_ArrayForEach(v, rec)
		if (is_made(v->string))
			ke_json_set(made, v->string, cJSON_Duplicate(v, 1));
	text = ke_json_print(made);
	cJSON_Delete(made);
	return text;
}

/* Did the recording ke-gen give the record its answer, rather than pass it? */
static bool
is_answer(const cJSON *rec)
{
	const char *phase = ke_json_string(ke_json_object(rec, "select"),
	    "phase");
	const char *tool = ke_json_string(ke_json_object(rec, "error"), "tool");

	if (phase != NULL && strcmp(phase, "confirm") == 0)
		return false;
	return tool != NULL ? strcmp(tool, "ke-gen") == 0
	    : ke_json_get(rec, "source") != NULL;
}

static void
keep(struct replay *r, const cJSON *rec)
{
	const char *xid = ke_json_string(rec, "xid");
	uint64_t key = key_of(rec, true);
	uint32_t *first, *last;

	if ((r->n & (r->n - 1)) == 0)
		r->takes = ke_grow(r->takes, 2 * r->n + 1, sizeof(*r->takes));
	r->takes[r->n++] = (struct take){.made = made_by(rec),
	    .xid = xid == NULL ? NULL : ke_strdup(xid)};
	first = map_put(&r->first, key);
	last = map_put(&r->last, key);
	if (*first == 0)
		*first = (uint32_t)r->n;
	else
		r->takes[*last - 1].next = r->n;
	*last = (uint32_t)r->n;
}

static int
open_replay(struct gen *g, struct ke_err *e)
{
	struct replay *r = ke_calloc(1, sizeof(*r));
	struct ke_buf text = {0};
	struct ke_err why;
	size_t line = 0;

	g->state = r;
	if (ke_file_read(g->arg, RECORDING_MAX, &text, e) == -1)
		return 2;
	for (char *s = text.s, *end; *s != '\0'; s = end) {
		size_t n = strcspn(s, "\n");
		cJSON *rec = ke_json_parse(s, n, &why);

		line++;
		end = s + n + (s[n] == '\n');
		if (rec == NULL || ke_record_check(rec, &why) == -1) {
			ke_fail(e, "%s:%zu: %s", g->arg, line, why.msg);
			return 2;
		}
		if (is_answer(rec))
			keep(r, rec);
		cJSON_Delete(rec);
	}
	ke_buf_free(&text);
	return 0;
}

/* The answer to the same question: that of the same expansion, or else the
 * next. */
static struct take *
find(struct replay *r, const cJSON *rec)
{
	const char *xid = ke_json_string(rec, "xid");
	const uint32_t *first = map_get(&r->first, key_of(rec, false));
	struct take *next = NULL;

	for (size_t i = first == NULL ? 0 : *first; i != 0;
	    i = r->takes[i - 1].next) {
		struct take *t = &r->takes[i - 1];

		if (t->used)
			continue;
		if (xid != NULL && t->xid != NULL && strcmp(xid, t->xid) == 0)
			return t;
		if (next == NULL)
			next = t;
	}
	return next;
}

static void
take_replay(struct gen *g, struct job job)
{
	struct take *t = find(g->state, job.rec);
	struct ke_err e;
	const cJSON *v;
	cJSON *made;

	if (t == NULL) {
		gen_section(job.rec, g, "replay");
		gen_fail(g, &job, "no_answer",
		    "the recording has no answer left for this record");
		return;
	}
	t->used = true;
	made = ke_json_parse(t->made, strlen(t->made), &e);
	cJSON_ArrayForEach(v, made)
		ke_json_set(job.rec, v->string, cJSON_Duplicate(v, 1));
	cJSON_Delete(made);
	gen_end(g, &job);
}

const struct backend backend_replay = {"replay", "FILE", open_replay,
	take_replay, NULL, NULL, NULL, NULL};
