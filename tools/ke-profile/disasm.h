/* Functions and instructions, from the text of objdump(1). */
#ifndef KE_DISASM_H
#define KE_DISASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem.h"

/* Class, its name in the record, and operations per lane: what the hot loop is
 * chosen by.  What is called in a loop is mostly a function of libm. */
#define CLASSES(X) \
	X(FMA, "fma", 2) \
	X(VECTOR, "vector", 1) \
	X(VECTOR_LOAD, "vector_loads", 0) \
	X(VECTOR_STORE, "vector_stores", 0) \
	X(SHUFFLE, "shuffles", 0) \
	X(GATHER, "gathers", 0) \
	X(SCALAR, "scalar", 1) \
	X(SCALAR_MOVE, "scalar_moves", 0) \
	X(INTEGER, "integer", 0) \
	X(BRANCH, "branches", 0) \
	X(CALL, "calls", 64)

#define CLASS_ENUM(name, text, work) CLASS_##name,
enum class { CLASSES(CLASS_ENUM) CLASS_COUNT };
#undef CLASS_ENUM

struct insn {
	uint64_t address, target; /* of a jump or call, 0 where unknown */
	enum class class;         /* CLASS_COUNT: does nothing */
	bool load;                /* reads memory */
	bool stack;               /* that is the stack */
	int bits;                 /* of its vector registers, 0 for none */
	int lanes;
	uint32_t reads;           /* vector registers, a bit each */
	int sets;                 /* vector register, or -1 */
	int latency;              /* cycles until that is there */
};

struct function {
	char name[96];
	size_t first, n; /* instructions */
	bool frame;      /* the frame pointer points to its frame */
};

struct code {
	struct function *functions;
	struct insn *insns;
	size_t n_functions, n_insns;
};

/* What differs from machine to machine. */
struct isa {
	const char *format; /* as objdump names it */
	/* Fills in all but address and target.  op and args are terminated. */
	void (*read)(const char *op, const char *args, bool frame,
	    struct insn *);
	/* Does this instruction set up the frame pointer? */
	bool (*frame)(const char *op, const char *args);
};

/* Cycles of a floating operation and of a division, as Zen 3 to 5 and Skylake
 * to Sapphire Rapids have them (agner.org/optimize, instruction_tables). */
#define LATENCY_FLOAT 4
#define LATENCY_DIVIDE 12

extern const struct isa isa_x86, isa_arm;

/* 0; -1 with the reason for a machine that there is no table for, or a text
 * without functions.  The caller frees with code_free in both cases. */
int code_read(struct code *, const char *text, struct ke_err *);
void code_free(struct code *);

#endif
