/* An answer to a parent: what stands before the first NUL, or where there is
 * none a parent of a few lines. */
#include <stdlib.h>
#include <string.h>

#include "../../tools/ke-gen/edit.h"
#include "../../tools/ke-gen/edits.h"
#include "fuzz.h"

static const char few[] = "/* ke-plan */\nvoid\nf(int n)\n{\n\tg(n);\n\n"
    "\tif (n)\n\t\tg(n);\n}\n";

/* A copy of the first n bytes without the NULs in them. */
static char *
text_of(const uint8_t *data, size_t n)
{
	struct ke_buf b = {0};

	ke_buf_add(&b, "", 0);
	for (size_t i = 0; i < n; i++)
		if (data[i] != '\0')
			ke_buf_add(&b, &data[i], 1);
	return b.s;
}

static size_t
count_lines(const char *text)
{
	struct lines all;

	lines_split(&all, text);
	free(all.all);
	return all.n;
}

/* Each line is there that edits of the parent add, and there are as many lines
 * as there must be. */
static void
holds_edits(const char *parent, const char *answer, const char *got)
{
	size_t n = count_lines(parent);
	struct edits all;
	struct ke_err e;

	HOLDS(edits_read(&all, answer, &e) == 0);
	HOLDS(all.file != NULL || all.n > 0);
	for (size_t i = 0; i < all.n && all.file == NULL; i++)
		for (size_t k = 0; k < all.all[i].n; k++) {
			const struct op *op = &all.all[i].ops[k];
			struct line l = op->line;

			while (l.n > 0 && (*l.s == ' ' || *l.s == '\t'))
				l.s++, l.n--;
			n += op->kind == ADD;
			n -= op->kind == DROP;
			HOLDS(op->kind != ADD || memmem(got, strlen(got), l.s,
			    l.n) != NULL);
		}
	if (all.file == NULL) {
		HOLDS(strchr(got, '\r') == NULL);
		/* an empty line that ends the text without an end is none */
		HOLDS(count_lines(got) == n || count_lines(got) == n - 1);
	}
	edits_free(&all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *nul = n > 0 ? memchr(data, '\0', n) : NULL;
	size_t before = nul != NULL ? (size_t)(nul - data) : 0;
	char *parent = nul != NULL ? text_of(data, before) : ke_strdup(few);
	char *answer = text_of(data + before, n - before), *got;
	struct ke_err e = {""};
	bool found;

	got = edit_apply(parent, answer, &found, &e);
	HOLDS(found || got == NULL);
	if (got != NULL)
		holds_edits(parent, answer, got);
	else if (found)
		fuzz_message(&e);
	free(got);
	free(parent);
	free(answer);
	return 0;
}
