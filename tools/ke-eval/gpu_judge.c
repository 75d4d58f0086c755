/* What came out, held against what must: on the device, in full.
 *
 * A candidate's outputs of one slot are the same bits every time, so they are
 * compared once, and afterwards their keyed hash is. */
#include <math.h>
#include <stdlib.h>

#include "defence.h"
#include "gpu_keeper.h"

/* The hash of a region's tensor into found[at]. */
static int
hash(const struct gpu_region *r, gpu_ptr length, int64_t last, size_t element,
    uint32_t at)
{
	gpu_ptr data = gpu_region_data(r);
	gpu_ptr to = keeper.found + at * sizeof(struct found);
	int64_t bytes = (int64_t)r->bytes;
	int size = (int)element;
	uint64_t key = keeper.secret;
	void *args[] = {&data, &bytes, &size, &length, &last, &key, &to};

	if (bytes == 0)
		return 0;
	return keeper_call(keeper.kernels, "ke_hash", r->bytes / 32, args);
}

static int
read_found(struct found *to, uint32_t n)
{
	int code = gpu.from(to, keeper.found, n * sizeof(*to));

	return code == 0 ? 0 : keeper_broken("reading what was found", code);
}

static int
clear_found(uint32_t n)
{
	int code = gpu.set8(keeper.found, 0, n * sizeof(struct found));

	return code == 0 ? 0 : keeper_broken("clearing what was found", code);
}

int
keeper_hash_inputs(struct ke_err *e)
{
	const struct ke_op *op = keeper.epoch->op;
	struct found f;

	for (size_t l = 0; l < keeper.epoch->n_cases; l++)
		for (size_t s = 0; s < keeper.epoch->cases[l].n_slots; s++)
			for (size_t t = 0; t < op->n_tensors; t++) {
				if (op->tensors[t].role != KE_IN)
					continue;
				if (clear_found(1) == -1 ||
				    hash(keeper_region(l, s, t), 0, 1, 2,
				    0) == -1 || read_found(&f, 1) == -1)
					return ke_fail(e, "%s",
					    keeper.v->detail);
				keeper.slots[l][s].t[t].input = f.hash;
			}
	return 0;
}

/* Reads the value of an element that the device named. */
static double
value_at(gpu_ptr p, size_t bytes, enum ke_dtype type, int64_t i)
{
	uint64_t word = 0;

	if (gpu.from(&word, p + (uint64_t)i * bytes, bytes) != 0)
		return (double)NAN;
	return draw_read(type, &word, 0);
}

/* So many as have elements. */
static unsigned
count_blocks(int64_t n)
{
	int64_t blocks = (n + GPU_THREADS - 1) / GPU_THREADS;

	return blocks < COMPARE_BLOCKS ? (unsigned)blocks : COMPARE_BLOCKS;
}

static void
sum_parts(const struct part *p, unsigned n, bool mismatches,
    struct compared *c, struct sums *s)
{
	for (unsigned b = 0; b < n; b++) {
		s->error2 += p[b].error2;
		s->ref2 += p[b].ref2;
		s->size2 += p[b].size2;
		s->error += p[b].error;
		s->bound += p[b].bound;
		s->n += p[b].n;
		if (p[b].mismatch && mismatches &&
		    (!c->mismatch || p[b].worst < c->worst)) {
			c->mismatch = 1;
			c->ratio = (double)INFINITY;
			c->worst = p[b].worst;
		} else if (!p[b].mismatch && !c->mismatch &&
		    p[b].ratio > c->ratio) {
			c->ratio = p[b].ratio;
			c->worst = p[b].worst;
		}
	}
}

static int
launch_compare(const struct layout *l, size_t t, gpu_ptr y,
    const struct kept *x, const struct rule *rule)
{
	int type = (int)epoch_type(keeper.epoch, t);
	int64_t n = l->count[t], last = keeper_last_axis(l, t);
	bool is_whole = keeper_is_whole(t);
	gpu_ptr length = x->length, ref = is_whole ? x->whole : x->real;
	gpu_ptr scale = x->scale, to = keeper.parts;
	struct device_rule r = {rule->u, rule->scale, rule->infinite,
	    rule->terms,
	    rule->spacing};
	void *real[] = {&y, &type, &ref, &scale, &length, &last, &n, &r, &to};
	void *whole[] = {&y, &type, &ref, &length, &last, &n, &to};
	struct gpu_call c = {.blocks = count_blocks(n),
	    .threads = GPU_THREADS};
	void *f;
	int code = gpu.function(&f, keeper.kernels, is_whole
	    ? "ke_compare_whole" : "ke_compare");

	if (code == 0)
		code = gpu_call(f, &c, is_whole ? whole : real);
	return code == 0 ? 0 : keeper_broken("compare", code);
}

