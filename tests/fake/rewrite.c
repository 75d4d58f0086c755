/* __global__ goes, and behind the text each such function gets what calls it;
 * a block's memory becomes a variable of the module, since blocks run one
 * after the other; of PTX there is the clock. */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "rewrite.h"

#define KERNELS_MAX 64
#define SHARED "static __attribute__((section(\".fake_shared\")))"

struct names {
	size_t n;
	char name[KERNELS_MAX][128];
};

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool
starts(const char *p, const char *word)
{
	size_t n = strlen(word);

	return strncmp(p, word, n) == 0 && !is_word(p[n]);
}

/* The word that ends before p, which may have space between. */
static const char *
word_before(const char *from, const char *p, size_t *n)
{
	const char *end;

	while (p > from && isspace((unsigned char)p[-1]))
		p--;
	end = p;
	while (p > from && is_word(p[-1]))
		p--;
	*n = (size_t)(end - p);
	return p;
}

/* That of the function declared from p on. */
static void
add_name(struct names *all, const char *p)
{
	const char *paren = strchr(p, '('), *name;
	char word[128];
	size_t n;

	if (paren == NULL)
		return;
	name = word_before(p, paren, &n);
	if (n == 0 || n >= sizeof(word) || all->n == KERNELS_MAX)
		return;
	memcpy(word, name, n);
	word[n] = '\0';
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->name[i], word) == 0)
			return;
	memcpy(all->name[all->n++], word, n + 1);
}

/* "extern __shared__ TYPE NAME[];", p behind its second word: a pointer to
 * what the launch asked for.  Returns its end. */
static const char *
dynamic(struct ke_buf *b, const char *p)
{
	const char *bracket = strchr(p, '['), *end = strchr(p, ';'), *name;
	size_t n;

	if (bracket == NULL || end == NULL || bracket > end)
		return p;
	name = word_before(p, bracket, &n);
	ke_buf_fmt(b, "%.*s*%.*s = (%.*s*)fake_device->shared",
	    (int)(name - p), p, (int)n, name, (int)(name - p), p);
	return end;
}

/* asm volatile("mov.u64 %0, %globaltimer;" : "=l"(X)): X is the time. */
static const char *
assembly(struct ke_buf *b, const char *p)
{
	const char *end = strchr(p, ';'), *timer, *out;

	/* one is within the string */
	end = end == NULL ? NULL : strchr(end + 1, ';');
	timer = strstr(p, "\"mov.u64 %0, %globaltimer;\"");
	out = strstr(p, "\"=l\"(");
	if (end == NULL || timer == NULL || timer > end || out == NULL ||
	    out > end) {
		ke_buf_str(b, "asm");
		return p + 3;
	}
	ke_buf_fmt(b, "%.*s = fake_device->time()",
	    (int)(end - 2 - (out + 5)), out + 5);
	return end;
}

static void
add_calls(struct ke_buf *b, const struct names *all)
{
	ke_buf_str(b, "\n# 1 \"fake-calls\"\n");
	for (size_t i = 0; i < all->n; i++) {
		const char *name = all->name[i];

		ke_buf_fmt(b, "extern \"C\" void fake_call_%s(void **a) "
		    "{ fake_call(%s, a); }\nextern \"C\" unsigned "
		    "fake_args_%s(unsigned *to) "
		    "{ return fake_args(%s, to); }\n", name, name, name,
		    name);
	}
}

char *
rewrite(const char *text)
{
	struct names all = {0};
	struct ke_buf b = {0};
	const char *p = text;

	while (*p != '\0') {
		if (p > text && is_word(p[-1])) {
			ke_buf_add(&b, p++, 1);
		} else if (starts(p, "__global__")) {
			p += strlen("__global__");
			add_name(&all, p);
		} else if (starts(p, "extern __shared__")) {
			p = dynamic(&b, p + strlen("extern __shared__"));
		} else if (starts(p, "__shared__")) {
			p += strlen("__shared__");
			ke_buf_str(&b, SHARED);
		} else if (starts(p, "asm")) {
			p = assembly(&b, p);
		} else {
			ke_buf_add(&b, p++, 1);
		}
	}
	add_calls(&b, &all);
	return b.s;
}
