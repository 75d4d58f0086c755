/* The keeper: a process with a context of its own, in which inputs are, outputs
 * are poisoned, and what must come out is computed in double precision and
 * compared, on the device, in full.
 *
 * A candidate's outputs of one slot are the same bits every time, so they are
 * compared once, and afterwards their keyed hash is. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "defence.h"
#include "expected.h"
#include "file.h"
#include "gpu.h"
#include "gpu_kernels.h"
#include "random.h"

#define BLOCKS 264u
#define THREADS 256u
#define CROSS 1e-9 /* relative: two double-precision libraries agree better */

/* What is expected of one tensor of one slot, on the device. */
struct kept {
	gpu_ptr real, scale, whole, length;
	uint64_t input; /* an input's hash */
	struct {
		uint64_t hash;
		uint32_t candidate;
	} seen[GROUP_MAX + 1];
};

struct kept_slot {
	bool computed;
	struct kept t[KE_TENSORS_MAX];
};

static struct keeper {
	struct epoch *epoch;
	struct gpu_region *regions;
	uint32_t n_regions;
	struct kept_slot *slots[256]; /* by layout */
	void *kernels, *reference;
	gpu_ptr found, parts;
	uint64_t secret; /* of the hashes; nothing that it makes can be read */
	const char *reference_so;
	struct reference host; /* for the cross-check */
	bool has_host;
	struct verdict *v;
} k;

/* The device or the driver failed us: nothing is said of a candidate. */
static int
broken(const char *what, int code)
{
	return verdict_set(k.v, KE_LOST, "device", "the keeper: %s: %s", what,
	    gpu_error(code));
}

static void *
function(void *module, const char *name)
{
	void *f = NULL;

	return gpu.function(&f, module, name) == 0 ? f : NULL;
}

/* A kernel of ours over n elements. */
static int
call(void *module, const char *name, uint64_t n, void **args)
{
	void *f = function(module, name);
	uint64_t blocks = (n + THREADS - 1) / THREADS;
	struct gpu_call c = {.blocks = blocks < 1 ? 1 : blocks > 65535 ? 65535
	    : (unsigned)blocks, .threads = THREADS};
	int code = f == NULL ? 500 : gpu_call(f, &c, args);

	return code == 0 ? 0 : broken(name, code);
}

static int
wait(const char *what)
{
	int code = gpu.sync();

	return code == 0 ? 0 : broken(what, code);
}

static int
allocate(gpu_ptr *p, uint64_t bytes)
{
	int code = gpu.alloc(p, bytes > 0 ? bytes : 8);

	return code == 0 ? 0 : broken("memory", code);
}

static struct gpu_region *
region(size_t layout, size_t slot, size_t t)
{
	return &k.regions[gpu_region_index(k.epoch, layout, slot, t)];
}

static int
poison(struct gpu_region *r, uint64_t key)
{
	gpu_ptr at = r->at;
	int64_t words = (int64_t)r->mapped / 8;
	void *args[] = {&at, &words, &key};

	return call(k.kernels, "ke_poison", (uint64_t)words / 8, args);
}

static int
make_region(size_t layout, size_t slot, size_t t, int *fd, struct ke_err *e)
{
	const struct layout *l = &k.epoch->cases[layout];
	const struct slot *s = &l->slots[slot];
	bool output = k.epoch->op->tensors[t].role == KE_OUT;
	struct gpu_region *r = region(layout, slot, t);

	*fd = -1;
	if (k.epoch->op->tensors[t].role == KE_LET) {
		*r = (struct gpu_region){0};
		return 0;
	}
	*r = gpu_region(l->bytes[t], output, s->flip);
	if (gpu_region_make(r, fd, e) == -1)
		return -1;
	/* what lies beside an input is NaNs to who reads it */
	if (poison(r, random_key(k.epoch->seed, 0x6a756e6b) | 1) == -1 ||
	    wait("poison") == -1)
		return ke_fail(e, "%s", k.v->detail);
	if (!output && l->bytes[t] > 0 && gpu.to(gpu_region_data(r),
	    file_at(&k.epoch->inputs, &s->in[t]), l->bytes[t]) != 0)
		return ke_fail(e, "copying inputs to the device");
	return 0;
}

