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
#define PLAN(open, launches, close, reach) \
"## The plan\n\n" \
"The file holds one comment whose text starts with the word ke-plan and a\n" \
"JSON object; text may follow the object.  It says what is launched:\n\n" \
"    " open "ke-plan\n" \
"    { \"tune\":      {\"BM\": [16, 32, 64]},\n" \
"      \"choice\":    {\"BM\": 32},\n" \
"      \"require\":   [\"BM <= 64\"],\n" \
"      \"constants\": [\"N\"],\n" \
"      \"workspace\": {\"wp\": {\"dtype\": \"f32\", " \
"\"shape\": [\"N\", \"BM\"]}},\n" \
"      \"launches\":  [\n" launches \
"      \"domain\":    [\"N >= 1\"] }" close "\n\n" \
"- Only launches is compulsory; a member that is not named here is wrong.\n" \
"- Dims and derived values of the operator, tensors, workspaces and\n" \
"  tunables share one name space, each name once.\n" \
"- Expressions: integers, names, + - * / % (division floors; by zero or of\n" \
"  a negative number is an error), comparisons, && || !, ?:, cdiv(a, b),\n" \
"  min(a, b), max(a, b), pow2(a).\n" \
"- tune lists the values that a search may try; choice picks from them.\n" \
"  Tunables reach the source as " reach ", and so do the dims named in\n" \
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

#define LAUNCHES_TRITON \
"        {\"kernel\": \"pack\", \"grid\": [\"cdiv(N, 256)\"], " \
"\"num_warps\": 4,\n" \
"         \"args\": [\"w\", \"wp\", \"N\"]},\n" \
"        {\"kernel\": \"rows\", \"grid\": [\"cdiv(M, BM)\"], " \
"\"num_warps\": 8,\n" \
"         \"num_stages\": 2, \"constexpr\": {\"BN\": \"pow2(N)\"},\n" \
"         \"args\": [\"x\", \"wp\", \"y\", \"M\"]}],\n"

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
"harness launches.  Before the source it puts the fixed-width integer types,\n"\
"the macros, a prototype of every launched function,\n" \
"cuda_fp16.h and cuda_bf16.h where a type needs them, and ke_t, the dtype\n" \
"variant's own type, with KE_T_f16, KE_T_bf16, KE_T_f32 or the like defined.\n"\
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
"- Accumulate in f32 where inputs are f16 or bf16.  Results must be the same\n"\
"  bits on every run: no atomics on floats.\n" \
"- No state between launches but workspaces: no writable __device__ or\n" \
"  __constant__ variables.  No printf, malloc, assert, no launches from the\n" \
"  device.\n" \
"- Compiled by NVRTC for the architecture of the device; a plan may add\n" \
"  \"flags\": [\"--use_fast_math\"].\n\n"

#define RULES_HIP \
"## Rules\n\n" \
"The candidate is one file of device code in HIP C++17: the plan, device\n" \
"functions, and for each launch a function\n\n" \
"    extern \"C\" __global__ void NAME(...)\n\n" \
"with the parameters in the order of args.  There is no host code: the\n" \
"harness launches.  Before the source it puts the fixed-width integer types,\n"\
"the macros, a prototype of every launched function, and ke_t, the dtype\n" \
"variant's own type, with KE_T_f16 or KE_T_f32 defined.  What HIP declares\n" \
"for the device, __half and its functions too, is there: include nothing.\n\n" \
"- A launch has grid and block, one to three expressions each; it may have\n" \
"  shared (bytes of dynamic LDS, which with the static is at most 65536) and\n"\
"  \"cooperative\": true.\n" \
"- A wavefront has 64 lanes.  Shuffles have no mask: __shfl_xor(v, 32).\n" \
"  Write __launch_bounds__(THREADS): without, registers are dealt out for\n" \
"  1024 threads.\n" \
"- Matrix cores: __builtin_amdgcn_mfma_f32_32x32x8f16, _16x16x16f16,\n" \
"  _32x32x2f32 and _16x16x4f32, on vectors of\n" \
"  __attribute__((ext_vector_type(N))) float or _Float16.  Nothing that\n" \
"  gfx90a or gfx942 lacks.\n" \
"- Inputs are const pointers, outputs and workspaces pointers; they don't\n" \
"  overlap (write __restrict__) and start at 256-byte boundaries.  Dims\n" \
"  arrive as int, or int64_t where the operator says so.\n" \
"- f32 is float, f16 __half, f64 double, i32 int32_t, i64 int64_t, u8\n" \
"  uint8_t.\n" \
"- Every element of every output is written, every time; outputs, LDS and\n" \
"  workspaces start as junk.  Past the end of a tensor lies memory that\n" \
"  faults: never read or write there.  Shapes of 1, odd shapes and shapes\n" \
"  that no tile divides must be right.\n" \
"- Accumulate in f32 where inputs are f16.  Results must be the same bits on\n"\
"  every run: no atomics on floats.\n" \
"- No state between launches but workspaces: __device__ and __constant__\n" \
"  tables are const.  No printf, malloc, assert, no launches from the\n" \
"  device.\n" \
"- Compiled by hiprtc with -O3 for the device's architecture; a plan may add\n"\
"  \"flags\": [\"-ffast-math\"].\n\n"

