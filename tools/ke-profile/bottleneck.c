/* One bottleneck, by the first rule that holds.  What a kernel reaches comes
 * before how it is made: near a roof, nothing else is worth naming. */
#include <string.h>

#include "facts.h"

#define NEAR_ROOF 0.7
#define SHORT_US 10.0 /* a wake-up of the workers takes one or two */
#define BUSY_MIN 0.75
#define NARROW_MAX 0.75
/* per cycle and core: Zen 3 to 5, Skylake to Sapphire Rapids */
#define FMA_PER_CYCLE 2
#define LOADS_PER_CYCLE 2
#define ISSUE_PER_CYCLE 5

static bool
at_bandwidth(const struct facts *f, struct ke_buf *b)
{
	if (f->roof == NULL || !f->memory || f->fraction < NEAR_ROOF)
		return false;
	ke_buf_fmt(b, "%.3g GB/s, %.0f %% of the %.3g GB/s that %d worker%s "
	    "can reach", f->gbps, 100 * f->fraction, f->band, f->workers,
	    f->workers == 1 ? "" : "s");
	return true;
}

static bool
at_peak(const struct facts *f, struct ke_buf *b)
{
	if (f->roof == NULL || f->memory || f->fraction < NEAR_ROOF)
		return false;
	ke_buf_fmt(b, "%.3g GFLOP/s, %.0f %% of the %.3g that %d worker%s "
	    "can reach", f->gflops, 100 * f->fraction, f->peak, f->workers,
	    f->workers == 1 ? "" : "s");
	return true;
}

static bool
is_short(const struct facts *f, struct ke_buf *b)
{
	if (f->mean_us == 0 || f->mean_us >= SHORT_US)
		return false;
	ke_buf_fmt(b, "the cases take %.3g us in all", f->mean_us);
	return true;
}

static bool
lacks_blocks(const struct facts *f, struct ke_buf *b)
{
	if (!f->has_grid || f->grid.busy >= BUSY_MIN)
		return false;
	ke_buf_fmt(b, "the %.0f block%s of %s keep %d workers busy for "
	    "%.0f %% of the time", f->grid.blocks,
	    f->grid.blocks == 1 ? "" : "s", f->grid.kernel, f->workers,
	    100 * f->grid.busy);
	return true;
}

static void
in_the_loop(const struct facts *f, struct ke_buf *b)
{
	ke_buf_fmt(b, "the hot loop of %s (%.0f instructions) has ",
	    f->function != NULL ? f->function : "the kernel", f->all);
}

/* Copies are no computation that could have been vectorised. */
static bool
calls_out(const struct facts *f)
{
	return f->calls > 0 && (f->called == NULL ||
	    strncmp(f->called, "mem", 3) != 0);
}

static bool
is_scalar(const struct facts *f, struct ke_buf *b)
{
	if (f->mix == NULL || (!calls_out(f) &&
	    (f->scalar == 0 || f->scalar < 2 * f->arithmetic)))
		return false;
	in_the_loop(f, b);
	ke_buf_fmt(b, "%.0f scalar and %.0f vector operations", f->scalar,
	    f->arithmetic);
	if (calls_out(f))
		ke_buf_fmt(b, ", and calls %s", f->called != NULL ? f->called
		    : "a function");
	return true;
}

static bool
moves_lanes(const struct facts *f, struct ke_buf *b)
{
	if (f->mix == NULL || f->shuffles + f->gathers == 0 ||
	    2 * (f->shuffles + f->gathers) <= f->arithmetic)
		return false;
	in_the_loop(f, b);
	ke_buf_fmt(b, "%.0f shuffles and %.0f gathers for %.0f arithmetic "
	    "instructions", f->shuffles, f->gathers, f->arithmetic);
	return true;
}

/* Around a call, registers are saved in any case. */
static bool
uses_the_stack(const struct facts *f, struct ke_buf *b)
{
	if (f->mix == NULL || f->calls > 0 || 8 * f->spills <= f->all ||
	    4 * f->spills <= f->arithmetic + f->scalar)
		return false;
	in_the_loop(f, b);
	ke_buf_fmt(b, "%.0f loads and stores of the stack for %.0f arithmetic "
	    "instructions", f->spills, f->arithmetic + f->scalar);
	return true;
}

static double
larger(double a, double b)
{
	return a > b ? a : b;
}

static bool
waits_for_itself(const struct facts *f, struct ke_buf *b)
{
	double issue = larger(f->all / ISSUE_PER_CYCLE,
	    larger((f->arithmetic + f->scalar) / FMA_PER_CYCLE,
	    f->loads / LOADS_PER_CYCLE));

	if (f->mix == NULL || f->chain <= 1.25 * issue)
		return false;
	in_the_loop(f, b);
	ke_buf_fmt(b, "a chain of dependent operations that takes %.3g cycles "
	    "an iteration; its instructions alone would take %.3g", f->chain,
	    issue);
	return true;
}

