/* x86-64, as objdump prints it: AT&T's order, the destination last. */
#include <stdlib.h>
#include <string.h>

#include "disasm.h"

#define OPERANDS_MAX 6
#define NEXT_MAX 16

/* The operands of an instruction. */
struct operands {
	size_t n;
	struct operand {
		const char *s;
		size_t len;
		bool memory;
		int bits; /* of a vector register, else 0 */
		int reg;  /* its number, else -1 */
	} o[OPERANDS_MAX];
};

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool
ends(const char *s, const char *with)
{
	size_t n = strlen(s), w = strlen(with);

	return n >= w && strcmp(s + n - w, with) == 0;
}

static void
operand_read(struct operand *o, const char *s, size_t len)
{
	*o = (struct operand){.s = s, .len = len, .reg = -1,
	    .memory = memchr(s, '(', len) != NULL};
	if (o->memory || len < 5 || s[0] != '%' || s[2] != 'm' ||
	    s[3] != 'm')
		return;
	o->bits = s[1] == 'x' ? 128 : s[1] == 'y' ? 256 : 512;
	o->reg = (int)strtol(s + 4, NULL, 10) & 31;
}

/* Cuts at commas outside of parentheses. */
static void
operands_read(struct operands *all, const char *s)
{
	int depth = 0;

	*all = (struct operands){.n = 0};
	for (const char *from = s; *s != '\0' && all->n < OPERANDS_MAX; s++) {
		char next = s[1];

		depth += (*s == '(') - (*s == ')');
		if (next != '\0' && !(next == ',' && depth == 0))
			continue;
		operand_read(&all->o[all->n++], from, (size_t)(s + 1 - from));
		from = s + 2;
		if (next == ',')
			s++;
	}
}

/* Any row whose text begins the mnemonic (without the v of AVX); the first
 * that does counts.  Only for instructions with a vector register. */
static const struct {
	const char *name;
	enum class class;
} table[] = {
	{"fmadd", CLASS_FMA}, {"fmsub", CLASS_FMA}, {"fnmadd", CLASS_FMA},
	{"fnmsub", CLASS_FMA}, {"dpbf16", CLASS_FMA}, {"pdpbusd", CLASS_FMA},
	{"pdpwssd", CLASS_FMA},
	{"gather", CLASS_GATHER}, {"pgather", CLASS_GATHER},
	{"scatter", CLASS_GATHER}, {"pscatter", CLASS_GATHER},
	{"movsldup", CLASS_SHUFFLE}, {"movshdup", CLASS_SHUFFLE},
	{"movddup", CLASS_SHUFFLE}, {"movlhps", CLASS_SHUFFLE},
	{"movhlps", CLASS_SHUFFLE}, {"movmsk", CLASS_SHUFFLE},
	{"movss", CLASS_SCALAR_MOVE}, {"movsd", CLASS_SCALAR_MOVE},
	{"movd", CLASS_SCALAR_MOVE}, {"movq", CLASS_SCALAR_MOVE},
	{"movl", CLASS_VECTOR_LOAD}, {"movh", CLASS_VECTOR_LOAD},
	{"mova", CLASS_VECTOR_LOAD}, {"movu", CLASS_VECTOR_LOAD},
	{"movn", CLASS_VECTOR_LOAD}, {"movdq", CLASS_VECTOR_LOAD},
	{"lddqu", CLASS_VECTOR_LOAD}, {"maskmov", CLASS_VECTOR_LOAD},
	{"pmaskmov", CLASS_VECTOR_LOAD},
	{"broadcast", CLASS_VECTOR_LOAD}, {"pbroadcast", CLASS_VECTOR_LOAD},
	{"perm", CLASS_SHUFFLE}, {"shuf", CLASS_SHUFFLE},
	{"unpck", CLASS_SHUFFLE}, {"punpck", CLASS_SHUFFLE},
	{"pshuf", CLASS_SHUFFLE},
	{"insert", CLASS_SHUFFLE}, {"extract", CLASS_SHUFFLE},
	{"pack", CLASS_SHUFFLE}, {"palignr", CLASS_SHUFFLE},
	{"align", CLASS_SHUFFLE}, {"pinsr", CLASS_SHUFFLE},
	{"pextr", CLASS_SHUFFLE}, {"pmov", CLASS_SHUFFLE},
	{"compress", CLASS_SHUFFLE}, {"expand", CLASS_SHUFFLE},
	{"pcompress", CLASS_SHUFFLE}, {"pexpand", CLASS_SHUFFLE},
	{"pslldq", CLASS_SHUFFLE}, {"psrldq", CLASS_SHUFFLE},
	{"zero", CLASS_COUNT},
};

/* Is one element all that it works on?  Packed integers begin with p. */
static bool
is_scalar(const char *name)
{
	return name[0] != 'p' && (ends(name, "ss") || ends(name, "sd") ||
	    ends(name, "sh") || strstr(name, "ss2") != NULL ||
	    strstr(name, "sd2") != NULL);
}

