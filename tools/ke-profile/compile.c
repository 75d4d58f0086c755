/* What the compiler vectorised and what not, from its remarks: lines such as
 *	candidate.c:26:23: optimized: loop vectorized using 64 byte vectors
 *	candidate.c:22:43: missed: couldn't vectorize loop
 *	candidate.c:24:9: missed: not vectorized: control flow in loop.
 * of gcc, where the reason follows the loop that it is about, or of clang
 *	candidate.c:26:3: remark: vectorized loop (vectorization width: 8)
 *	candidate.c:22:3: remark: loop not vectorized: reason [-Rpass...]
 * with remark or note. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "file.h"

#define FILE_NAME "candidate.c"
#define REMARKS_MAX ((size_t)64 << 20)
#define LISTED_MAX 32
#define WHAT_MAX 160

/* One line of the file, cut into its parts. */
struct remark {
	long line;
	bool missed;
	const char *text;
	size_t n;
};

static int
remark_parse(const char *s, size_t n, struct remark *r)
{
	const char *end = s + n, *at = memmem(s, n, FILE_NAME ":",
	    strlen(FILE_NAME ":"));
	char *after;

	if (at == NULL || (at > s && at[-1] != '/'))
		return -1;
	r->line = strtol(at + strlen(FILE_NAME ":"), &after, 10);
	if (r->line <= 0 || *after != ':')
		return -1;
	after += 1 + strspn(after + 1, "0123456789");
	if (*after != ':')
		return -1;
	after += 1 + strspn(after + 1, " ");
	r->missed = strncmp(after, "missed:", 7) == 0;
	after += strspn(after, "abcdefghijklmnopqrstuvwxyz"); /* the kind */
	if (after + 2 >= end || *after != ':')
		return -1;
	r->text = after + 2;
	r->n = (size_t)(end - r->text);
	return 0;
}

static bool
says(const struct remark *r, const char *words)
{
	return memmem(r->text, r->n, words, strlen(words)) != NULL;
}

/* Without what only the compiler can read: its names for values, the option
 * that asked for the remark. */
static size_t
plain_length(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && !(s[i] == ':' && memchr(s + i, '_', n - i) != NULL) &&
	    !(s[i] == ' ' && i + 2 < n && s[i + 1] == '[' && s[i + 2] == '-'))
		i++;
	while (i > 0 && (s[i - 1] == '.' || s[i - 1] == ' '))
		i--;
	return i < WHAT_MAX ? i : WHAT_MAX;
}

static bool
has(const cJSON *list, long line, const char *what, size_t n)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, list) {
		const char *w = ke_json_string(o, "what");

		if ((long)ke_json_number(o, "line", 0) == line &&
		    (what == NULL || (strncmp(w, what, n) == 0 &&
		    w[n] == '\0')))
			return true;
	}
	return false;
}

static void
list_add(cJSON *list, long line, const char *what, size_t n)
{
	cJSON *o;

	n = plain_length(what, n);
	if (n == 0 || cJSON_GetArraySize(list) >= LISTED_MAX ||
	    has(list, line, what, n))
		return;
	o = cJSON_CreateObject();
	ke_json_set_number(o, "line", (double)line);
	ke_json_set_text(o, "what", what, n);
	cJSON_AddItemToArray(list, o);
}

/* "_6 = expf (_4);", and such: the name of what is called, or n = 0. */
static const char *
called_name(const char *s, size_t len, size_t *n)
{
	static const char builtin[] = "__builtin_";
	const char *end = memmem(s, len, " (", 2), *from = end;

	*n = 0;
	while (from != NULL && from > s && from[-1] != ' ')
		from--;
	if (from == NULL)
		return s;
	*n = (size_t)(end - from);
	if (*n > strlen(builtin) && strncmp(from, builtin,
	    strlen(builtin)) == 0) {
		from += strlen(builtin);
		*n -= strlen(builtin);
	}
	return from;
}

/* Loops around loops are never vectorised, and those that were written with
 * vector types have no vector type for those: neither says anything. */
