/* Kernels that compute nothing, or a part: none may pass.  Only their outputs
 * are made, and handed to the acceptance rule.
 *
 * A trivial kernel passes with an output where it is accepted in a timed case
 * or in more than half of the check cases.  It has to fail with one output at
 * least, and there has to be an output that none passes with: else one kernel
 * could be put together from several. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admission.h"

enum kind { ZEROS, ONES, MEAN, OTHER, FIRST, COPY, PART };
#define TRIVIAL_MAX (COPY + KE_TENSORS_MAX * (1 + KE_RANK_MAX))
#define PART_MIN 4 /* extent of an axis of which a quarter is left out */

struct trivial {
	enum kind kind;
	size_t input, axis;
	/* per output: cases, those in which it was accepted, a timed one */
	int cases[KE_TENSORS_MAX], accepted[KE_TENSORS_MAX];
	bool timed[KE_TENSORS_MAX];
};

/* Outputs of one case that are to be judged: doubles or integers. */
struct made {
	double *real[KE_TENSORS_MAX];
	int64_t *whole[KE_TENSORS_MAX];
};

static bool
is_whole(const struct admission *a, size_t t)
{
	return ke_dtypes[epoch_type(a->epoch, t)].roundoff == 0;
}

static void
name_trivial(const struct admission *a, const struct trivial *v,
    struct ke_buf *b)
{
	const char *input = a->epoch->op->tensors[v->input].name;

	switch (v->kind) {
	case ZEROS:
		ke_buf_str(b, "zeros");
		break;
	case ONES:
		ke_buf_str(b, "ones");
		break;
	case MEAN:
		ke_buf_str(b, "the output's mean");
		break;
	case OTHER:
		ke_buf_str(b, "the output for other inputs");
		break;
	case FIRST:
		ke_buf_str(b, "the first three quarters of the output");
		break;
	case COPY:
		ke_buf_fmt(b, "a copy of %s", input);
		break;
	case PART:
		ke_buf_fmt(b, "the output without the last quarter of %s "
		    "along axis %zu", input, v->axis);
		break;
	}
}

/* Jagged data needn't reach their bounds, and what is sorted can't be left
 * out. */
static bool
has_parts(const struct ke_op *op, size_t input)
{
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].length != -1)
			return false;
	return op->tensors[input].draw.dist != KE_SORTED_DISTINCT &&
	    op->tensors[input].draw.dist != KE_BORDERS;
}

static size_t
list_trivial(const struct ke_op *op, struct trivial *list)
{
	size_t n = 0;

	for (int k = ZEROS; k < COPY; k++)
		list[n++].kind = (enum kind)k;
	for (size_t t = 0; t < op->n_tensors; t++) {
		if (op->tensors[t].role != KE_IN)
			continue;
		list[n].kind = COPY;
		list[n++].input = t;
		for (size_t axis = 0; has_parts(op, t) &&
		    axis < op->tensors[t].rank; axis++) {
			list[n].kind = PART;
			list[n].input = t;
			list[n++].axis = axis;
		}
	}
	return n;
}

/* The reference on inputs of which a part is 0: every output. */
static void
make_part(const struct admission *a, const struct trivial *v, struct made *m)
{
	const struct layout *l = a->self.layout;
	int64_t extent = l->shape[v->input][v->axis], inner = 1;
	enum ke_dtype type = epoch_type(a->epoch, v->input);
	struct copied c;

	for (size_t i = v->axis + 1;
	    i < a->epoch->op->tensors[v->input].rank; i++)
		inner *= l->shape[v->input][i];
	expected_copy(&a->self, &a->self.k->ref, &c);
	for (int64_t i = 0; i < l->count[v->input]; i++)
		if (i / inner % extent >= extent - extent / 4)
			draw_write(type, c.in[v->input], i, 0);
	for (size_t t = 0; t < a->epoch->op->n_tensors; t++)
		if (admission_out(a, t))
			expected_compute(&a->self, &c.ref, t, m->real[t],
			    m->whole[t], NULL);
	expected_copy_free(&a->self, &c);
}

static double
mean(const struct expected *x, int64_t n)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += x->whole != NULL ? (double)x->whole[i] : x->real[i];
	return n > 0 ? sum / (double)n : 0;
}

static void
fill(struct made *m, size_t t, int64_t from, int64_t n, double v)
{
	for (int64_t i = from; i < n; i++)
		if (m->whole[t] != NULL)
			m->whole[t][i] = (int64_t)nearbyint(v);
		else
			m->real[t][i] = v;
}

static void
take(struct made *m, size_t t, const struct expected *x, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (m->whole[t] != NULL)
			m->whole[t][i] = x->whole[i];
		else
			m->real[t][i] = x->real[i];
}

/* What a kernel that copies it makes of it: an infinity is no integer. */
static int64_t
integer_of(double v)
{
	return fabs(v) < 0x1p63 ? (int64_t)v : INT64_MIN;
}

static void
make_copy(const struct admission *a, size_t input, size_t t, struct made *m)
{
	enum ke_dtype type = epoch_type(a->epoch, input);
	int64_t n = a->self.layout->count[input];
	const void *x = a->self.k->ref.t[input];

	for (int64_t i = 0; n > 0 && i < a->self.layout->count[t]; i++)
		if (m->whole[t] != NULL)
			m->whole[t][i] = type == KE_I64
			    ? ((const int64_t *)x)[i % n]
			    : integer_of(draw_read(type, x, i % n));
		else
			m->real[t][i] = draw_read(type, x, i % n);
}

