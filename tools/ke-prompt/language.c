/* What is said the same in every prompt, by language of the candidate. */
#include <string.h>

#include "language.h"
#include "mem.h"

#define TASK \
"You write compute kernels that are to be as fast as the machine allows.\n" \
"You are given an operator, the machine, what was measured so far, and\n" \
"notes; you answer with one complete candidate.  A harness compiles it,\n" \
"verifies it against a reference in double precision, on shapes and inputs\n" \
"that you don't see, and times it against a fixed baseline.  The score is\n" \
"the lower bound of the speedup, a geometric mean over the timed cases; a\n" \
"candidate that is wrong anywhere scores 0.\n\n"

#define ANSWER \
"## Form of the answer\n\n" \
"First a line `Strategy: ` with what you change, and why, in a sentence.\n" \
"Then one fenced code block with the whole file, and nothing behind it.\n" \
"No parts left out, no alternatives, no placeholders: the block is compiled\n" \
"as it stands.\n\n"

/* In brief, what ke-plan(5) says. */
#define PLAN(launches) \
"## The plan\n\n" \
"The file holds one comment whose text starts with the word ke-plan and a\n" \
"JSON object; text may follow the object.  It says what is launched:\n\n" \
"    /* ke-plan\n" \
"    { \"tune\":      {\"BM\": [16, 32, 64]},\n" \
"      \"choice\":    {\"BM\": 32},\n" \
"      \"require\":   [\"BM <= 64\"],\n" \
"      \"constants\": [\"N\"],\n" \
"      \"workspace\": {\"wp\": {\"dtype\": \"f32\", " \
"\"shape\": [\"N\", \"BM\"]}},\n" \
"      \"launches\":  [\n" launches \
"      \"domain\":    [\"N >= 1\"] } */\n\n" \
"- Only launches is compulsory; a member that is not named here is wrong.\n" \
"- Dims and derived values of the operator, tensors, workspaces and\n" \
"  tunables share one name space, each name once.\n" \
"- Expressions: integers, names, + - * / % (division floors; by zero or of\n" \
"  a negative number is an error), comparisons, && || !, ?:, cdiv(a, b),\n" \
"  min(a, b), max(a, b), pow2(a).\n" \
"- tune lists the values that a search may try; choice picks from them.\n" \
"  Tunables reach the source as macros KE_BM, and so do the dims named in\n" \
"  constants (each distinct value is then compiled by itself).\n" \
"- require is what a choice must satisfy; domain says for which dims the\n" \
"  candidate is meant (a timed case outside counts as speedup 1).\n" \
"- workspace is memory that launches of one execution share; it holds junk\n" \
"  before each execution.\n" \
"- launches, at most 16, run in order, each complete before the next, and\n" \
"  every one is timed.  An argument is a tensor, {\"tensor\": \"x\", " \
"\"offset\": EXPR}\n" \
"  in elements, a workspace, a dim, a derived value or a tunable.\n\n"

#define LAUNCHES_C \
"        {\"kernel\": \"pack\", \"args\": [\"w\", \"wp\", \"N\"]},\n" \
"        {\"kernel\": \"rows\", \"grid\": [\"cdiv(M, BM)\"],\n" \
"         \"shared\": \"4*BM*N\", " \
"\"args\": [\"x\", \"wp\", \"y\", \"M\"]}],\n"

#define LAUNCHES_CUDA \
"        {\"kernel\": \"pack\", \"grid\": [\"cdiv(N, 256)\"], " \
"\"block\": [256],\n" \
"         \"args\": [\"w\", \"wp\", \"N\"]},\n" \
"        {\"kernel\": \"rows\", \"grid\": [\"cdiv(M, BM)\"], " \
"\"block\": [128],\n" \
"         \"shared\": \"4*BM*N\", " \
"\"args\": [\"x\", \"wp\", \"y\", \"M\"]}],\n"

