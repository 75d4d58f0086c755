/* The tools of a tool-using step: which there are, and a call of one. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "file.h"
#include "language.h"
#include "tool.h"

static const struct tool *const tools[] = {&tool_read, &tool_write,
	&tool_replace, &tool_lint, &tool_kb, &tool_code, &tool_evaluate};

static cJSON *
describe(bool may_evaluate)
{
	cJSON *all = cJSON_CreateArray();
	struct ke_err e;

	for (size_t i = 0; i < KE_LEN(tools); i++) {
		const struct tool *t = tools[i];
		cJSON *o = cJSON_CreateObject();

		if (t->evaluates && !may_evaluate) {
			cJSON_Delete(o);
			continue;
		}
		ke_json_set_string(o, "name", t->name);
		ke_json_set_string(o, "description", t->description);
		ke_json_set(o, "parameters", ke_json_parse(t->parameters,
		    strlen(t->parameters), &e));
		cJSON_AddItemToArray(all, o);
	}
	return all;
}

const cJSON *
agent_tools(bool may_evaluate)
{
	static cJSON *made[2]; /* constants */

	if (made[may_evaluate] == NULL)
		made[may_evaluate] = describe(may_evaluate);
	return made[may_evaluate];
}

/* Is it a file of an operator that a model may read: what prompts show? */
static bool
is_shown(const char *name, const char *suffix)
{
	size_t n = strlen(name), end = strlen(suffix);

	if (strcmp(name, "op.json") == 0 || strcmp(name, "ref.c") == 0)
		return true;
	return (strncmp(name, "base", 4) == 0 ||
	    strncmp(name, "seed", 4) == 0) && n >= 4 + end &&
	    strcmp(name + n - end, suffix) == 0;
}

/* 0, or -1 with the reason. */
static int
copy_operator(const struct agent *a, struct ke_err *e)
{
	struct dirent **found;
	int n = scandir(a->op, &found, NULL, alphasort), status = 0;

	if (n == -1)
		return ke_fail(e, "%s: %s", a->op, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct ke_buf from = {0}, to = {0}, text = {0};

		ke_buf_fmt(&from, "%s/%s", a->op, found[i]->d_name);
		ke_buf_fmt(&to, "op/%s", found[i]->d_name);
		if (status == 0 && is_shown(found[i]->d_name, a->suffix) &&
		    (ke_file_read(from.s, FOLDER_FILE_MAX, &text, e) == -1 ||
		    folder_write(&a->folder, to.s, text.s, text.n, e) == -1))
			status = -1;
		ke_buf_free(&from);
		ke_buf_free(&to);
		ke_buf_free(&text);
		free(found[i]);
	}
	free(found);
	return status;
}

static int
fill(struct agent *a, const cJSON *rec, struct ke_err *e)
{
	const char *source = ke_json_string(ke_json_object(ke_json_object(rec,
	    "context"), "parent"), "source");

	if (folder_open(&a->folder, e) == -1 || copy_operator(a, e) == -1)
		return -1;
	return source == NULL ? 0 : folder_write(&a->folder,
	    tool_candidate(a), source, strlen(source), e);
}

struct agent *
agent_open(struct gen *g, const cJSON *rec, bool may_evaluate,
    struct ke_err *e)
{
	const char *name = ke_json_string(rec, "language");
	const struct language *language = language_find(name);
	const struct ke_op *op = gen_operator(g, ke_json_string(rec, "op"), e);
	const char *target = ke_json_string(rec, "target");
	const char *dtype = ke_json_string(rec, "dtype");
	struct agent *a;

	if (op != NULL && language == NULL)
		ke_fail(e, "no tools for language %s", name);
	if (op == NULL || language == NULL)
		return NULL;
	a = ke_calloc(1, sizeof(*a));
	*a = (struct agent){.folder = {.fd = -1}, .suffix = language->suffix,
	    .candidate = language->candidate, .language = language->name,
	    .may_evaluate = may_evaluate, .op = realpath(op->dir, NULL),
	    .target = ke_strdup(target != NULL ? target
	    : language->target),
	    .dtype = ke_strdup(dtype != NULL ? dtype
	    : ke_op_default_dtype(op))};
	if (a->op == NULL)
		ke_fail(e, "%s: %s", op->dir, strerror(errno));
	if (a->op == NULL || fill(a, rec, e) == -1) {
		agent_close(a);
		return NULL;
	}
	return a;
}

static const struct tool *
find(const struct agent *a, const char *name)
{
	for (size_t i = 0; i < KE_LEN(tools); i++)
		if (strcmp(tools[i]->name, name) == 0 &&
		    (a->may_evaluate || !tools[i]->evaluates))
			return tools[i];
	return NULL;
}

/* Leaves out the end of a result that is too long. */
static void
shorten(struct agent *a)
{
	if (a->result.n <= TOOL_RESULT_MAX)
		return;
	a->result.n = TOOL_RESULT_MAX;
	tool_say(a, "\n(the rest is left out)\n");
}

void
agent_call(struct agent *a, const char *name, const cJSON *args)
{
	a->result.n = 0;
	a->failed = false;
	a->tool = find(a, name);
	if (a->tool == NULL)
		tool_refuse(a, "there is no tool %s", name);
	else
		a->tool->start(a, args);
	shorten(a);
}

void
agent_poll(const struct agent *a, struct pollfd p[KE_CHILD_POLL],
    int *timeout_ms)
{
	if (a->running) {
		ke_child_poll(&a->child, p, timeout_ms);
		return;
	}
	for (size_t i = 0; i < KE_CHILD_POLL; i++)
		p[i] = (struct pollfd){.fd = -1};
	*timeout_ms = 0;
}

bool
agent_step(struct agent *a)
{
	if (a->running && ke_child_step(&a->child)) {
		a->running = false;
		a->tool->finish(a);
		shorten(a);
		ke_buf_free(&a->child.output);
	}
	return !a->running;
}

const char *
agent_result(const struct agent *a, bool *failed)
{
	*failed = a->failed;
	return a->result.n == 0 ? "" : a->result.s;
}

char *
agent_candidate(const struct agent *a, struct ke_err *e)
{
	struct ke_buf b = {0};

	if (folder_read(&a->folder, tool_candidate(a), &b, e) == -1)
		ke_buf_free(&b);
	return b.s;
}

void
agent_close(struct agent *a)
{
	struct ke_err e;

	if (a->running) {
		ke_child_kill(&a->child);
		ke_spawn_wait(&a->child, 1, &e);
		ke_buf_free(&a->child.output);
	}
	folder_close(&a->folder);
	free(a->op);
	free(a->target);
	free(a->dtype);
	ke_buf_free(&a->result);
	free(a);
}
