/* Taking a record apart.  What is costly (printing, hashing, large files)
 * happens here, before the transaction, which then holds the lock for a
 * fraction of a millisecond. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commit.h"
#include "member.h"
#include "record.h"
#include "row.h"

#define STRATEGY_MAX 1000 /* bytes that ancestors and siblings are told */

static void
copy_text(struct store *st, struct object *o, cJSON *rec, const char *line,
    const char *name)
{
	const cJSON *v = ke_json_get(rec, name);
	const char *s;
	size_t n;

	if (v == NULL)
		return;
	if (cJSON_IsString(v))
		object_make(st, o, ke_strdup(v->valuestring));
	else if (line != NULL && (s = member_text(line, name, &n)) != NULL)
		object_make(st, o, ke_strndup(s, n));
	else
		object_make(st, o, ke_json_print(v));
}

/* Takes the section's text out and leaves null in its place, so that a record
 * comes back with its members in order. */
static void
take(struct store *st, struct object *o, cJSON *rec, const char *line,
    const char *name)
{
	copy_text(st, o, rec, line, name);
	if (ke_json_get(rec, name) != NULL)
		ke_json_set(rec, name, cJSON_CreateNull());
}

static void
take_eval(struct store *st, struct commit *c, const char *line)
{
	copy_text(st, &c->eval, c->rec, line, "eval");
	c->cases = cJSON_DetachItemFromObjectCaseSensitive(
	    ke_json_object(c->rec, "eval"), "cases");
	if (ke_json_get(c->rec, "eval") != NULL)
		ke_json_set(c->rec, "eval", cJSON_CreateNull());
}

/* What an expansion became whose lease ended, here or in another store. */
static bool
is_lost(const cJSON *rec)
{
	const cJSON *error = ke_json_object(rec, "error");
	const char *tool = ke_json_string(error, "tool"),
	    *code = ke_json_string(error, "code");

	return tool != NULL && strcmp(tool, "ke-store") == 0 &&
	    code != NULL && strcmp(code, "lost") == 0;
}

static void
read_eval(struct commit *c)
{
	const cJSON *eval = ke_json_object(c->rec, "eval");
	const char *status = ke_json_string(eval, "status"), *key;
	enum ke_status s = status == NULL ? KE_STATUS_COUNT
	    : ke_status_find(status);
	double score = ke_json_number(eval, "score", 0);

	c->failed = s == KE_STATUS_COUNT || ke_record_failed(c->rec);
	c->status = is_lost(c->rec) ? "lost" : c->failed ? "error"
	    : ke_status_name(s);
	if (!c->failed && s == KE_PASS && isfinite(score) && score > 0)
		c->score = score;
	key = ke_json_string(ke_json_object(eval, "env"), "key");
	c->env_key = key == NULL ? NULL : ke_strdup(key);
	c->effort = strcmp(row_effort(c->rec), "full") == 0 ? "full" : "quick";
	c->phase = row_phase(c->rec);
}

static void
read_proposal(struct commit *c)
{
	const char *source = ke_json_string(c->rec, "source"),
	    *given = ke_json_string(c->rec, "fingerprint"),
	    *strategy = ke_json_string(ke_json_object(c->rec, "gen"),
	    "strategy");
	const cJSON *choice = ke_json_object(c->rec, "choice");
	char computed[KE_FINGERPRINT];

	if (source != NULL && given == NULL) {
		ke_fingerprint(source, choice, NULL, computed);
		ke_json_set_string(c->rec, "fingerprint", computed);
	}
	if (source != NULL)
		c->fingerprint = ke_json_string(c->rec, "fingerprint");
	if (choice != NULL)
		c->choice = ke_json_print(choice);
	if (strategy != NULL)
		c->strategy = ke_strndup(strategy,
		    strnlen(strategy, STRATEGY_MAX));
}

void
commit_prepare(struct store *st, struct commit *c, cJSON *rec,
    const char *line, const char *run)
{
	*c = (struct commit){.rec = rec};
	if (run != NULL && ke_json_string(rec, "run") == NULL)
		ke_json_set_string(rec, "run", run);
	cJSON_DeleteItemFromObjectCaseSensitive(rec, "context");
	read_eval(c);
	read_proposal(c);
	c->detail = row_detail(rec);
	c->row = row_make(rec, 0, false);
	take(st, &c->source, rec, line, "source");
	c->source.shared = true;
	take(st, &c->prompt, rec, line, "prompt");
	take_eval(st, c, line);
	take(st, &c->profile, rec, line, "profile");
	object_make(st, &c->rest, ke_json_print(rec));
}

void
commit_free(struct commit *c)
{
	cJSON_Delete(c->rec);
	cJSON_Delete(c->row);
	free(c->env_key);
	free(c->strategy);
	free(c->choice);
	free(c->detail);
	cJSON_Delete(c->cases);
	object_free(&c->source);
	object_free(&c->prompt);
	object_free(&c->eval);
	object_free(&c->profile);
	object_free(&c->rest);
}