static int
send_batch(int fd, struct gpu_regions *batch, int *fds)
{
	int some[GPU_BATCH];
	size_t n = 0;

	/* lets have none */
	for (uint32_t i = 0; i < batch->n; i++)
		if (fds[i] != -1)
			some[n++] = fds[i];
	if (gpu_send(fd, batch, sizeof(*batch), some, n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		close(some[i]);
	return 0;
}

/* Makes every region, and sends it. */
static int
make_regions(int fd, struct ke_err *e)
{
	static struct gpu_regions batch;
	const struct epoch *ep = k.epoch;
	int fds[GPU_BATCH];
	uint32_t i = 0;

	batch.kind = GPU_ATTACH;
	for (size_t l = 0; l < ep->n_cases; l++)
		for (size_t s = 0; s < ep->cases[l].n_slots; s++)
			for (size_t t = 0; t < ep->op->n_tensors; t++, i++) {
				if (make_region(l, s, t, &fds[batch.n],
				    e) == -1)
					return -1;
				batch.region[batch.n++] = k.regions[i];
				if (batch.n < GPU_BATCH &&
				    i + 1 < k.n_regions)
					continue;
				batch.from = i + 1 - batch.n;
				if (send_batch(fd, &batch, fds) == -1)
					return ke_fail(e, "ke-eval is gone");
				batch.n = 0;
			}
	return 0;
}

/* The hash of a region's tensor into found[at]. */
static int
hash(const struct gpu_region *r, gpu_ptr length, int64_t last, size_t element,
    uint32_t at)
{
	gpu_ptr data = gpu_region_data(r);
	gpu_ptr to = k.found + at * sizeof(struct found);
	int64_t bytes = (int64_t)r->bytes;
	int size = (int)element;
	uint64_t key = k.secret;
	void *args[] = {&data, &bytes, &size, &length, &last, &key, &to};

	if (bytes == 0)
		return 0;
	return call(k.kernels, "ke_hash", r->bytes / 32, args);
}

static int
read_found(struct found *to, uint32_t n)
{
	int code = gpu.from(to, k.found, n * sizeof(*to));

	return code == 0 ? 0 : broken("reading what was found", code);
}

static int
clear_found(uint32_t n)
{
	int code = gpu.set8(k.found, 0, n * sizeof(struct found));

	return code == 0 ? 0 : broken("clearing what was found", code);
}

/* The tensors as ref.c sees them; lets have room. */
static int
open_ref(size_t layout, size_t slot, struct ke_ref *r)
{
	const struct ke_op *op = k.epoch->op;
	const struct layout *l = &k.epoch->cases[layout];

	memset(r, 0, sizeof(*r));
	for (size_t t = 0; t < op->n_tensors; t++) {
		gpu_ptr p = 0;

		memcpy(r->s[t], l->shape[t], sizeof(r->s[t]));
		if (op->tensors[t].role == KE_IN)
			r->t[t] = (const void *)(uintptr_t)
			    gpu_region_data(region(layout, slot, t));
		if (op->tensors[t].role != KE_LET)
			continue;
		if (allocate(&p, (uint64_t)l->count[t] * 8) == -1)
			return -1;
		r->let[t] = (double *)(uintptr_t)p;
	}
	for (size_t i = 0; i < op->n_dims + op->n_derived; i++)
		r->d[i] = l->scope.names[i].value;
	return 0;
}

static void
close_ref(struct ke_ref *r)
{
	(void)gpu.sync();
	for (size_t t = 0; t < KE_TENSORS_MAX; t++)
		if (r->let[t] != NULL)
			(void)gpu.free((gpu_ptr)(uintptr_t)r->let[t]);
}

/* ke_NAME_T(r, to, n) */
static int
stage(const char *name, size_t t, struct ke_ref *r, gpu_ptr to, int64_t n)
{
	struct ke_buf b = {0};
	void *args[] = {r, &to, &n};
	int status;

	if (n == 0)
		return 0;
	ke_buf_fmt(&b, "ke_%s_%zu", name, t);
	status = call(k.reference, b.s, (uint64_t)n, args);
	ke_buf_free(&b);
	return status;
}

/* The lets in order: each may need those before it. */
static int
compute_lets(const struct layout *l, struct ke_ref *r)
{
	for (size_t t = 0; t < k.epoch->op->n_tensors; t++)
		if (r->let[t] != NULL && stage("let", t, r,
		    (gpu_ptr)(uintptr_t)r->let[t], l->count[t]) == -1)
			return -1;
	return 0;
}

static int64_t
last_axis(const struct layout *l, size_t t)
{
	return l->shape[t][k.epoch->op->tensors[t].rank - 1];
}

static bool
is_whole(size_t t)
{
	return ke_dtypes[epoch_type(k.epoch, t)].roundoff == 0;
}

static int
compute_rows(const struct layout *l, size_t t, struct ke_ref *r,
    struct kept *x, gpu_ptr to)
{
	int64_t last = last_axis(l, t);
	int64_t rows = last > 0 ? l->count[t] / last : 0;
	struct ke_buf b = {0};
	void *args[] = {r, &to, &x->length, &rows, &last};
	int status;

	if (allocate(&x->length, (uint64_t)rows * 8) == -1)
		return -1;
	ke_buf_fmt(&b, "ke_row_%zu", t);
	status = rows == 0 ? 0 : call(k.reference, b.s, (uint64_t)rows, args);
	ke_buf_free(&b);
	return status;
}

static int
compute_output(const struct layout *l, size_t t, struct ke_ref *r,
    struct kept *x)
{
	uint64_t bytes = (uint64_t)l->count[t] * 8;
	gpu_ptr *to = is_whole(t) ? &x->whole : &x->real;

	if (allocate(to, bytes) == -1)
		return -1;
	if (k.epoch->op->tensors[t].row)
		return compute_rows(l, t, r, x, *to);
	return stage("out", t, r, *to, l->count[t]);
}

static int
scale_rows(const struct layout *l, size_t t, struct kept *x)
{
	int64_t last = last_axis(l, t);
	int64_t rows = last > 0 ? l->count[t] / last : 0;
	void *args[] = {&x->scale, &x->real, &rows, &last};

	return rows == 0 ? 0 : call(k.kernels, "ke_scale_rows",
	    (uint64_t)rows * THREADS, args);
}

/* Scale terms: the same on absolute inputs. */
static int
scale_terms(size_t layout, size_t slot, size_t t, struct kept *x)
{
	const struct ke_op *op = k.epoch->op;
	const struct layout *l = &k.epoch->cases[layout];
	gpu_ptr copies[KE_TENSORS_MAX] = {0};
	struct ke_ref r;
	int status = open_ref(layout, slot, &r);

	for (size_t i = 0; status == 0 && i < op->n_tensors; i++) {
		int type = (int)epoch_type(k.epoch, i);
		int64_t n = l->count[i];
		void *args[] = {&copies[i], &type, &n};

		if (op->tensors[i].role != KE_IN)
			continue;
		status = allocate(&copies[i], l->bytes[i]);
		if (status == 0 && l->bytes[i] > 0 && gpu.copy(copies[i],
		    (gpu_ptr)(uintptr_t)r.t[i], l->bytes[i]) != 0)
			status = broken("copying", 0);
		if (status == 0 && n > 0)
			status = call(k.kernels, "ke_absolute", (uint64_t)n,
			    args);
		r.t[i] = (const void *)(uintptr_t)copies[i];
	}
	if (status == 0)
		status = compute_lets(l, &r);
	if (status == 0)
		status = stage("out", t, &r, x->scale, l->count[t]);
	close_ref(&r);
	for (size_t i = 0; i < op->n_tensors; i++)
		if (copies[i] != 0)
			(void)gpu.free(copies[i]);
	return status;
}

static int
compute_scale(size_t layout, size_t slot, size_t t, struct ke_ref *r,
    struct kept *x)
{
	const struct layout *l = &k.epoch->cases[layout];

	if (allocate(&x->scale, (uint64_t)l->count[t] * 8) == -1)
		return -1;
	switch (k.epoch->op->tensors[t].scale) {
	case KE_SCALE_TERMS:
		return scale_terms(layout, slot, t, x);
	case KE_SCALE_OWN:
		return stage("own", t, r, x->scale, l->count[t]);
	case KE_SCALE_ROW:
		break;
	}
	return scale_rows(l, t, x);
}

/* Of an output that isn't rows but whose length another gives, nothing is
 * special; of one whose rows have lengths, those of ref.c count. */
static int
compute(size_t layout, size_t slot)
{
	const struct ke_op *op = k.epoch->op;
	const struct layout *l = &k.epoch->cases[layout];
	struct kept_slot *s = &k.slots[layout][slot];
	struct ke_ref r;
	int status;

	if (s->computed)
		return 0;
	status = open_ref(layout, slot, &r);
	if (status == 0)
		status = compute_lets(l, &r);
	for (size_t t = 0; status == 0 && t < op->n_tensors; t++) {
		if (op->tensors[t].role != KE_OUT)
			continue;
		status = compute_output(l, t, &r, &s->t[t]);
		if (status == 0 && !is_whole(t))
			status = compute_scale(layout, slot, t, &r, &s->t[t]);
	}
	if (status == 0)
		status = wait("the reference");
	close_ref(&r);
	s->computed = status == 0;
	return status;
}

/* Does ref.c say the same on the CPU? */
static int
cross_check(size_t layout, size_t slot)
{
	struct epoch *ep = k.epoch;
	const struct layout *l = &ep->cases[layout];
	struct self self = {.epoch = ep, .reference = k.host, .layout = l};
	struct ke_ref r = {0};
	int status = 0;

	expected_open(&self, &l->slots[slot], &r);
	for (size_t t = 0; status == 0 && t < ep->op->n_tensors; t++) {
		const struct kept *x = &k.slots[layout][slot].t[t];
		size_t n = (size_t)l->count[t];
		double *here, *there, *scale;

		if (ep->op->tensors[t].role != KE_OUT || is_whole(t) ||
		    ep->op->tensors[t].row || n == 0)
			continue;
		here = ke_calloc(n, 8);
		there = ke_calloc(n, 8);
		scale = ke_calloc(n, 8);
		expected_compute(&self, &r, t, here, NULL, NULL);
		if (gpu.from(there, x->real, n * 8) != 0 ||
		    gpu.from(scale, x->scale, n * 8) != 0)
			status = broken("reading the reference", 0);
		for (size_t i = 0; status == 0 && i < n; i++) {
			double s = isfinite(scale[i]) ? scale[i] : 0;

			if ((isnan(here[i]) && isnan(there[i])) ||
			    here[i] == there[i] || fabs(here[i] - there[i]) <=
			    CROSS * (s + fabs(here[i])))
				continue;
			status = verdict_set(k.v, KE_INVALID, "reference",
			    "ref.c on the device says %.17g where it says "
			    "%.17g on the CPU: %s, element %zu", there[i],
			    here[i], ep->op->tensors[t].name, i);
		}
		free(here);
		free(there);
		free(scale);
	}
	expected_close(&self, &r);
	return status;
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

static void
sum_parts(const struct part *p, bool mismatches, struct compared *c,
    struct sums *s)
{
	for (unsigned b = 0; b < BLOCKS; b++) {
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
	int type = (int)epoch_type(k.epoch, t);
	int64_t n = l->count[t], last = last_axis(l, t);
	gpu_ptr length = x->length, ref = is_whole(t) ? x->whole : x->real;
	gpu_ptr scale = x->scale, to = k.parts;
	struct device_rule r = {rule->u, rule->scale, rule->infinite,
	    rule->terms,
	    rule->spacing};
	void *real[] = {&y, &type, &ref, &scale, &length, &last, &n, &r, &to};
	void *whole[] = {&y, &type, &ref, &length, &last, &n, &to};
	void *f = function(k.kernels, is_whole(t) ? "ke_compare_whole"
	    : "ke_compare");
	struct gpu_call c = {.blocks = BLOCKS, .threads = THREADS};
	int code = f == NULL ? 500 : gpu_call(f, &c, is_whole(t) ? whole
	    : real);

	return code == 0 ? 0 : broken("compare", code);
}

/* Holds one output against what is expected of it. */
static int
compare(const struct gpu_ask *ask, size_t slot, size_t t, struct answer *a)
{
	static struct part parts[BLOCKS];
	const struct layout *l = &k.epoch->cases[ask->layout];
	const struct kept *x = &k.slots[ask->layout][slot].t[t];
	enum ke_dtype type = epoch_type(k.epoch, t);
	size_t size = ke_dtypes[type].bytes;
	gpu_ptr y = gpu_region_data(region(ask->layout, slot, t));
	struct rule rule = accept_rule(&k.epoch->tolerance, type,
	    l->reduction[t], 1);
	struct compared c = {.worst = -1};
	struct sums sums = {0};
	enum accepted got;

	if (l->count[t] == 0)
		return 0;
	if (launch_compare(l, t, y, x, &rule) == -1)
		return -1;
	if (gpu.from(parts, k.parts, sizeof(parts)) != 0)
		return broken("reading the comparison", 0);
	sum_parts(parts, is_whole(t) ? defended(element) : defended(class), &c,
	    &sums);
	if (c.worst >= 0 && c.worst < l->count[t]) {
		c.got = value_at(y, size, type, c.worst);
		c.want = value_at(is_whole(t) ? x->whole : x->real, 8,
		    is_whole(t) ? KE_I64 : KE_F64, c.worst);
	}
	got = accept_close(&rule, &sums, &c);
	a->ratio[t] = fmax(a->ratio[t], c.ratio);
	a->rms[t] = fmax(a->rms[t], c.rms);
	return got == ACCEPT ? 0 : judge_say(k.epoch->op, l->shape[t], t, got,
	    &c, "ref.c", k.v);
}

/* One execution's outputs and inputs, by what was found of them. */
static int
judge(const struct gpu_ask *ask, size_t slot, const struct found *found,
    struct answer *a)
{
	const struct ke_op *op = k.epoch->op;
	uint32_t at = ask->candidate == BASE_NUMBER ? GROUP_MAX
	    : ask->candidate % GROUP_MAX;

	for (size_t t = 0; t < op->n_tensors; t++) {
		struct kept *x = &k.slots[ask->layout][slot].t[t];

		if (op->tensors[t].role == KE_OUT && found[t].spilled > 0 &&
		    defended(canary) && defended(poison))
			return verdict_set(k.v, KE_FAULT, "canary",
			    "wrote %llu bytes beside %s", found[t].spilled,
			    op->tensors[t].name);
		if (op->tensors[t].role == KE_IN &&
		    found[t].hash != x->input && defended(hash))
			return verdict_set(k.v, KE_FAULT, "inputs",
			    "wrote into %s", op->tensors[t].name);
	}
	for (size_t t = 0; t < op->n_tensors; t++) {
		struct kept *x = &k.slots[ask->layout][slot].t[t];
		bool known = x->seen[at].candidate == ask->candidate;

		if (op->tensors[t].role != KE_OUT)
			continue;
		if (known && x->seen[at].hash == found[t].hash)
			continue;
		if (compare(ask, slot, t, a) == -1)
			return -1;
		if (known && defended(repeat))
			return verdict_set(k.v, KE_NONDETERMINISTIC, "bits",
			    "%s: two runs on the same inputs differ",
			    op->tensors[t].name);
		x->seen[at].candidate = ask->candidate;
		x->seen[at].hash = found[t].hash;
	}
	return 0;
}

/* Looks for all executions at once, then judges them one by one. */
static int
verify(const struct gpu_ask *ask, struct answer *a)
{
	static struct found found[GPU_EXECS_MAX * KE_TENSORS_MAX];
	const struct ke_op *op = k.epoch->op;
	const struct layout *l = &k.epoch->cases[ask->layout];
	uint32_t n = ask->n_execs * (uint32_t)op->n_tensors;

	for (uint32_t x = 0; x < ask->n_execs; x++)
		if (compute(ask->layout, (ask->slot + x) % ask->n_slots) == -1)
			return -1;
	if (!defended(timed) && l->timed)
		return 0;
	if (clear_found(n) == -1)
		return -1;
	for (uint32_t x = 0; x < ask->n_execs; x++) {
		size_t slot = (ask->slot + x) % ask->n_slots;

		for (size_t t = 0; t < op->n_tensors; t++) {
			struct gpu_region *r = region(ask->layout, slot, t);
			const struct kept *kept =
			    &k.slots[ask->layout][slot].t[t];
			uint32_t at = x * (uint32_t)op->n_tensors +
			    (uint32_t)t;
			gpu_ptr p = r->at, to = k.found +
			    at * sizeof(struct found);
			int64_t words = (int64_t)r->mapped / 8;
			int64_t from = (int64_t)r->data;
			int64_t end = from + (int64_t)r->bytes;
			uint64_t key = ask->key;
			void *args[] = {&p, &words, &from, &end, &key, &to};

			if (op->tensors[t].role == KE_LET)
				continue;
			if (hash(r, kept->length, last_axis(l, t),
			    ke_dtypes[epoch_type(k.epoch, t)].bytes,
			    at) == -1)
				return -1;
			if (r->output && call(k.kernels, "ke_canary",
			    (uint64_t)words / 8, args) == -1)
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
	if (!l->timed && ask->candidate == BASE_NUMBER && k.has_host)
		return cross_check(ask->layout, ask->slot);
	return 0;
}

static int
poison_outputs(const struct gpu_ask *ask)
{
	for (uint32_t x = 0; x < ask->n_execs; x++)
		for (size_t t = 0; t < k.epoch->op->n_tensors; t++) {
			struct gpu_region *r = region(ask->layout,
			    (ask->slot + x) % ask->n_slots, t);

			if (r->output && defended(poison) &&
			    poison(r, ask->key) == -1)
				return -1;
		}
	return wait("poison");
}

static int
load(const char *path, void **module, struct ke_err *e)
{
	struct ke_buf b = {0};
	int code;

	if (ke_file_read(path, (size_t)64 << 20, &b, e) == -1)
		return -1;
	code = gpu.load(module, b.s);
	ke_buf_free(&b);
	return code == 0 ? 0 : ke_fail(e, "%s: %s", path, gpu_error(code));
}

/* What the inputs are, before anybody could write to them. */
static int
hash_inputs(struct ke_err *e)
{
	const struct ke_op *op = k.epoch->op;
	struct found f;

	for (size_t l = 0; l < k.epoch->n_cases; l++)
		for (size_t s = 0; s < k.epoch->cases[l].n_slots; s++)
			for (size_t t = 0; t < op->n_tensors; t++) {
				if (op->tensors[t].role != KE_IN)
					continue;
				if (clear_found(1) == -1 || hash(region(l, s,
				    t), 0, 1, 2, 0) == -1 ||
				    read_found(&f, 1) == -1)
					return ke_fail(e, "%s", k.v->detail);
				k.slots[l][s].t[t].input = f.hash;
			}
	return 0;
}

/* A kernel whose result is known. */
static int
known_answer(struct ke_err *e)
{
	uint32_t x[1024];
	gpu_ptr p = k.parts;
	int64_t n = KE_LEN(x);
	void *args[] = {&p, &n};

	for (uint32_t i = 0; i < KE_LEN(x); i++)
		x[i] = i * 7;
	if (gpu.to(p, x, sizeof(x)) != 0 ||
	    call(k.kernels, "ke_answer", KE_LEN(x), args) == -1 ||
	    gpu.from(x, p, sizeof(x)) != 0)
		return ke_fail(e, "the device doesn't compute");
	for (uint32_t i = 0; i < KE_LEN(x); i++)
		if (x[i] != 22 * i)
			return ke_fail(e, "the device computes wrongly");
	return 0;
}

static int
open_device(const char *kernels, const char *reference, struct gpu_info *info,
    struct ke_err *e)
{
	struct epoch *ep = k.epoch;
	int code;

	if (gpu_load(e) == -1 || gpu_open(0, info, e) == -1 ||
	    load(kernels, &k.kernels, e) == -1 ||
	    load(reference, &k.reference, e) == -1)
		return -1;
	code = gpu.alloc(&k.found, GPU_EXECS_MAX * KE_TENSORS_MAX *
	    sizeof(struct found));
	if (code == 0)
		code = gpu.alloc(&k.parts, BLOCKS * sizeof(struct part));
	if (code != 0)
		return ke_fail(e, "memory: %s", gpu_error(code));
	k.has_host = reference_load(&k.host, k.reference_so, ep->op,
	    ep->dtype, e) == 0;
	if (!k.has_host)
		return -1;
	return known_answer(e);
}

void
gpu_keeper(struct epoch *ep, const char *kernels, const char *reference,
    const char *reference_so, int fd)
{
	static struct gpu_hello hello;
	static struct gpu_ask ask;
	static struct answer answer;
	struct ke_err e;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	k.epoch = ep;
	k.reference_so = reference_so;
	k.secret = random_key(ep->seed, 0x6b6565);
	k.n_regions = gpu_region_count(ep);
	k.regions = ke_calloc(k.n_regions, sizeof(*k.regions));
	for (size_t l = 0; l < ep->n_cases; l++)
		k.slots[l] = ke_calloc(ep->cases[l].n_slots,
		    sizeof(*k.slots[l]));
	k.v = &hello.verdict;
	hello.verdict.status = KE_PASS;
	hello.n_regions = k.n_regions;
	if (open_device(kernels, reference, &hello.info, &e) == -1)
		verdict_set(&hello.verdict, KE_LOST, "device", "%s", e.msg);
	if (gpu_send(fd, &hello, sizeof(hello), NULL, 0) == -1 ||
	    hello.verdict.status != KE_PASS)
		_exit(1);
	if (make_regions(fd, &e) == -1 || hash_inputs(&e) == -1) {
		static struct gpu_regions none = {.kind = 0};

		/* in place of more regions, the reason */
		memcpy(none.region, e.msg, sizeof(e.msg) <
		    sizeof(none.region) ? sizeof(e.msg) : sizeof(none.region));
		(void)gpu_send(fd, &none, sizeof(none), NULL, 0);
		_exit(1);
	}
	k.v = &answer.verdict;
	nvml_open(hello.info.uuid);
	while (gpu_recv(fd, &ask, sizeof(ask), NULL, NULL) ==
	    (ssize_t)sizeof(ask)) {
		if (ask.question == GPU_STATE) {
			struct nvml_state state;

			nvml_read(&state);
			if (gpu_send(fd, &state, sizeof(state), NULL, 0) == -1)
				break;
			continue;
		}
		answer = (struct answer){.verdict.status = KE_PASS};
		for (size_t t = 0; t < KE_TENSORS_MAX; t++)
			answer.ratio[t] = -1;
		status = ask.question == GPU_POISON ? poison_outputs(&ask)
		    : verify(&ask, &answer);
		(void)status;
		if (gpu_send(fd, &answer, sizeof(answer), NULL, 0) == -1)
			break;
	}
	_exit(0);
}
