/* What the tuner remembers of each run for as long as it lives. */
#include <dirent.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "hash.h"
#include "history.h"
#include "plan_text.h"
#include "record.h"

#define SOURCE_MAX ((size_t)1 << 20) /* bytes of a seed */
#define HASH_MIN 16 /* digits of a source's hash that name it */

static bool
is_seed(const char *name, const char *suffix)
{
	size_t n = strlen(name), end = strlen(suffix);

	return strncmp(name, "seed", 4) == 0 && n >= 4 + end &&
	    strcmp(name + n - end, suffix) == 0;
}

/* The space of a text that is new to the run. */
static struct space *
open_space(struct run *run, const char *source, struct ke_err *e)
{
	struct space *s = space_open(source, run->op, run->language, e);

	for (const struct space *k = run->spaces; s != NULL && k != NULL;
	    k = k->next)
		space_join(s, k);
	return s;
}

static void
open_seed(struct run *run, const char *name, struct space ***tail)
{
	struct ke_buf path = {0}, text = {0};
	struct ke_err e;
	struct space *s = NULL;

	ke_buf_fmt(&path, "%s/%s", run->op->dir, name);
	if (ke_file_read(path.s, SOURCE_MAX, &text, &e) == -1)
		warnx("%s", e.msg);
	else if ((s = open_space(run, text.s, &e)) == NULL)
		warnx("%s: %s", path.s, e.msg);
	if (s != NULL) {
		s->name = ke_strdup(name);
		**tail = s;
		*tail = &s->next;
		run->n_seeds++;
	}
	ke_buf_free(&path);
	ke_buf_free(&text);
}

static void
open_seeds(struct run *run)
{
	struct space **tail = &run->spaces;
	struct dirent **found;
	int n = scandir(run->op->dir, &found, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (is_seed(found[i]->d_name, run->language->suffix))
			open_seed(run, found[i]->d_name, &tail);
		free(found[i]);
	}
	if (n >= 0)
		free(found);
}

struct run *
history_run(struct run **all, const cJSON *rec, const struct ke_op *op,
    const struct language *language)
{
	const char *name = ke_json_string(rec, "run");
	struct run *r;

	name = name == NULL ? "" : name;
	for (r = *all; r != NULL; r = r->next)
		if (r->op == op && r->language == language &&
		    strcmp(r->name, name) == 0)
			return r;
	r = ke_calloc(1, sizeof(*r));
	*r = (struct run){.name = ke_strdup(name), .op = op,
	    .language = language, .next = *all};
	*all = r;
	open_seeds(r);
	return r;
}

struct space *
history_space(struct run *run, const char *source, struct ke_err *e)
{
	struct space **s = &run->spaces;

	while (*s != NULL && strcmp((*s)->source, source) != 0)
		s = &(*s)->next;
	if (*s == NULL)
		*s = open_space(run, source, e);
	return *s;
}

struct space *
history_form(struct run *run, const char *source, struct ke_err *e)
{
	char *form = plan_text_form(source);
	struct space *s = run->spaces;

	while (s != NULL && form != NULL && strcmp(s->form, form) != 0)
		s = s->next;
	free(form);
	return s != NULL ? s : open_space(run, source, e);
}

bool
history_keeps(const struct run *run, const struct space *s)
{
	const struct space *k = run->spaces;

	while (k != NULL && k != s)
		k = k->next;
	return k != NULL;
}

void
history_keep(struct run *run, struct space *s)
{
	struct space **end = &run->spaces;

	while (*end != NULL && *end != s)
		end = &(*end)->next;
	*end = s;
}

/* The space of that hash, which may be the first digits alone. */
static struct space *
find_hash(const struct run *run, const char *hash)
{
	size_t n = strlen(hash);

	for (struct space *s = run->spaces; s != NULL; s = s->next)
		if (n >= HASH_MIN && strncmp(s->hash, hash, n) == 0)
			return s;
	return NULL;
}

static enum outcome
outcome_of(const char *status)
{
	enum ke_status s = status == NULL ? KE_STATUS_COUNT
	    : ke_status_find(status);

	if (s == KE_PASS)
		return PASSED;
	if (s == KE_STATUS_COUNT)
		return UNKNOWN;
	return ke_status_passing(s) && s != KE_HUNG && s != KE_TIMEOUT
	    ? UNKNOWN : FAILED;
}

static uint64_t
key_of(const char *fingerprint)
{
	char first[17] = {0};

	strncpy(first, fingerprint, 16);
	return strtoull(first, NULL, 16);
}

bool
history_note(struct run *run, const char *fingerprint)
{
	uint32_t *seen = map_put(&run->seen, key_of(fingerprint));

	if (*seen != 0)
		return false;
	*seen = 1;
	return true;
}

static void
learn_one(struct run *run, const cJSON *v, struct space *s)
{
	const char *fingerprint = ke_json_string(v, "fingerprint");
	const char *hash = ke_json_string(v, "source");
	const cJSON *choice = ke_json_object(v, "choice");
	enum outcome outcome = outcome_of(ke_json_string(v, "status"));
	uint32_t *seen;
	struct ke_err e;
	struct point p;

	if (fingerprint == NULL)
		return;
	seen = map_put(&run->seen, key_of(fingerprint));
	if (*seen == 2)
		return;
	*seen = 1;
	if (hash != NULL)
		s = find_hash(run, hash);
	if (s == NULL || ke_plan_check_choice(s->plan, choice, &e) == -1)
		return;
	p = space_point(s, choice);
	space_observe(s, &p, outcome, ke_json_number(v, "score", 0));
	if (outcome != UNKNOWN)
		*seen = 2;
}

void
history_learn(struct run *run, const cJSON *tried, struct space *parent)
{
	/* newest first as it comes, oldest first as it is kept */
	for (int i = cJSON_GetArraySize(tried); i-- > 0;)
		learn_one(run, cJSON_GetArrayItem(tried, i), parent);
}
