/* Functions and instructions, from the text of objdump(1):
 *	0000000000001100 <rows>:
 *	    1134:	vmovss (%rdi),%xmm0
 *	    1139:	jne    1160 <rows+0x60>
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disasm.h"

static const struct isa *const isas[] = {&isa_x86, &isa_arm};

static const struct isa *
isa_find(const char *text, struct ke_err *e)
{
	static const char mark[] = "file format ";
	const char *format = strstr(text, mark);
	size_t n;

	if (format == NULL) {
		ke_fail(e, "objdump: no file format in its output");
		return NULL;
	}
	format += strlen(mark);
	n = strcspn(format, " \n");
	for (size_t i = 0; i < KE_LEN(isas); i++)
		if (strlen(isas[i]->format) == n &&
		    strncmp(format, isas[i]->format, n) == 0)
			return isas[i];
	ke_fail(e, "no table of instructions for %.*s", (int)n, format);
	return NULL;
}

/* Room for one more, doubling at powers of two. */
static void *
more(void *p, size_t n, size_t size)
{
	return n == 0 || (n & (n - 1)) == 0 ? ke_grow(p, n == 0 ? 1 : 2 * n,
	    size) : p;
}

/* Names without what the compiler appends to clones (.part.0, .isra.0), and
 * the linker to stubs (@plt). */
static void
begin_function(struct code *c, const char *line, size_t n)
{
	const char *name = memchr(line, '<', n);
	struct function *f;

	c->functions = more(c->functions, c->n_functions, sizeof(*f));
	f = &c->functions[c->n_functions++];
	*f = (struct function){.first = c->n_insns};
	if (name == NULL)
		return;
	snprintf(f->name, sizeof(f->name), "%.*s",
	    (int)strcspn(name + 1, ".@>\n"), name + 1);
}

/* The number before " <": where a jump or call leads. */
static uint64_t
target_of(const char *args)
{
	const char *at = strstr(args, " <");

	while (at != NULL && at > args && at[-1] != ' ' && at[-1] != ',' &&
	    at[-1] != '\t')
		at--;
	return at != NULL ? strtoull(at, NULL, 16) : 0;
}

/* Cuts "op args # note" into two texts. */
static void
split(const char *s, size_t n, char op[32], char args[256])
{
	static const char *const prefixes[] = {"lock", "rep", "repz", "repnz",
	    "bnd", "notrack", "data16", "cs", "ds", "es", "addr32"};
	static const char *const notes[] = {" # ", " //"};
	char line[320], *at = line, *note;
	bool prefix = true;

	snprintf(line, sizeof(line), "%.*s", (int)(n < 300 ? n : 300), s);
	while (prefix) {
		size_t len = strcspn(at, " \t");

		snprintf(op, 32, "%.*s", (int)len, at);
		at += len + strspn(at + len, " \t");
		prefix = false;
		for (size_t i = 0; i < KE_LEN(prefixes); i++)
			prefix |= strcmp(op, prefixes[i]) == 0;
		prefix &= *at != '\0';
	}
	for (size_t i = 0; i < KE_LEN(notes); i++)
		if ((note = strstr(at, notes[i])) != NULL)
			*note = '\0';
	snprintf(args, 256, "%.255s", at);
}

static void
add_insn(struct code *c, const struct isa *isa, const char *line, size_t n)
{
	struct function *f = &c->functions[c->n_functions - 1];
	const char *tab;
	char op[32], args[256], *end;
	struct insn i = {.sets = -1, .lanes = 1};

	i.address = strtoull(line, &end, 16);
	tab = end > line && *end == ':' ? memchr(end, '\t',
	    (size_t)(line + n - end)) : NULL;
	if (tab == NULL)
		return;
	split(tab + 1, (size_t)(line + n - tab - 1), op, args);
	isa->read(op, args, f->frame, &i);
	if (i.class == CLASS_BRANCH || i.class == CLASS_CALL)
		i.target = target_of(args);
	f->frame |= isa->frame(op, args);
	c->insns = more(c->insns, c->n_insns, sizeof(i));
	c->insns[c->n_insns++] = i;
	f->n++;
}

int
code_read(struct code *c, const char *text, struct ke_err *e)
{
	const struct isa *isa = isa_find(text, e);

	*c = (struct code){0};
	if (isa == NULL)
		return -1;
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if (n > 2 && text[n - 1] == ':' && text[n - 2] == '>')
			begin_function(c, text, n);
		else if (c->n_functions > 0 && *text == ' ')
			add_insn(c, isa, text, n);
		text += n + (text[n] == '\n');
	}
	return c->n_insns > 0 ? 0 : ke_fail(e, "objdump: no instructions");
}

void
code_free(struct code *c)
{
	free(c->functions);
	free(c->insns);
}
