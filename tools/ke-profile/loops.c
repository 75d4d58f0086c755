/* The loops of a piece of code, and the one that matters.  Which one is hot
 * can't be read off the code: the guess is that every loop runs 32 times, so
 * that one level deeper outweighs any but the largest straight piece of vector
 * code, while a vector loop outweighs the scalar remainder beside it. */
#include <stdlib.h>
#include <string.h>

#include "loops.h"

#define RUNS 32.0
#define ROUNDS 32 /* of a loop, to see what one costs */
#define CALLS_DEEP 8 /* rounds in which a depth is handed to callees */

/* The harness's own entry points, which hold the kernels a second time. */
#define ENTRY "ke_call_"

#define CLASS_WORK(name, text, work) work,
static const double class_work[] = {CLASSES(CLASS_WORK) 0};
#undef CLASS_WORK

struct loops {
	const struct code *code;
	struct loop *all; /* in the order of their functions */
	size_t n;
	size_t *from; /* a function's loops are from[f] to from[f + 1] - 1 */
	int *base;    /* depth of each function's callers */
};

static bool
holds(const struct loop *outer, const struct loop *inner)
{
	return outer->first <= inner->first && inner->last <= outer->last;
}

/* Index of the instruction at the address, or n where there is none. */
static size_t
insn_at(const struct code *c, const struct function *f, uint64_t address)
{
	size_t lo = f->first, hi = f->first + f->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->insns[mid].address < address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->first + f->n && c->insns[lo].address == address ? lo
	    : c->n_insns;
}

/* Jumps back to one place are one loop. */
static void
add_loop(struct loops *l, size_t function, size_t first, size_t last)
{
	for (size_t i = l->n; i-- > 0;)
		if (l->all[i].first == first) {
			if (l->all[i].last < last)
				l->all[i].last = last;
			return;
		}
	l->all = ke_grow(l->all, l->n + 1, sizeof(*l->all));
	l->all[l->n++] = (struct loop){.function = function, .first = first,
	    .last = last};
}

/* A jump from behind into the middle of a loop comes from a rare path that
 * the compiler moved out of the way, and makes no loop. */
static void
drop_strays(struct loops *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct loop *a = &l->all[i];
		bool stray = false;

		for (size_t k = 0; k < l->n; k++) {
			const struct loop *b = &l->all[k];

			stray |= b->first < a->first && a->first <= b->last &&
			    b->last < a->last;
		}
		if (!stray)
			l->all[kept++] = *a;
	}
	l->n = kept;
}

static void
index_loops(struct loops *l)
{
	size_t k = 0;

	for (size_t f = 0; f <= l->code->n_functions; f++) {
		while (k < l->n && l->all[k].function < f)
			k++;
		l->from[f] = k;
	}
}

static void
find_loops(struct loops *l)
{
	const struct code *c = l->code;

	for (size_t f = 0; f < c->n_functions; f++) {
		const struct function *fn = &c->functions[f];

		if (strncmp(fn->name, ENTRY, strlen(ENTRY)) == 0)
			continue;
		for (size_t i = fn->first; i < fn->first + fn->n; i++) {
			const struct insn *in = &c->insns[i];
			size_t to;

			if (in->class != CLASS_BRANCH || in->target == 0 ||
			    in->target > in->address)
				continue;
			to = insn_at(c, fn, in->target);
			if (to < c->n_insns)
				add_loop(l, f, to, i);
		}
	}
	drop_strays(l);
	index_loops(l);
}

/* The innermost loop that instruction i of the function is in, or NULL. */
static struct loop *
loop_of(const struct loops *l, size_t function, size_t i)
{
	struct loop *in = NULL;

	for (size_t k = l->from[function]; k < l->from[function + 1]; k++)
		if (l->all[k].first <= i && i <= l->all[k].last &&
		    (in == NULL || holds(in, &l->all[k])))
			in = &l->all[k];
	return in;
}

static int
depth_at(const struct loops *l, size_t function, size_t i)
{
	const struct loop *in = loop_of(l, function, i);
	int depth = l->base[function];

	for (size_t k = l->from[function]; in != NULL &&
	    k < l->from[function + 1]; k++)
		depth += holds(&l->all[k], in);
	return depth;
}

