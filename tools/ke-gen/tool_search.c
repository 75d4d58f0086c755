/* Tools: searches in what is known, and in the folder's files. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tool.h"

#define SECONDS 20
#define MEMORY ((size_t)1 << 30) /* bytes for an expression of a model's */
#define DOCUMENTS_MAX 12000 /* bytes of documents that are told whole */

static void
start_kb(struct agent *a, const cJSON *args)
{
	const char *query = tool_string(a, args, "query", NULL);
	const char *const argv[] = {"ke-prompt", "-q", "-t", a->target, "-l",
	    a->language, "-s", query, NULL};

	if (query != NULL)
		tool_spawn(a, argv, NULL, SECONDS, 0);
}

/* Did the child end as it must?  If not, refuses. */
static bool
ended(struct agent *a, const char *name, int most)
{
	const struct ke_child *c = &a->child;
	char words[64];

	if (!c->timed_out && WIFEXITED(c->status) &&
	    WEXITSTATUS(c->status) <= most)
		return true;
	ke_child_words(c, words, sizeof(words));
	tool_refuse(a, "%s: %s: %.*s", name, words,
	    (int)(c->output.n < 500 ? c->output.n : 500), c->output.s);
	return false;
}

/* Documents from the best down: whole, while there is room. */
static void
finish_kb(struct agent *a)
{
	const char *s = a->child.output.s;
	size_t told = 0;

	if (!ended(a, "ke-prompt", 0))
		return;
	for (size_t n; *s == '{'; s += n + (s[n] == '\n')) {
		struct ke_err e;
		cJSON *o = ke_json_parse(s, n = strcspn(s, "\n"), &e);
		const char *path = ke_json_string(o, "path");
		const char *text = ke_json_string(o, "text");
		const char *summary = ke_json_string(o, "summary");

		if (path != NULL && text != NULL && summary != NULL) {
			bool whole = told == 0 ||
			    told + strlen(text) <= DOCUMENTS_MAX;

			tool_say(a, "=== %s: %s\n%s%s", path, summary,
			    whole ? text : "", whole ? "\n" : "");
			told += whole ? strlen(text) : 0;
		}
		cJSON_Delete(o);
	}
	if (a->result.n == 0)
		tool_say(a, "No document has one of these words.\n");
}

static void
start_code(struct agent *a, const cJSON *args)
{
	const char *pattern = tool_string(a, args, "pattern", NULL);
	const char *const argv[] = {"grep", "-rnI", "-m", "50", "-C", "2",
	    ke_json_true(args, "regex") ? "-E" : "-F", "-e", pattern, NULL};

	if (pattern != NULL)
		tool_spawn(a, argv, a->folder.path, SECONDS, MEMORY);
}

static void
finish_code(struct agent *a)
{
	if (!ended(a, "grep", 1))
		return;
	if (WEXITSTATUS(a->child.status) == 1)
		tool_say(a, "No line matches.\n");
	else
		tool_say(a, "%s", a->child.output.s);
}

const struct tool tool_kb = {"search_kb",
	"Search the notes on writing fast kernels by words: bottlenecks, "
	"instructions, techniques, messages. The best documents come whole, "
	"others with their summary.",
	"{\"type\":\"object\",\"properties\":{"
	"\"query\":{\"type\":\"string\"}},\"required\":[\"query\"]}",
	false, start_kb, finish_kb};

const struct tool tool_code = {"search_code",
	"Find lines in the files of your folder: the operator's specification, "
	"reference, baseline and seeds below op/, and what you wrote.",
	"{\"type\":\"object\",\"properties\":{"
	"\"pattern\":{\"type\":\"string\"},"
	"\"regex\":{\"type\":\"boolean\",\"description\":"
	"\"the pattern is an extended regular expression; default false\"}},"
	"\"required\":[\"pattern\"]}",
	false, start_code, finish_code};