static bool
is_noise(const struct remark *r)
{
	static const char type[] = " scalar_type: ";
	static const char *const scalars[] = {"float", "double", "int", "char",
	    "short", "long", "unsigned", "_Bool", "_t\n"};
	const char *next = r->text + r->n;
	struct remark line;

	if (says(r, "multiple nested loops") || says(r, "outer-loop") ||
	    says(r, "outerloop") || says(r, "loop nest"))
		return true;
	if (!says(r, "no vectype") || *next != '\n' ||
	    strncmp(next + 1, type, strlen(type)) != 0)
		return false;
	line.text = next + strlen(type);
	line.n = strcspn(line.text + 1, "\n") + 2;
	for (size_t i = 0; i < KE_LEN(scalars); i++)
		if (says(&line, scalars[i]))
			return says(&line, "*");
	return true;
}

/* Why the loop at a line was not vectorised. */
static void
list_reason(cJSON *no, long line, const struct remark *r)
{
	static const char reason[] = "not vectorized: ";
	static const char clobber[] = "statement clobbers memory: ";
	const char *why = memmem(r->text, r->n, reason, strlen(reason));
	const char *end = r->text + r->n, *name;
	struct ke_buf b = {0};
	size_t n;

	if (is_noise(r))
		return;
	if (why != NULL) {
		why += strlen(reason);
		list_add(no, line, why, (size_t)(end - why));
	} else if (says(r, clobber)) {
		name = called_name(r->text + strlen(clobber),
		    r->n - strlen(clobber), &n);
		ke_buf_fmt(&b, "calls %.*s", (int)n, name);
		list_add(no, line, b.s, n > 0 ? b.n : 0);
		ke_buf_free(&b);
	} else {
		list_add(no, line, r->text, r->n);
	}
}

/* loop: the line of the loop that gcc's next reason is about, or 0. */
static void
read_remark(const struct remark *r, long *loop, cJSON *yes, cJSON *no)
{
	if (says(r, "couldn't vectorize loop")) {
		*loop = r->line;
	} else if (*loop != 0 && r->missed) {
		list_reason(no, *loop, r);
		*loop = 0;
	} else if (says(r, "loop not vectorized: ")) {
		list_reason(no, r->line, r);
	} else if (!r->missed && says(r, "vectorized") &&
	    (says(r, " vectors") || says(r, "vectorized loop"))) {
		list_add(yes, r->line, r->text, r->n);
	}
}

static void
drop_vectorised(cJSON *no, const cJSON *yes)
{
	cJSON *o = no->child;

	while (o != NULL) {
		cJSON *next = o->next;

		if (has(yes, (long)ke_json_number(o, "line", 0), NULL, 0))
			cJSON_Delete(cJSON_DetachItemViaPointer(no, o));
		o = next;
	}
}

static void
read_remarks(const char *s, cJSON *yes, cJSON *no)
{
	long loop = 0;

	while (*s != '\0') {
		size_t n = strcspn(s, "\n");
		struct remark r;

		if (remark_parse(s, n, &r) == 0)
			read_remark(&r, &loop, yes, no);
		s += n + (s[n] == '\n');
	}
	drop_vectorised(no, yes);
}

int
compile_here(struct ke_err *e)
{
	return build_has("ke-eval", e);
}

int
pass_compile(struct job *j, struct ke_err *e)
{
	struct ke_buf b = {0};
	cJSON *yes, *no;
	char *path;
	int status;

	if (build_candidate(j, e) == -1)
		return -1;
	path = build_path(j, "variant-0.remarks");
	status = ke_file_read(path, REMARKS_MAX, &b, e);
	free(path);
	if (status == 0) {
		yes = cJSON_CreateArray();
		no = cJSON_CreateArray();
		read_remarks(b.s, yes, no);
		ke_json_set(j->profile, "vectorised", yes);
		ke_json_set(j->profile, "not_vectorised", no);
	}
	ke_buf_free(&b);
	return status;
}