#define RULES_TRITON \
"## Rules\n\n" \
"The candidate is one Python file: the plan in the module's docstring, then\n" \
"`import triton`, `import triton.language as tl`, constants, and functions\n" \
"whose one decorator is @triton.jit.  Nothing else: no host code, no torch,\n" \
"no autotune, no other imports.  Triton compiles it, the harness launches.\n\n"\
"- A launch has grid and num_warps (a power of two up to 32); it may have\n" \
"  num_stages and constexpr, an object of new names with expressions.\n" \
"- Parameters that are tl.constexpr get their values by name: tunables, the\n" \
"  plan's constants, the launch's constexpr, else the parameter's default.\n" \
"  The other parameters get args, in order.\n" \
"- Tensors and workspaces are pointers to f32 tl.float32, f16 tl.float16,\n" \
"  bf16 tl.bfloat16, f64 tl.float64, i32 tl.int32, i64 tl.int64, u8\n" \
"  tl.uint8; the candidate is compiled for the operator's dtype, so store\n" \
"  with .to(y.dtype.element_ty).  They don't overlap and start at 256-byte\n" \
"  boundaries.  Dims arrive as int32, or int64 where the operator says so:\n" \
"  offsets beyond 2^31 elements need tl.program_id(0).to(tl.int64).\n" \
"- Every element of every output is written, every time; outputs and\n" \
"  workspaces start as junk.  Past the end of a tensor lies memory that\n" \
"  faults: mask every load and store.  Shapes of 1, odd shapes and shapes\n" \
"  that no tile divides must be right; tl.arange needs a power of two.\n" \
"- Accumulate in f32 where inputs are f16 or bf16.  Results must be the same\n"\
"  bits on every run: no atomics on floats.\n" \
"- No tensor descriptors made on the device, no device_print, no\n" \
"  device_assert: none of them has what it needs at run time.\n\n"

static const struct language languages[] = {
	{"c", "c", "base.c", "c",
	    TASK ANSWER PLAN("/* ", LAUNCHES_C, " */", "macros KE_BM"),
	    RULES_C},
	{"cuda", "cuda", "base.cu", "cuda",
	    TASK ANSWER PLAN("/* ", LAUNCHES_CUDA, " */", "macros KE_BM"),
	    RULES_CUDA},
	{"hip", "cpp", "base.hip", "cpp",
	    TASK ANSWER PLAN("/* ", LAUNCHES_CUDA, " */", "macros KE_BM"),
	    RULES_HIP},
	{"triton", "python", "base.cu", "cuda",
	    TASK ANSWER PLAN("\"\"\"", LAUNCHES_TRITON, "\n    \"\"\"",
	    "constexpr parameters"), RULES_TRITON},
};

const struct language *
language_find(const char *name)
{
	for (size_t i = 0; i < KE_LEN(languages); i++)
		if (strcmp(languages[i].name, name) == 0)
			return &languages[i];
	return NULL;
}

const struct language *
language_baseline(const struct language *candidate, const char *target)
{
	size_t n = target != NULL ? strcspn(target, ":") : 0;

	for (size_t i = 0; i < KE_LEN(languages); i++)
		if (strlen(languages[i].name) == n &&
		    strncmp(languages[i].name, target, n) == 0)
			return &languages[i];
	return candidate;
}
