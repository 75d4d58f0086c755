/* aarch64, as objdump prints it: the destination first. */
#include <stdlib.h>
#include <string.h>

#include "disasm.h"

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* The first row that begins the mnemonic counts. */
static const struct {
	const char *name;
	enum class class;
} table[] = {
	{"fmla", CLASS_FMA}, {"fmls", CLASS_FMA}, {"fmad", CLASS_FMA},
	{"fmsb", CLASS_FMA}, {"fmsub", CLASS_FMA}, {"fnmadd", CLASS_FMA},
	{"fnmsub", CLASS_FMA}, {"bfdot", CLASS_FMA}, {"bfmmla", CLASS_FMA},
	{"sdot", CLASS_FMA}, {"udot", CLASS_FMA},
	{"ld1r", CLASS_VECTOR_LOAD}, {"ldff1", CLASS_VECTOR_LOAD},
	{"ldnt1", CLASS_VECTOR_LOAD}, {"ld", CLASS_VECTOR_LOAD},
	{"st", CLASS_VECTOR_STORE},
	{"zip", CLASS_SHUFFLE}, {"uzp", CLASS_SHUFFLE},
	{"trn", CLASS_SHUFFLE}, {"ext", CLASS_SHUFFLE},
	{"tbl", CLASS_SHUFFLE}, {"tbx", CLASS_SHUFFLE},
	{"dup", CLASS_SHUFFLE}, {"ins", CLASS_SHUFFLE},
	{"rev", CLASS_SHUFFLE}, {"splice", CLASS_SHUFFLE},
	{"movprfx", CLASS_COUNT},
};

/* The number of the first operand's vector or floating register, or -1. */
static int
first_register(const char *args)
{
	if (*args == '{')
		args++;
	if (*args == '\0' || strchr("vqzsdh", *args) == NULL ||
	    args[1] < '0' || args[1] > '9')
		return -1;
	return (int)strtol(args + 1, NULL, 10) & 31;
}

/* Bits and lanes by the first operand: v0.4s, q0, z0.s (whose length the code
 * doesn't tell: at least 128 bits), or one number in s0, d0, h0. */
static void
read_width(const char *args, struct insn *i)
{
	const char *dot = strchr(args, '.');
	bool half;

	if (*args == '{')
		args++;
	if (*args == 'q' || *args == 'z' || *args == 'v') {
		half = *args == 'v' && dot != NULL &&
		    (begins(dot, ".8b") || begins(dot, ".4h") ||
		    begins(dot, ".2s") || begins(dot, ".1d"));
		i->bits = half ? 64 : 128;
		i->lanes = i->bits / (dot != NULL && (dot[1] == 'd' ||
		    begins(dot, ".2d")) ? 64 : 32);
	}
}

static bool
is_gather(const char *op, const char *args)
{
	const char *base = strchr(args, '[');

	return (begins(op, "ld1") || begins(op, "st1")) && base != NULL &&
	    strstr(base, ", z") != NULL;
}

static enum class
vector_class(const char *op, const char *args, const struct insn *i)
{
	enum class class = CLASS_VECTOR;
	size_t k = 0;

	while (k < KE_LEN(table) && !begins(op, table[k].name))
		k++;
	if (k < KE_LEN(table))
		class = table[k].class;
	if (is_gather(op, args))
		return CLASS_GATHER;
	if (begins(op, "mov") && strchr(args, '[') != NULL)
		return CLASS_SHUFFLE;
	if (i->bits > 0)
		return strcmp(op, "mov") == 0 ? CLASS_COUNT : class;
	if (class == CLASS_VECTOR_LOAD || class == CLASS_VECTOR_STORE ||
	    begins(op, "fmov"))
		return CLASS_SCALAR_MOVE;
	return CLASS_SCALAR;
}

static enum class
integer_class(const char *op)
{
	static const char *const jumps[] = {"b", "br", "cbz", "cbnz", "tbz",
	    "tbnz"};

	if (begins(op, "nop") || strcmp(op, "ret") == 0 ||
	    strcmp(op, "bti") == 0 || begins(op, "paci") ||
	    begins(op, "auti"))
		return CLASS_COUNT;
	if (strcmp(op, "bl") == 0 || strcmp(op, "blr") == 0)
		return CLASS_CALL;
	if (begins(op, "b."))
		return CLASS_BRANCH;
	for (size_t k = 0; k < KE_LEN(jumps); k++)
		if (strcmp(op, jumps[k]) == 0)
			return CLASS_BRANCH;
	return CLASS_INTEGER;
}

static int
latency_of(const char *op, enum class class)
{
	static const char *const floats[] = {"fadd", "fsub", "fmul", "fmadd",
	    "fmsub", "fnm", "fmax", "fmin", "fcvt", "scvtf", "ucvtf", "frint",
	    "fcm"};

	if (class == CLASS_FMA)
		return LATENCY_FLOAT;
	if (begins(op, "fdiv") || begins(op, "fsqrt"))
		return LATENCY_DIVIDE;
	for (size_t i = 0; i < KE_LEN(floats); i++)
		if (begins(op, floats[i]))
			return LATENCY_FLOAT;
	return class != CLASS_COUNT && class != CLASS_VECTOR_LOAD;
}

/* The vector registers of the operands, from the one at args on. */
static uint32_t
registers(const char *args)
{
	uint32_t all = 0;

	while (args != NULL && *args != '\0') {
		int reg = first_register(args);

		if (reg != -1)
			all |= 1u << reg;
		args = strchr(args, ',');
		if (args != NULL)
			args += 1 + strspn(args + 1, " ");
	}
	return all;
}

/* Multiply-adds by lane read what they overwrite, and so do instructions that
 * set one lane; stores and comparisons overwrite nothing. */
static void
read_registers(const char *op, const char *args, int reg, struct insn *i)
{
	const char *rest = strchr(args, ',');
	bool keeps = begins(op, "fmla") || begins(op, "fmls") ||
	    begins(op, "fmad") || begins(op, "bfdot") || begins(op, "ins") ||
	    strncmp(op + 1, "dot", 3) == 0;

	i->latency = latency_of(op, i->class);
	if (begins(op, "fcmp") || begins(op, "st")) {
		i->reads = registers(args);
		return;
	}
	i->sets = reg;
	if (!begins(op, "ld") && rest != NULL)
		i->reads = registers(rest + 1 + strspn(rest + 1, " "));
	if (keeps && strcmp(op, "fmadd") != 0)
		i->reads |= 1u << reg;
}

static void
arm_read(const char *op, const char *args, bool frame, struct insn *i)
{
	int reg = first_register(args);
	const char *base = strchr(args, '[');

	if (reg == -1) {
		i->class = integer_class(op);
	} else {
		read_width(args, i);
		i->class = vector_class(op, args, i);
		read_registers(op, args, reg, i);
	}
	if (base == NULL || (!begins(op, "ld") && !begins(op, "st")))
		return;
	i->load = begins(op, "ld");
	i->stack = begins(base, "[sp") || (frame && begins(base, "[x29"));
}

static bool
arm_frame(const char *op, const char *args)
{
	return strcmp(op, "mov") == 0 && strcmp(args, "x29, sp") == 0;
}

const struct isa isa_arm = {"elf64-littleaarch64", arm_read, arm_frame};