/* Holds one output against what is expected of it. */
static int
compare(const struct gpu_ask *ask, size_t slot, size_t t, struct answer *a)
{
	static struct part parts[COMPARE_BLOCKS];
	const struct layout *l = &keeper.epoch->cases[ask->layout];
	const struct kept *x = &keeper.slots[ask->layout][slot].t[t];
	enum ke_dtype type = epoch_type(keeper.epoch, t);
	size_t size = ke_dtypes[type].bytes;
	gpu_ptr y = gpu_region_data(keeper_region(ask->layout, slot, t));
	struct rule rule = accept_rule(&keeper.epoch->tolerance, type,
	    l->reduction[t], l->slots[slot].kind, 1);
	struct compared c = {.worst = -1};
	struct sums sums = {0};
	unsigned blocks = count_blocks(l->count[t]);
	enum accepted got;
	int code;

	if (l->count[t] == 0)
		return 0;
	if (launch_compare(l, t, y, x, &rule) == -1)
		return -1;
	code = gpu.from(parts, keeper.parts, blocks * sizeof(*parts));
	if (code != 0)
		return keeper_broken("reading the comparison", code);
	sum_parts(parts, blocks, keeper_is_whole(t) ? defended(element)
	    : defended(class), &c, &sums);
	if (c.worst >= 0 && c.worst < l->count[t]) {
		c.got = value_at(y, size, type, c.worst);
		c.want = value_at(keeper_is_whole(t) ? x->whole : x->real, 8,
		    keeper_is_whole(t) ? KE_I64 : KE_F64, c.worst);
	}
	got = accept_close(&rule, &sums, &c);
	a->ratio[t] = fmax(a->ratio[t], c.ratio);
	a->rms[t] = fmax(a->rms[t], c.rms);
	return got == ACCEPT ? 0 : judge_say(keeper.epoch->op, l->shape[t], t,
	    got, &c, "ref.c", keeper.v);
}

/* One execution's outputs and inputs, by what was found of them. */
static int
judge(const struct gpu_ask *ask, size_t slot, const struct found *found,
    struct answer *a)
{
	const struct ke_op *op = keeper.epoch->op;
	uint32_t at = ask->candidate == BASE_NUMBER ? GROUP_MAX
	    : ask->candidate % GROUP_MAX;

	for (size_t t = 0; t < op->n_tensors; t++) {
		struct kept *x = &keeper.slots[ask->layout][slot].t[t];

		if (op->tensors[t].role == KE_OUT && found[t].spilled > 0 &&
		    defended(canary) && defended(poison))
			return verdict_set(keeper.v, KE_FAULT, "canary",
			    "wrote %llu bytes beside %s", found[t].spilled,
			    op->tensors[t].name);
		if (op->tensors[t].role == KE_IN &&
		    found[t].hash != x->input && defended(hash))
			return verdict_set(keeper.v, KE_FAULT, "inputs",
			    "wrote into %s", op->tensors[t].name);
	}
	for (size_t t = 0; t < op->n_tensors; t++) {
		struct kept *x = &keeper.slots[ask->layout][slot].t[t];
		bool known = x->seen[at].candidate == ask->candidate;

		if (op->tensors[t].role != KE_OUT)
			continue;
		if (known && x->seen[at].hash == found[t].hash)
			continue;
		if (compare(ask, slot, t, a) == -1)
			return -1;
		if (known && defended(repeat))
			return verdict_set(keeper.v, KE_NONDETERMINISTIC,
			    "bits", "%s: two runs on the same inputs differ",
			    op->tensors[t].name);
		x->seen[at].candidate = ask->candidate;
		x->seen[at].hash = found[t].hash;
	}
	return 0;
}

static int
read_back(void *to, gpu_ptr from, uint64_t bytes)
{
	int code = gpu.from(to, from, bytes);

	return code == 0 ? 0 : keeper_broken("reading outputs", code);
}