static bool
loads_too_much(const struct facts *f, struct ke_buf *b)
{
	if (f->mix == NULL || f->fma == 0 || f->loads <= f->fma)
		return false;
	in_the_loop(f, b);
	ke_buf_fmt(b, "%.0f loads for %.0f multiply-adds", f->loads, f->fma);
	return true;
}

/* Only where this processor is slower for it: some take two turns for their
 * widest vectors. */
static bool
is_narrow(const struct facts *f, struct ke_buf *b)
{
	double here = ceilings_peak_at(f->ceilings, (int)f->bits);
	double best = ceilings_peak(f->ceilings);

	if (f->mix == NULL || f->arithmetic == 0 || here == 0 ||
	    here >= NARROW_MAX * best)
		return false;
	in_the_loop(f, b);
	ke_buf_fmt(b, "vectors of %.0f bits, with which %.3g GFLOP/s can be "
	    "reached; wider ones reach %.3g", f->bits, here, best);
	return true;
}

static bool
branches_much(const struct facts *f, struct ke_buf *b)
{
	if (f->mix == NULL || f->branches < 2 || 6 * f->branches <= f->all)
		return false;
	in_the_loop(f, b);
	ke_buf_fmt(b, "%.0f branches", f->branches);
	return true;
}

static bool
counts_much(const struct facts *f, struct ke_buf *b)
{
	if (f->mix == NULL || 2 * f->integer <= f->all)
		return false;
	in_the_loop(f, b);
	ke_buf_fmt(b, "%.0f integer instructions", f->integer);
	return true;
}

static bool
misses_caches(const struct facts *f, struct ke_buf *b)
{
	double moved = 64 * f->l1d_misses;

	if (f->counters == NULL || f->bytes == 0 || moved < 4 * f->bytes)
		return false;
	ke_buf_fmt(b, "misses of the first-level cache move %.3g MB; the "
	    "operator's inputs and outputs are %.3g MB", moved * 1e-6,
	    f->bytes * 1e-6);
	return true;
}

static bool
is_unclear(const struct facts *f, struct ke_buf *b)
{
	if (f->roof == NULL && f->mix == NULL)
		return false;
	if (f->roof != NULL)
		ke_buf_fmt(b, "%.0f %% of the roof (%s)", 100 * f->fraction,
		    f->memory ? "memory" : "compute");
	if (f->mix != NULL) {
		if (f->roof != NULL)
			ke_buf_str(b, "; ");
		in_the_loop(f, b);
		ke_buf_str(b, "no fault that a rule names");
	}
	return true;
}

static const struct rule {
	const char *name;
	bool (*holds)(const struct facts *, struct ke_buf *evidence);
	const char *advice;
} rules[] = {
	{"bandwidth", at_bandwidth, "move fewer bytes: fuse passes, keep "
	    "intermediates in cache, use streaming stores for large outputs"},
	{"compute", at_peak, "spend fewer operations: another algorithm or "
	    "association; tuning of this form has little left"},
	{"overhead", is_short, "have fewer launches and larger blocks; fold "
	    "small launches into one"},
	{"parallelism", lacks_blocks, "make more and smaller blocks, a "
	    "multiple of the workers; give every launch a grid"},
	{"vectorisation", is_scalar, "let neighbouring lanes do the same: "
	    "contiguous innermost index, no branches, lanes by hand for "
	    "reductions, an inlined polynomial in place of a call"},
	{"shuffles", moves_lanes, "change the layout so that vectors are "
	    "loaded as they are used: pack an operand, or vectorise along "
	    "another index"},
	{"spills", uses_the_stack, "use a smaller register tile or less "
	    "unrolling, so that accumulators and operands fit"},
	{"latency", waits_for_itself, "keep more independent chains going: "
	    "a larger register tile, or unrolling with separate sums"},
	{"loads", loads_too_much, "use each loaded vector for more "
	    "multiply-adds: a larger register tile in both directions"},
	{"narrow-vectors", is_narrow, "use vectors of the full width: "
	    "-mprefer-vector-width, or a wider vector type"},
	{"branches", branches_much, "take the tests out of the loop: split "
	    "its range, pad, or select with masks"},
	{"integer", counts_much, "simplify addresses: constant strides, "
	    "pointers that advance, unrolling, constants in the plan"},
	{"cache", misses_caches, "block the loops so that what is used again "
	    "is still in cache"},
	{"unclear", is_unclear, "change one thing at a time: tile sizes, "
	    "order of loops, unrolling, prefetch"},
};

int
pass_bottleneck(struct job *j, struct ke_err *e)
{
	struct ke_buf evidence = {0};
	struct facts f;
	cJSON *o;
	size_t i = 0;

	facts_read(&f, j);
	while (i < KE_LEN(rules) && !rules[i].holds(&f, &evidence))
		i++;
	if (i == KE_LEN(rules))
		return ke_fail(e, "neither a roofline nor a mix to judge by");
	o = cJSON_CreateObject();
	ke_json_set_string(o, "name", rules[i].name);
	ke_json_set_string(o, "evidence", evidence.s);
	ke_json_set_string(o, "advice", rules[i].advice);
	ke_json_set(j->profile, "bottleneck", o);
	ke_buf_free(&evidence);
	return 0;
}