static size_t
callee_of(const struct code *c, uint64_t target)
{
	size_t f = 0;

	while (f < c->n_functions && (c->functions[f].n == 0 ||
	    c->insns[c->functions[f].first].address != target))
		f++;
	return f;
}

/* A function is as deep as its deepest call.  True where one got deeper. */
static bool
hand_down(struct loops *l)
{
	const struct code *c = l->code;
	bool more = false;

	for (size_t f = 0; f < c->n_functions; f++) {
		const struct function *fn = &c->functions[f];

		for (size_t i = fn->first; i < fn->first + fn->n; i++) {
			size_t to;
			int depth;

			if (c->insns[i].class != CLASS_CALL)
				continue;
			to = callee_of(c, c->insns[i].target);
			depth = depth_at(l, f, i);
			if (to < c->n_functions && to != f &&
			    depth > l->base[to]) {
				l->base[to] = depth;
				more = true;
			}
		}
	}
	return more;
}

static void
weigh(struct loops *l)
{
	const struct code *c = l->code;

	for (int i = 0; i < CALLS_DEEP && hand_down(l); i++)
		;
	for (size_t k = 0; k < l->n; k++) {
		struct loop *a = &l->all[k];

		a->depth = depth_at(l, a->function, a->first);
		for (size_t i = a->first; i <= a->last; i++)
			if (loop_of(l, a->function, i) == a)
				a->work += 0.01 + class_work[
				    c->insns[i].class] * c->insns[i].lanes;
	}
}

static double
heat(const struct loop *a)
{
	double h = a->work;

	for (int d = 0; d < a->depth; d++)
		h *= RUNS;
	return h;
}

static void
count_insn(struct mix *m, const struct code *c, const struct insn *i)
{
	size_t callee;

	if (i->class == CLASS_COUNT)
		return;
	m->instructions++;
	m->count[i->class]++;
	m->loads += i->load && !i->stack;
	m->stack += i->stack;
	if ((i->class == CLASS_FMA || i->class == CLASS_VECTOR) &&
	    i->bits > m->bits)
		m->bits = i->bits;
	if (i->class != CLASS_CALL || m->called != NULL)
		return;
	callee = callee_of(c, i->target);
	if (callee < c->n_functions)
		m->called = c->functions[callee].name;
}

/* Cycles from one iteration to the next if nothing but dependences through
 * vector registers took time: once around, over many rounds. */
static double
chain_cycles(const struct loops *l, const struct loop *a)
{
	int ready[32] = {0}, last = 0, half = 0;

	for (int round = 0; round < 2 * ROUNDS; round++) {
		for (size_t i = a->first; i <= a->last; i++) {
			const struct insn *in = &l->code->insns[i];
			int t = 0;

			if (in->sets == -1 ||
			    loop_of(l, a->function, i) != a)
				continue;
			for (int r = 0; r < 32; r++)
				if ((in->reads >> r & 1) != 0 && ready[r] > t)
					t = ready[r];
			ready[in->sets] = t + in->latency;
			if (ready[in->sets] > last)
				last = ready[in->sets];
		}
		if (round == ROUNDS - 1)
			half = last;
	}
	return (double)(last - half) / ROUNDS;
}

static void
count(const struct loops *l, const struct loop *a, struct mix *m)
{
	*m = (struct mix){.loop = *a, .chain = chain_cycles(l, a)};
	for (size_t i = a->first; i <= a->last; i++)
		if (loop_of(l, a->function, i) == a)
			count_insn(m, l->code, &l->code->insns[i]);
}

int
loops_hot(const struct code *c, struct mix *m, struct ke_err *e)
{
	struct loops l = {.code = c,
	    .from = ke_calloc(c->n_functions + 1, sizeof(*l.from)),
	    .base = ke_calloc(c->n_functions, sizeof(*l.base))};
	const struct loop *best = NULL;

	find_loops(&l);
	weigh(&l);
	for (size_t i = 0; i < l.n; i++)
		if (best == NULL || heat(&l.all[i]) > heat(best))
			best = &l.all[i];
	if (best != NULL)
		count(&l, best, m);
	free(l.all);
	free(l.from);
	free(l.base);
	return best != NULL ? 0 : ke_fail(e, "no loop in the code");
}