static int
needs_of(const struct gpu_ask *ask, size_t t, struct accept_needs *need)
{
	const struct layout *l = &keeper.epoch->cases[ask->layout];
	const struct kept *x = &keeper.slots[ask->layout][ask->truth].t[t];
	enum ke_dtype type = epoch_type(keeper.epoch, t);
	size_t n = (size_t)l->count[t];
	void *y = ke_calloc(1, l->bytes[t]);
	double *got = ke_calloc(n, sizeof(*got));
	double *ref = ke_calloc(n, sizeof(*ref));
	double *scale = ke_calloc(n, sizeof(*scale));
	int status = read_back(y, gpu_region_data(keeper_region(ask->layout,
	    ask->slot, t)), l->bytes[t]);

	if (status == 0)
		status = read_back(ref, x->real, n * sizeof(*ref));
	if (status == 0)
		status = read_back(scale, x->scale, n * sizeof(*scale));
	for (size_t i = 0; status == 0 && i < n; i++)
		got[i] = draw_read(type, y, (int64_t)i);
	if (status == 0)
		*need = accept_needs(&keeper.epoch->tolerance, type,
		    l->reduction[t], l->slots[ask->truth].kind, got, ref,
		    scale, (int64_t)n);
	free(y);
	free(got);
	free(ref);
	free(scale);
	return status;
}

int
keeper_needs(const struct gpu_ask *ask, struct gpu_needs *needs)
{
	const struct ke_op *op = keeper.epoch->op;
	const struct layout *l = &keeper.epoch->cases[ask->layout];

	if (keeper_expect(ask->layout, ask->truth) == -1)
		return -1;
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role == KE_OUT && !op->tensors[t].row &&
		    !keeper_is_whole(t) && l->count[t] > 0 &&
		    needs_of(ask, t, &needs->of[t]) == -1)
			return -1;
	return 0;
}

/* Looks for all executions at once, then judges them one by one. */
int
keeper_verify(const struct gpu_ask *ask, struct answer *a)
{
	static struct found found[GPU_EXECS_MAX * KE_TENSORS_MAX];
	const struct ke_op *op = keeper.epoch->op;
	const struct layout *l = &keeper.epoch->cases[ask->layout];
	uint32_t n = ask->n_execs * (uint32_t)op->n_tensors;

	for (uint32_t x = 0; x < ask->n_execs; x++)
		if (keeper_expect(ask->layout, (ask->slot + x) %
		    ask->n_slots) == -1)
			return -1;
	if (!defended(timed) && l->timed)
		return 0;
	if (clear_found(n) == -1)
		return -1;
	for (uint32_t x = 0; x < ask->n_execs; x++) {
		size_t slot = (ask->slot + x) % ask->n_slots;

		for (size_t t = 0; t < op->n_tensors; t++) {
			struct gpu_region *r = keeper_region(ask->layout,
			    slot, t);
			const struct kept *kept =
			    &keeper.slots[ask->layout][slot].t[t];
			uint32_t at = x * (uint32_t)op->n_tensors +
			    (uint32_t)t;
			gpu_ptr p = r->at, to = keeper.found +
			    at * sizeof(struct found);
			int64_t words = (int64_t)r->mapped / 8;
			int64_t from = (int64_t)r->data;
			int64_t end = from + (int64_t)r->bytes;
			uint64_t key = ask->key;
			void *args[] = {&p, &words, &from, &end, &key, &to};

			if (op->tensors[t].role == KE_LET)
				continue;
			if (hash(r, kept->length, keeper_last_axis(l, t),
			    ke_dtypes[epoch_type(keeper.epoch, t)].bytes,
			    at) == -1)
				return -1;
			if (r->output && keeper_call(keeper.kernels,
			    "ke_canary", (uint64_t)words / 8, args) == -1)
				return -1;
		}
	}
	if (read_found(found, n) == -1)
		return -1;
	for (uint32_t x = 0; x < ask->n_execs; x++)
		if (judge(ask, (ask->slot + x) % ask->n_slots,
		    found + x * op->n_tensors, a) == -1)
			return -1;
	/* once, on the CPU too */
	if (!l->timed && ask->candidate == BASE_NUMBER && keeper.has_host)
		return keeper_cross_check(ask->layout, ask->slot);
	return 0;
}