/* Output t of the trivial kernel; other: what slot of other inputs gives. */
static void
make(const struct admission *a, const struct trivial *v,
    const struct known *other, size_t t, struct made *m)
{
	int64_t n = a->self.layout->count[t];
	const struct expected *x = &a->self.k->out[t];

	switch (v->kind) {
	case ZEROS:
		fill(m, t, 0, n, 0);
		break;
	case ONES:
		fill(m, t, 0, n, 1);
		break;
	case MEAN:
		fill(m, t, 0, n, mean(x, n));
		break;
	case OTHER:
		take(m, t, &other->out[t], n);
		break;
	case FIRST:
		take(m, t, x, n);
		fill(m, t, n * 3 / 4, n, 0);
		break;
	case COPY:
		make_copy(a, v->input, t, m);
		break;
	case PART:
		break;
	}
}

/* As the verifier does, in the output's own type. */
static bool
is_accepted(const struct admission *a, size_t t, const struct made *m)
{
	enum ke_dtype type = epoch_type(a->epoch, t);
	int64_t n = a->self.layout->count[t];
	void *y = ke_calloc(1, a->self.layout->bytes[t] + 1);
	struct compared c;
	bool is;

	for (int64_t i = 0; i < n; i++)
		if (type == KE_I64)
			((int64_t *)y)[i] = m->whole[t][i];
		else
			draw_write(type, y, i, m->whole[t] != NULL
			    ? (double)m->whole[t][i] : m->real[t][i]);
	is = judge_compare(&a->self, t, y, 1, &c) == ACCEPT;
	free(y);
	return is;
}

static bool
applies(const struct admission *a, const struct trivial *v)
{
	const struct layout *l = a->self.layout;

	if (v->kind == OTHER)
		return !l->timed;
	return v->kind != PART || (!l->timed &&
	    l->shape[v->input][v->axis] >= PART_MIN);
}

static void
try_one(const struct admission *a, struct trivial *v,
    const struct known *other, struct made *m)
{
	if (!applies(a, v))
		return;
	if (v->kind == PART)
		make_part(a, v, m);
	for (size_t t = 0; t < a->epoch->op->n_tensors; t++) {
		if (!admission_out(a, t) ||
		    a->self.layout->count[t] < ADMISSION_ELEMENTS)
			continue;
		make(a, v, other, t, m);
		v->cases[t]++;
		if (!is_accepted(a, t, m))
			continue;
		v->accepted[t]++;
		v->timed[t] = v->timed[t] || a->self.layout->timed;
	}
}

static void
try_case(struct admission *a, size_t layout, struct trivial *list, size_t n)
{
	const struct known *other = NULL;
	struct made m = {0};

	if (!a->epoch->cases[layout].timed) {
		admission_at(a, layout, (size_t)admission_declared(
		    &a->epoch->cases[layout], 1));
		other = a->self.k;
	}
	admission_at(a, layout, 0);
	for (size_t t = 0; t < a->epoch->op->n_tensors; t++) {
		size_t count = (size_t)a->self.layout->count[t];

		if (admission_out(a, t) && is_whole(a, t))
			m.whole[t] = ke_calloc(count, sizeof(*m.whole[t]));
		else if (admission_out(a, t))
			m.real[t] = ke_calloc(count, sizeof(*m.real[t]));
	}
	for (size_t i = 0; i < n; i++)
		try_one(a, &list[i], other, &m);
	for (size_t t = 0; t < KE_TENSORS_MAX; t++) {
		free(m.whole[t]);
		free(m.real[t]);
	}
}

static bool
passes(const struct trivial *v, size_t t)
{
	return v->timed[t] || 2 * v->accepted[t] > v->cases[t];
}

/* With every output? */
static bool
passes_all(const struct admission *a, const struct trivial *v)
{
	for (size_t t = 0; t < a->epoch->op->n_tensors; t++)
		if (admission_out(a, t) && !passes(v, t))
			return false;
	return true;
}

/* The first that passes with the output, or NULL. */
static const struct trivial *
first_passing(const struct trivial *list, size_t n, size_t t)
{
	for (size_t i = 0; i < n; i++)
		if (passes(&list[i], t))
			return &list[i];
	return NULL;
}

/* One kernel from several: "y: zeros; z: a copy of x".  False where an output
 * is safe from all of them. */
static bool
put_together(const struct admission *a, const struct trivial *list, size_t n,
    struct ke_buf *b)
{
	for (size_t t = 0; t < a->epoch->op->n_tensors; t++) {
		const struct trivial *v = first_passing(list, n, t);

		if (!admission_out(a, t))
			continue;
		if (v == NULL)
			return false;
		ke_buf_fmt(b, "%s%s: ", b->n > 0 ? "; " : "",
		    a->epoch->op->tensors[t].name);
		name_trivial(a, v, b);
	}
	return true;
}

void
admit_trivial(struct admission *a)
{
	struct trivial *list = ke_calloc(TRIVIAL_MAX, sizeof(*list));
	size_t n = list_trivial(a->epoch->op, list);
	struct ke_buf b = {0};
	bool all_fail = true;

	for (size_t l = 0; l < a->epoch->n_cases; l++)
		try_case(a, l, list, n);
	for (size_t i = 0; i < n; i++) {
		if (!passes_all(a, &list[i]))
			continue;
		all_fail = false;
		b.n = 0;
		name_trivial(a, &list[i], &b);
		admission_found(a, "trivial", false, "%s passes", b.s);
	}
	b.n = 0;
	if (all_fail && put_together(a, list, n, &b)) {
		all_fail = false;
		admission_found(a, "trivial", false,
		    "put together, these pass: %s", b.s);
	}
	if (all_fail)
		admission_found(a, "trivial", true, "%zu kernels that compute "
		    "nothing or a part fail", n);
	ke_buf_free(&b);
	free(list);
}
