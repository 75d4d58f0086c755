/* Does every input move the outputs, and every dim?  What doesn't, a kernel
 * needn't read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "random.h"

#define PROBES 16
#define REDRAWN 0x70726f62 /* part of the seed: elements drawn anew */

/* Did the output move beyond what rounding excuses on both sides? */
static bool
moved(const struct admission *a, struct ke_ref *altered, size_t t)
{
	const struct expected *x = &a->self.k->out[t];
	int64_t n = a->self.layout->count[t];
	int64_t last = expected_last_axis(&a->self, t);
	int64_t rows = last > 0 ? n / last : 0;
	struct rule r = accept_rule(&a->epoch->tolerance,
	    epoch_type(a->epoch, t), a->self.layout->reduction[t], a->self.kind,
	    2);
	double *real = ke_calloc((size_t)n, sizeof(*real));
	int64_t *whole = ke_calloc((size_t)n, sizeof(*whole));
	int64_t *length = x->length == NULL ? NULL
	    : ke_calloc((size_t)rows, sizeof(*length));
	bool is = false;

	expected_compute(&a->self, altered, t, x->whole != NULL ? NULL : real,
	    x->whole != NULL ? whole : NULL, length);
	for (int64_t i = 0; length != NULL && i < rows; i++)
		is = is || length[i] != x->length[i];
	for (int64_t i = 0; i < n && !is; i++)
		is = x->whole != NULL ? whole[i] != x->whole[i]
		    : !(fabs(real[i] - x->real[i]) <= r.u * fabs(x->real[i]) +
		    r.scale * x->scale[i]);
	free(real);
	free(whole);
	free(length);
	return is;
}

static bool
any_moved(const struct admission *a, struct ke_ref *altered)
{
	for (size_t t = 0; t < a->epoch->op->n_tensors; t++)
		if (admission_out(a, t) && moved(a, altered, t))
			return true;
	return false;
}

/* Input t drawn anew, as declared.  The caller frees; NULL where it can't. */
static void *
draw_anew(const struct admission *a, size_t t)
{
	const struct layout *l = a->self.layout;
	struct epoch *e = a->epoch;
	void *drawn[KE_TENSORS_MAX] = {0};
	void *to = ke_calloc(1, l->bytes[t] + 1);
	struct ke_err why;

	for (size_t i = 0; i < t; i++)
		if (e->op->tensors[i].role == KE_IN)
			drawn[i] = file_at(&e->inputs, &l->slots[0].in[i]);
	if (draw_tensor(e->op, t, epoch_type(e, t), DRAW_DECLARED, &l->scope,
	    random_key(e->seed, REDRAWN), to, l->count[t],
	    l->shape[t][e->op->tensors[t].rank - 1], drawn, l->count,
	    &why) == 0)
		return to;
	free(to);
	return NULL;
}

/* How many of the elements that were tried move an output when they are drawn
 * anew, one at a time. */
static int
count_moving(const struct admission *a, size_t t, int *tried)
{
	size_t size = ke_dtypes[epoch_type(a->epoch, t)].bytes;
	int64_t n = a->self.layout->count[t];
	char *anew = draw_anew(a, t);
	int moving = 0;

	for (uint64_t p = 0; anew != NULL && n > 0 && p < PROBES; p++) {
		size_t at = (size_t)(random_word(a->epoch->seed, p) %
		    (uint64_t)n) * size;
		struct copied c;

		expected_copy(&a->self, &a->self.k->ref, &c);
		if (memcmp((char *)c.in[t] + at, anew + at, size) != 0) {
			memcpy((char *)c.in[t] + at, anew + at, size);
			(*tried)++;
			moving += any_moved(a, &c.ref);
		}
		expected_copy_free(&a->self, &c);
	}
	free(anew);
	return moving;
}

static void
test_input(struct admission *a, size_t t)
{
	const char *name = a->epoch->op->tensors[t].name;
	int tried = 0, moving = 0;

	for (size_t l = 0; l < a->epoch->n_cases; l++) {
		if (a->epoch->cases[l].timed)
			continue;
		admission_at(a, l, 0);
		moving += count_moving(a, t, &tried);
	}
	admission_found(a, "influence", moving > 0, "%s: %d of %d elements, "
	    "each drawn anew by itself, move an output", name, moving, tried);
}

/* What a dim may be: 0 where a case says so, which makes it a switch. */
static int64_t
least_value(const struct ke_op *op, size_t dim)
{
	for (size_t i = 0; i < op->n_cases; i++)
		if (op->cases[i].dims[dim] == 0)
			return 0;
	return 1;
}

/* Is a tensor's shape another in the case with one less of the dim, or are
 * outputs, on the same inputs?  Less, so that ref.c stays within them. */
static bool
dim_matters(struct admission *a, size_t layout, size_t dim)
{
	const struct ke_op *op = a->epoch->op;
	struct layout *l = &a->epoch->cases[layout];
	struct ke_case less = *l->kase;
	struct ke_scope scope = {0};
	struct ke_err why;
	struct copied c;
	bool matters;

	if (--less.dims[dim] < least_value(op, dim) ||
	    ke_op_scope(op, &less, &scope, &why) == -1)
		return false;
	for (size_t t = 0; t < op->n_tensors; t++) {
		int64_t shape[KE_RANK_MAX] = {0}, count;

		if (ke_op_shape(&op->tensors[t], &scope, shape, &count,
		    &why) == 0 && memcmp(shape, l->shape[t],
		    op->tensors[t].rank * sizeof(*shape)) != 0)
			return true;
	}
	admission_at(a, layout, 0);
	expected_copy(&a->self, &a->self.k->ref, &c);
	for (size_t i = 0; i < op->n_dims + op->n_derived; i++)
		c.ref.d[i] = scope.names[i].value;
	matters = any_moved(a, &c.ref);
	expected_copy_free(&a->self, &c);
	return matters;
}

static void
test_dim(struct admission *a, size_t dim)
{
	bool matters = false;

	for (size_t l = 0; l < a->epoch->n_cases && !matters; l++)
		matters = !a->epoch->cases[l].timed && dim_matters(a, l, dim);
	admission_found(a, "dims", matters, "%s: one less %s a shape or an "
	    "output", a->epoch->op->dims[dim].name, matters ? "changes"
	    : "does not change");
}

void
admit_influence(struct admission *a)
{
	const struct ke_op *op = a->epoch->op;

	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role == KE_IN)
			test_input(a, t);
	for (size_t i = 0; i < op->n_dims; i++)
		test_dim(a, i);
}
