/* The knowledge base: a folder of documents, and index.md. */
#include <stdlib.h>
#include <string.h>

#include "concern.h"
#include "file.h"
#include "hash.h"
#include "kb.h"

#define DOCUMENT_MAX ((size_t)1 << 20) /* bytes */
#define INDEX_MAX ((size_t)16 << 20)

/* Part of the hash, so that an index made in another way is another file. */
#define FORMAT "ke-prompt index 1"

static const struct {
	const char *name;
	unsigned level;
} levels[] = {
	{"broad", LEVEL_BROAD},
	{"detail", LEVEL_DETAIL},
	{"sample", LEVEL_SAMPLE},
};

struct span {
	const char *s;
	size_t n;
};

static struct span
trim(const char *s, size_t n)
{
	while (n > 0 && strchr(" \t\r", s[0]) != NULL)
		s++, n--;
	while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL)
		n--;
	return (struct span){s, n};
}

/* The cells of "| a | b |": how many there are, at most max of them kept. */
static size_t
cells(struct span line, struct span *out, size_t max)
{
	const char *s = line.s + 1, *end = line.s + line.n, *bar;
	size_t n = 0;

	for (; (bar = memchr(s, '|', (size_t)(end - s))) != NULL; s = bar + 1) {
		if (n < max)
			out[n] = trim(s, (size_t)(bar - s));
		n++;
	}
	return n;
}

static bool
is(struct span s, const char *text)
{
	return strlen(text) == s.n && memcmp(s.s, text, s.n) == 0;
}

/* 0 where one of the words is no concern. */
static unsigned
concerns(struct span s)
{
	unsigned set = 0;

	while (s.n > 0) {
		size_t n = 0;
		unsigned one;

		while (n < s.n && strchr(" ,", s.s[n]) == NULL)
			n++;
		one = concern_find(s.s, n);
		if (n > 0 && one == 0)
			return 0;
		set |= one;
		n += n < s.n;
		s = (struct span){s.s + n, s.n - n};
	}
	return set;
}

/* Cuts off the word behind a platform's name, and is true, where it is there.
 */
static bool
is_hardware(struct span *platform)
{
	static const char word[] = " hardware";
	size_t n = sizeof(word) - 1;

	if (platform->n <= n ||
	    memcmp(platform->s + platform->n - n, word, n) != 0)
		return false;
	*platform = trim(platform->s, platform->n - n);
	return true;
}

static unsigned
level_of(struct span s)
{
	for (size_t i = 0; i < KE_LEN(levels); i++)
		if (is(s, levels[i].name))
			return levels[i].level;
	return 0;
}

/* 0; -1 with what is wrong with the row. */
static int
read_row(struct kb *kb, const char *dir, struct span platform,
    const struct span *cell, struct ke_err *e)
{
	struct document d = {.concerns = concerns(cell[1]),
	    .level = level_of(cell[2])};
	struct ke_buf path = {0}, text = {0};
	int status;

	if (platform.n == 0)
		return ke_fail(e, "a table before the first platform");
	if (d.concerns == 0 || d.level == 0)
		return ke_fail(e, "no such %s: %.*s",
		    d.level == 0 ? "level" : "concern",
		    (int)cell[d.level == 0 ? 2 : 1].n,
		    cell[d.level == 0 ? 2 : 1].s);
	ke_buf_fmt(&path, "%s/%.*s", dir, (int)cell[0].n, cell[0].s);
	status = ke_file_read(path.s, DOCUMENT_MAX, &text, e);
	if (status == 0) {
		d.path = ke_strndup(cell[0].s, cell[0].n);
		d.hardware = is_hardware(&platform);
		d.platform = ke_strndup(platform.s, platform.n);
		d.summary = ke_strndup(cell[3].s, cell[3].n);
		d.text = ke_strndup(text.s, text.n);
		d.constraint = strncmp(d.path, "constraints/", 12) == 0;
		kb->docs = ke_grow(kb->docs, kb->n + 1, sizeof(d));
		kb->docs[kb->n++] = d;
	}
	ke_buf_free(&path);
	ke_buf_free(&text);
	return status;
}

/* Is it the head of a table, or the rule below it? */
static bool
is_head(const struct span *cell)
{
	return is(cell[0], "path") ||
	    strspn(cell[0].s, "-: ") >= cell[0].n;
}

static void
read_line(struct kb *kb, const char *dir, struct span line,
    struct span *platform, size_t number, struct ke_buf *problems)
{
	struct span cell[4] = {{0}};
	struct ke_err e;
	size_t n;
	int status = 0;

	if (line.n > 3 && memcmp(line.s, "## ", 3) == 0)
		*platform = trim(line.s + 3, line.n - 3);
	if (line.n == 0 || line.s[0] != '|')
		return;
	n = cells(line, cell, KE_LEN(cell));
	if (n != KE_LEN(cell))
		status = ke_fail(&e, "%zu cells where 4 are due", n);
	else if (!is_head(cell))
		status = read_row(kb, dir, *platform, cell, &e);
	if (status == -1)
		ke_buf_fmt(problems, "%s/index.md:%zu: %s\n", dir, number,
		    e.msg);
}

static void
hash(struct kb *kb)
{
	struct ke_buf all = {0};

	ke_buf_str(&all, FORMAT);
	for (size_t i = 0; i < kb->n; i++) {
		const struct document *d = &kb->docs[i];

		ke_buf_add(&all, d->path, strlen(d->path) + 1);
		ke_buf_add(&all, d->summary, strlen(d->summary) + 1);
		ke_buf_add(&all, d->text, strlen(d->text) + 1);
	}
	ke_sha256_hex(all.s, all.n, kb->hash);
	ke_buf_free(&all);
}

int
kb_read(struct kb *kb, const char *dir, struct ke_buf *problems,
    struct ke_err *e)
{
	struct ke_buf path = {0}, index = {0};
	struct span platform = {0};
	int status;

	*kb = (struct kb){0};
	ke_buf_fmt(&path, "%s/index.md", dir);
	status = ke_file_read(path.s, INDEX_MAX, &index, e);
	for (size_t at = 0, line = 1; status == 0 && at < index.n; line++) {
		char *nl = memchr(index.s + at, '\n', index.n - at);
		size_t n = nl != NULL ? (size_t)(nl - index.s) - at
		    : index.n - at;

		read_line(kb, dir, trim(index.s + at, n), &platform, line,
		    problems);
		at += n + 1;
	}
	hash(kb);
	ke_buf_free(&path);
	ke_buf_free(&index);
	return status;
}
