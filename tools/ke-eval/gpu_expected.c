/* What must come out of a slot, in double precision: ref.c on the device, and
 * once on the CPU too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_keeper.h"

#define CROSS 1e-9 /* relative: two double-precision libraries agree better */

int64_t
keeper_last_axis(const struct layout *l, size_t t)
{
	return l->shape[t][keeper.epoch->op->tensors[t].rank - 1];
}

bool
keeper_is_whole(size_t t)
{
	return ke_dtypes[epoch_type(keeper.epoch, t)].roundoff == 0;
}

/* The tensors as ref.c sees them; lets have room. */
static int
open_ref(size_t layout, size_t slot, struct ke_ref *r)
{
	const struct ke_op *op = keeper.epoch->op;
	const struct layout *l = &keeper.epoch->cases[layout];

	memset(r, 0, sizeof(*r));
	for (size_t t = 0; t < op->n_tensors; t++) {
		gpu_ptr p = 0;

		memcpy(r->s[t], l->shape[t], sizeof(r->s[t]));
		if (op->tensors[t].role == KE_IN)
			r->t[t] = (const void *)(uintptr_t)
			    gpu_region_data(keeper_region(layout, slot, t));
		if (op->tensors[t].role != KE_LET)
			continue;
		if (keeper_allocate(&p, (uint64_t)l->count[t] * 8) == -1)
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
	status = keeper_call(keeper.reference, b.s, (uint64_t)n, args);
	ke_buf_free(&b);
	return status;
}

/* The lets in order: each may need those before it. */
static int
compute_lets(const struct layout *l, struct ke_ref *r)
{
	for (size_t t = 0; t < keeper.epoch->op->n_tensors; t++)
		if (r->let[t] != NULL && stage("let", t, r,
		    (gpu_ptr)(uintptr_t)r->let[t], l->count[t]) == -1)
			return -1;
	return 0;
}

static int
compute_rows(const struct layout *l, size_t t, struct ke_ref *r,
    struct kept *x, gpu_ptr to)
{
	int64_t last = keeper_last_axis(l, t);
	int64_t rows = last > 0 ? l->count[t] / last : 0;
	struct ke_buf b = {0};
	void *args[] = {r, &to, &x->length, &rows, &last};
	int status;

	if (keeper_allocate(&x->length, (uint64_t)rows * 8) == -1)
		return -1;
	ke_buf_fmt(&b, "ke_row_%zu", t);
	status = rows == 0 ? 0 : keeper_call(keeper.reference, b.s,
	    (uint64_t)rows, args);
	ke_buf_free(&b);
	return status;
}

static int
compute_output(const struct layout *l, size_t t, struct ke_ref *r,
    struct kept *x)
{
	uint64_t bytes = (uint64_t)l->count[t] * 8;
	gpu_ptr *to = keeper_is_whole(t) ? &x->whole : &x->real;

	if (keeper_allocate(to, bytes) == -1)
		return -1;
	if (keeper.epoch->op->tensors[t].row)
		return compute_rows(l, t, r, x, *to);
	return stage("out", t, r, *to, l->count[t]);
}

static int
scale_rows(const struct layout *l, size_t t, struct kept *x)
{
	int64_t last = keeper_last_axis(l, t);
	int64_t rows = last > 0 ? l->count[t] / last : 0;
	void *args[] = {&x->scale, &x->real, &rows, &last};

	return rows == 0 ? 0 : keeper_call(keeper.kernels, "ke_scale_rows",
	    (uint64_t)rows * GPU_THREADS, args);
}

/* Scale terms: the same on absolute inputs. */
static int
scale_terms(size_t layout, size_t slot, size_t t, struct kept *x)
{
	const struct ke_op *op = keeper.epoch->op;
	const struct layout *l = &keeper.epoch->cases[layout];
	gpu_ptr copies[KE_TENSORS_MAX] = {0};
	struct ke_ref r;
	int status = open_ref(layout, slot, &r), code;

	for (size_t i = 0; status == 0 && i < op->n_tensors; i++) {
		int type = (int)epoch_type(keeper.epoch, i);
		int64_t n = l->count[i];
		void *args[] = {&copies[i], &type, &n};

		if (op->tensors[i].role != KE_IN)
			continue;
		status = keeper_allocate(&copies[i], l->bytes[i]);
		code = status != 0 || l->bytes[i] == 0 ? 0
		    : gpu.copy(copies[i], (gpu_ptr)(uintptr_t)r.t[i],
		    l->bytes[i]);
		if (code != 0)
			status = keeper_broken("copying", code);
		if (status == 0 && n > 0)
			status = keeper_call(keeper.kernels, "ke_absolute",
			    (uint64_t)n, args);
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
	const struct layout *l = &keeper.epoch->cases[layout];

	if (keeper_allocate(&x->scale, (uint64_t)l->count[t] * 8) == -1)
		return -1;
	switch (keeper.epoch->op->tensors[t].scale) {
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
int
keeper_expect(size_t layout, size_t slot)
{
	const struct ke_op *op = keeper.epoch->op;
	const struct layout *l = &keeper.epoch->cases[layout];
	struct kept_slot *s = &keeper.slots[layout][slot];
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
		if (status == 0 && !keeper_is_whole(t))
			status = compute_scale(layout, slot, t, &r, &s->t[t]);
	}
	if (status == 0)
		status = keeper_wait("the reference");
	close_ref(&r);
	s->computed = status == 0;
	return status;
}

int
keeper_cross_check(size_t layout, size_t slot)
{
	struct epoch *ep = keeper.epoch;
	const struct layout *l = &ep->cases[layout];
	struct self self = {.epoch = ep, .reference = keeper.host, .layout = l};
	struct ke_ref r = {0};
	int status = 0;

	expected_open(&self, &l->slots[slot], &r);
	for (size_t t = 0; status == 0 && t < ep->op->n_tensors; t++) {
		const struct kept *x = &keeper.slots[layout][slot].t[t];
		size_t n = (size_t)l->count[t];
		double *here, *there, *scale;
		int code;

		if (ep->op->tensors[t].role != KE_OUT || keeper_is_whole(t) ||
		    ep->op->tensors[t].row || n == 0)
			continue;
		here = ke_calloc(n, 8);
		there = ke_calloc(n, 8);
		scale = ke_calloc(n, 8);
		expected_compute(&self, &r, t, here, NULL, NULL);
		code = gpu.from(there, x->real, n * 8);
		if (code == 0)
			code = gpu.from(scale, x->scale, n * 8);
		if (code != 0)
			status = keeper_broken("reading the reference", code);
		for (size_t i = 0; status == 0 && i < n; i++) {
			double s = isfinite(scale[i]) ? scale[i] : 0;

			if ((isnan(here[i]) && isnan(there[i])) ||
			    here[i] == there[i] || fabs(here[i] - there[i]) <=
			    CROSS * (s + fabs(here[i])))
				continue;
			status = verdict_set(keeper.v, KE_INVALID, "reference",
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