#define RULES_C \
"## Rules\n\n" \
"The candidate is one C file: the plan, static helpers, one function for\n" \
"each launch.  Before it the harness puts stdint.h, stddef.h, the macros, a\n" \
"prototype of every launched function, and\n\n" \
"    struct ke_block {\n" \
"            int32_t x, y, z;      /* this block, from 0 */\n" \
"            int32_t nx, ny, nz;   /* the grid */\n" \
"            void *shared;         /* scratch, 64-byte aligned */\n" \
"            size_t shared_bytes;\n" \
"    };\n\n" \
"- With grid, the harness's worker threads call the function once for each\n" \
"  block, in no promised order, with const struct ke_block * before the\n" \
"  arguments; without, it is called once, by one worker, without that\n" \
"  argument.  Blocks of a launch must not depend on each other.\n" \
"- Inputs are const pointers, outputs and workspaces pointers; they don't\n" \
"  overlap (write restrict) and start at 64-byte boundaries.  Dims arrive\n" \
"  as int, or int64_t where the operator says so.\n" \
"- f32 is float, f64 double, i32 int32_t, i64 int64_t, u8 uint8_t.\n" \
"- Every element of every output is written, every time; outputs, scratch\n" \
"  and workspaces start as junk.  Shapes of 1, odd shapes and shapes that\n" \
"  no tile divides must be right.\n" \
"- No threads, no system calls, no allocation, no state between calls, no\n" \
"  libraries but libc's memory functions and libm.  Headers of the compiler\n" \
"  such as immintrin.h may be included; guard what one machine has and\n" \
"  another lacks.\n" \
"- Compiled with -O3 -march=native -std=gnu11; a plan may add \"flags\",\n" \
"  such as -fno-math-errno or -funroll-loops.\n\n"

#define RULES_CUDA \
"## Rules\n\n" \
"The candidate is one file of device code in CUDA C++17: the plan, device\n" \
"functions, and for each launch a function\n\n" \
"    extern \"C\" __global__ void NAME(...)\n\n" \
"with the parameters in the order of args.  There is no host code: the\n" \
"harness launches.  Before the source it puts the fixed-width integer types,\n" \
"the macros, a prototype of every launched function,\n" \
"cuda_fp16.h and cuda_bf16.h where a type needs them, and ke_t, the dtype\n" \
"variant's own type, with KE_T_f16, KE_T_bf16, KE_T_f32 or the like defined.\n" \
"Other headers of the toolkit, such as mma.h, may be included; inline PTX\n" \
"needs none and compiles faster.\n\n" \
"- A launch has grid and block, one to three expressions each; it may have\n" \
"  shared (bytes of dynamic shared memory), cluster (one to three\n" \
"  expressions) and \"cooperative\": true.\n" \
"- Tensor maps: \"maps\": {\"xmap\": {\"tensor\": \"x\", " \
"\"shape\": [...],\n" \
"  \"box\": [...], \"swizzle\": 0|32|64|128}}, outermost extent first,\n" \
"  optionally with stride (elements, all but the innermost) and promotion\n" \
"  (0, 64, 128, 256); as an argument\n" \
"  const __grid_constant__ CUtensorMap xmap.\n" \
"- Inputs are const pointers, outputs and workspaces pointers; they don't\n" \
"  overlap (write __restrict__) and start at 256-byte boundaries.  Dims\n" \
"  arrive as int, or int64_t where the operator says so.\n" \
"- f32 is float, f16 __half, bf16 __nv_bfloat16, f64 double, i32 int32_t,\n" \
"  i64 int64_t, u8 uint8_t.\n" \
"- Every element of every output is written, every time; outputs, shared\n" \
"  memory and workspaces start as junk.  Past the end of a tensor lies\n" \
"  memory that faults: never read or write there.  Shapes of 1, odd shapes\n" \
"  and shapes that no tile divides must be right.\n" \
"- Accumulate in f32 where inputs are f16 or bf16.  Results must be the same\n" \
"  bits on every run: no atomics on floats.\n" \
"- No state between launches but workspaces: no writable __device__ or\n" \
"  __constant__ variables.  No printf, malloc, assert, no launches from the\n" \
"  device.\n" \
"- Compiled by NVRTC for the architecture of the device; a plan may add\n" \
"  \"flags\": [\"--use_fast_math\"].\n\n"

static const struct language languages[] = {
	{"c", "base.c", TASK ANSWER PLAN(LAUNCHES_C), RULES_C},
	{"cuda", "base.cu", TASK ANSWER PLAN(LAUNCHES_CUDA), RULES_CUDA},
};

const struct language *
language_find(const char *name)
{
	for (size_t i = 0; i < KE_LEN(languages); i++)
		if (strcmp(languages[i].name, name) == 0)
			return &languages[i];
	return NULL;
}
