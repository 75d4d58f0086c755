/* The candidate as ke-eval(1) builds it, in a temporary folder. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "file.h"

#define TIMEOUT_MS 120000
#define COMPILE_OUTPUT_MAX 65536

char *
build_path(const struct job *j, const char *name)
{
	struct ke_buf b = {0};

	ke_buf_fmt(&b, "%s/%s", j->dir, name);
	return b.s;
}

/* Its last line is where a program says what was wrong. */
static int
fail_child(const struct ke_child *c, const char *name, struct ke_err *e)
{
	const char *s = c->output.s;
	size_t n = c->output.n, from;
	char words[64];

	while (n > 0 && (s[n - 1] == '\n' || s[n - 1] == ' '))
		n--;
	for (from = n; from > 0 && s[from - 1] != '\n'; from--)
		;
	ke_child_words(c, words, sizeof(words));
	return ke_fail(e, "%s: %s%s%.*s", name, words, n > 0 ? ": " : "",
	    (int)(n - from < 400 ? n - from : 400), s + from);
}

int
build_run(char *const *argv, size_t output_max, struct ke_child *c,
    struct ke_err *e)
{
	const struct ke_spawn s = {.argv = argv, .timeout_ms = TIMEOUT_MS,
	    .output_max = output_max};

	if (build_has(argv[0], e) == -1 || ke_run(c, &s, e) == -1)
		return -1;
	if (c->status == 0 && !c->timed_out)
		return 0;
	fail_child(c, argv[0], e);
	ke_buf_free(&c->output);
	return -1;
}

int
build_has(const char *program, struct ke_err *e)
{
	const char *path = getenv("PATH");

	while (path != NULL && *path != '\0') {
		size_t n = strcspn(path, ":");
		struct ke_buf b = {0};
		int found;

		ke_buf_fmt(&b, "%.*s/%s", (int)n, path, program);
		found = access(b.s, X_OK) == 0;
		ke_buf_free(&b);
		if (found)
			return 0;
		path += n + (path[n] == ':');
	}
	return ke_fail(e, "%s: not in PATH", program);
}

static int
make_dir(struct job *j, struct ke_err *e)
{
	const char *base = getenv("TMPDIR");
	struct ke_buf b = {0};

	ke_buf_fmt(&b, "%s/ke-profile.XXXXXX", base != NULL && *base == '/'
	    ? base : "/tmp");
	if (mkdtemp(b.s) == NULL) {
		ke_fail(e, "%s: %s", b.s, strerror(errno));
		ke_buf_free(&b);
		return -1;
	}
	j->dir = b.s;
	return 0;
}

static int
ask(struct job *j, struct ke_err *e)
{
	char *record = build_path(j, "record"), *so;
	char eval[] = "ke-eval", compile[] = "-c", keep[] = "-k";
	char *const argv[] = {eval, compile, keep, j->dir, record, NULL};
	struct ke_child c;
	int status = ke_file_write(record, j->request, strlen(j->request), e);

	if (status == 0)
		status = build_run(argv, COMPILE_OUTPUT_MAX, &c, e);
	free(record);
	if (status == -1)
		return -1;
	ke_buf_free(&c.output);
	so = build_path(j, "variant-0.so");
	if (access(so, R_OK) == -1)
		status = ke_fail(e, "ke-eval -c: left no variant-0.so");
	free(so);
	return status;
}

int
build_candidate(struct job *j, struct ke_err *e)
{
	if (j->dir != NULL)
		return 0;
	if (j->unbuilt != NULL)
		return ke_fail(e, "%s", j->unbuilt);
	if (j->request == NULL)
		return ke_fail(e, "no source");
	if (build_has("ke-eval", e) == -1 || make_dir(j, e) == -1)
		return -1;
	if (ask(j, e) == 0)
		return 0;
	build_remove(j);
	j->unbuilt = ke_strdup(e->msg);
	return -1;
}

void
build_remove(struct job *j)
{
	DIR *d = j->dir != NULL ? opendir(j->dir) : NULL;
	const struct dirent *f;

	while (d != NULL && (f = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), f->d_name, 0);
	if (d != NULL)
		closedir(d);
	if (j->dir != NULL)
		(void)rmdir(j->dir);
	free(j->dir);
	free(j->unbuilt);
	j->dir = j->unbuilt = NULL;
}
