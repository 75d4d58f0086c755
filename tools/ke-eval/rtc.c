/* Where a compiler that is a library lies, and how it is called. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "python.h"
#include "rtc.h"

/* The last file, by name, that matches. */
static bool
match(const char *pattern, char *to)
{
	glob_t g = {0};
	bool found = glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0 &&
	    realpath(g.gl_pathv[g.gl_pathc - 1], to) != NULL;

	globfree(&g);
	return found;
}

/* The i-th place, as a pattern; empty where that is not said.  False where
 * there are no more. */
static bool
place(const struct rtc *r, size_t i, char *to, size_t n)
{
	char python[PATH_MAX];
	const char *at;

	*to = '\0';
	if (i < r->n_places) {
		at = r->place[i].variable == NULL ? r->place[i].path
		    : getenv(r->place[i].variable);
		snprintf(to, n, "%s", at == NULL ? "" : at);
		return true;
	}
	if (i > r->n_places || r->python == NULL)
		return false;
	python_prefix(python, sizeof(python));
	if (*python != '\0')
		snprintf(to, n, "%s/%s", python, r->python);
	return true;
}

static bool
look(const char *at, const char *what, char *to)
{
	char pattern[PATH_MAX * 2];

	snprintf(pattern, sizeof(pattern), "%s/%s", at, what);
	return *at != '\0' && match(pattern, to);
}

static bool
look_any(const char *at, const struct rtc_files *files, char *to)
{
	for (size_t i = 0; i < files->n; i++)
		if (look(at, files->pattern[i], to))
			return true;
	*to = '\0';
	return false;
}

bool
rtc_find_file(const struct rtc *r, const struct rtc_files *files,
    char to[PATH_MAX])
{
	char at[PATH_MAX * 2];

	for (size_t i = 0; place(r, i, at, sizeof(at)); i++)
		if (look_any(at, files, to))
			return true;
	return false;
}

/* Headers of the place that has the library, or else of the first that has
 * any. */
static void
find_include(const struct rtc *r, const char *at)
{
	struct rtc_files files = {1, {r->header}};
	char *to = r->found->include;

	if (r->header != NULL && (look_any(at, &files, to) ||
	    rtc_find_file(r, &files, to)))
		*strrchr(to, '/') = '\0';
}

static bool
find(const struct rtc *r)
{
	char at[PATH_MAX * 2];

	if (*r->found->lib != '\0')
		return true;
	for (size_t i = 0; place(r, i, at, sizeof(at)); i++)
		if (look_any(at, &r->libs, r->found->lib)) {
			find_include(r, at);
			return true;
		}
	return false;
}

const char *
rtc_why(const struct rtc *r)
{
	static char text[PATH_MAX + 32];

	if (!find(r))
		return r->none;
	snprintf(text, sizeof(text), "%s can't be loaded", r->found->lib);
	return text;
}

const char *
rtc_version(const struct rtc *r)
{
	static char self[] = COMPILER_NAME, layers[] = "0";
	char name[16], *text = r->found->version;
	char *const argv[] = {self, layers, name, r->found->lib, NULL};
	struct ke_spawn s = {.argv = argv, .file = "/proc/self/exe",
	    .timeout_ms = 20000,
	    .output_max = sizeof(r->found->version) - 1};
	struct ke_child c;
	struct ke_err e;

	if (*text != '\0')
		return text;
	snprintf(name, sizeof(name), "%s", r->name);
	snprintf(text, sizeof(r->found->version), "no compiler");
	if (!find(r))
		return text;
	if (ke_run(&c, &s, &e) == 0 && c.status == 0)
		snprintf(text, sizeof(r->found->version), "%.*s",
		    (int)strcspn(c.output.s, "\n"), c.output.s);
	ke_buf_free(&c.output);
	return text;
}

static void
add(struct cc *c, const char *arg)
{
	c->argv[c->argc++] = ke_strdup(arg);
	c->argv[c->argc] = NULL;
}

void
rtc_command(const struct rtc *r, struct cc *c, const char *flags,
    const cJSON *more)
{
	char all[160], *save, *word;
	const cJSON *f;

	find(r);
	add(c, r->name);
	add(c, r->found->lib);
	add(c, r->found->include);
	snprintf(all, sizeof(all), "%s", flags);
	for (word = strtok_r(all, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save))
		add(c, word);
	cJSON_ArrayForEach(f, more)
		add(c, f->valuestring);
}