static enum class
vector_class(const char *name, const struct operands *all)
{
	const struct operand *to = &all->o[all->n - 1];
	enum class class = CLASS_VECTOR;
	size_t i = 0;

	while (i < KE_LEN(table) && !begins(name, table[i].name))
		i++;
	if (i < KE_LEN(table))
		class = table[i].class;
	if (is_scalar(name) && (class == CLASS_FMA || class == CLASS_VECTOR))
		return CLASS_SCALAR;
	if (class != CLASS_VECTOR_LOAD)
		return class;
	if (to->memory)
		return CLASS_VECTOR_STORE;
	for (i = 0; i + 1 < all->n; i++)
		if (all->o[i].memory)
			return class;
	/* between registers: renamed away, or a broadcast */
	return strstr(name, "broadcast") != NULL ? CLASS_SHUFFLE
	    : CLASS_COUNT;
}

static enum class
integer_class(const char *op)
{
	if (begins(op, "nop") || begins(op, "endbr") || begins(op, "ret") ||
	    strcmp(op, "data16") == 0 || begins(op, "vzero"))
		return CLASS_COUNT;
	if (op[0] == 'j')
		return CLASS_BRANCH;
	return begins(op, "call") ? CLASS_CALL : CLASS_INTEGER;
}

static int
latency_of(const char *name, enum class class)
{
	static const char *const floats[] = {"add", "sub", "mul", "max", "min",
	    "cvt", "rndscale", "round", "scalef", "getexp", "cmp"};

	if (class == CLASS_FMA || begins(name, "fm") || begins(name, "fnm"))
		return LATENCY_FLOAT;
	if (begins(name, "div") || begins(name, "sqrt"))
		return LATENCY_DIVIDE;
	for (size_t i = 0; i < KE_LEN(floats); i++)
		if (begins(name, floats[i]))
			return LATENCY_FLOAT;
	return class != CLASS_COUNT && class != CLASS_VECTOR_LOAD;
}

/* Does it read what it overwrites?  With AVX, multiply-adds do, and what
 * leaves the lanes alone that a mask excludes. */
static bool
reads_target(const char *name, bool avx, const struct operands *all)
{
	const struct operand *to = &all->o[all->n - 1];

	if (begins(name, "fm") || begins(name, "fnm") || begins(name, "pdp") ||
	    begins(name, "dp") || begins(name, "permt2"))
		return true;
	if (memchr(to->s, '{', to->len) != NULL)
		return memmem(to->s, to->len, "{z}", 3) == NULL;
	return !avx && all->n > 1 && !begins(name, "mov") &&
	    !begins(name, "cvt") && !begins(name, "sqrt") &&
	    !begins(name, "pshuf") && !begins(name, "pmov") &&
	    !begins(name, "lddqu");
}

/* x ^ x and x - x are zero, without any work. */
static bool
is_zeroing(const char *name, const struct operands *all)
{
	if (strstr(name, "xor") == NULL || all->n < 2)
		return false;
	for (size_t i = 1; i < all->n; i++)
		if (all->o[i].reg == -1 || all->o[i].reg != all->o[0].reg)
			return false;
	return true;
}

static void
read_memory(const char *name, const struct operands *all, bool frame,
    struct insn *i)
{
	bool reads = begins(name, "cmp") || begins(name, "test");

	for (size_t k = 0; k < all->n; k++) {
		const struct operand *o = &all->o[k];

		if (!o->memory || strcmp(name, "lea") == 0)
			continue;
		i->load |= k + 1 < all->n || reads;
		i->stack |= memmem(o->s, o->len, "(%rsp", 5) != NULL ||
		    (frame && memmem(o->s, o->len, "(%rbp", 5) != NULL);
	}
}

static void
read_vector(const char *op, const struct operands *all, struct insn *i)
{
	bool avx = op[0] == 'v';
	const char *name = op + avx;
	const struct operand *to = &all->o[all->n - 1];
	bool zeroing = is_zeroing(name, all), reads_to;

	i->class = zeroing ? CLASS_COUNT : vector_class(name, all);
	if (i->class != CLASS_SCALAR && i->class != CLASS_SCALAR_MOVE)
		i->lanes = i->bits / (ends(name, "pd") || ends(name, "q")
		    ? 64 : 32);
	i->latency = latency_of(name, i->class);
	reads_to = to->memory || strstr(name, "comis") != NULL ||
	    reads_target(name, avx, all);
	for (size_t k = 0; k + !reads_to < all->n && !zeroing; k++)
		if (all->o[k].reg != -1)
			i->reads |= 1u << all->o[k].reg;
	if (strstr(name, "comis") == NULL)
		i->sets = to->reg;
}

static void
x86_read(const char *op, const char *args, bool frame, struct insn *i)
{
	struct operands all;

	operands_read(&all, args);
	for (size_t k = 0; k < all.n; k++)
		if (all.o[k].bits > i->bits)
			i->bits = all.o[k].bits;
	if (all.n > 0 && i->bits > 0)
		read_vector(op, &all, i);
	else
		i->class = integer_class(op);
	if (i->class != CLASS_COUNT && i->class != CLASS_BRANCH &&
	    i->class != CLASS_CALL && !begins(op, "prefetch"))
		read_memory(op + (i->bits > 0 && op[0] == 'v'), &all, frame,
		    i);
}

static bool
x86_frame(const char *op, const char *args)
{
	return begins(op, "mov") && strcmp(args, "%rsp,%rbp") == 0;
}

const struct isa isa_x86 = {"elf64-x86-64", x86_read, x86_frame};
