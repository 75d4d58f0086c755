/* What must come out: the verifier's memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expected.h"

int64_t
expected_last_axis(const struct self *s, size_t t)
{
	size_t rank = s->epoch->op->tensors[t].rank;

	return s->layout->shape[t][rank - 1];
}

static bool
is_whole(const struct self *s, size_t t)
{
	return ke_dtypes[epoch_type(s->epoch, t)].roundoff == 0;
}

/* The tensors as ref.c sees them.  Lets have room to be computed. */
void
expected_open(const struct self *s, const struct slot *slot, struct ke_ref *r)
{
	const struct ke_op *op = s->epoch->op;

	for (size_t t = 0; t < op->n_tensors; t++) {
		memcpy(r->s[t], s->layout->shape[t], sizeof(r->s[t]));
		if (op->tensors[t].role == KE_IN)
			r->t[t] = file_at(&s->epoch->inputs, &slot->in[t]);
		if (op->tensors[t].role == KE_LET) {
			r->let[t] = ke_calloc((size_t)s->layout->count[t],
			    sizeof(double));
			r->have[t] = ke_calloc((size_t)s->layout->count[t], 1);
		}
	}
	for (size_t i = 0; i < op->n_dims + op->n_derived; i++)
		r->d[i] = s->layout->scope.names[i].value;
}

void
expected_close(const struct self *s, struct ke_ref *r)
{
	for (size_t t = 0; t < s->epoch->op->n_tensors; t++) {
		free(r->let[t]);
		free(r->have[t]);
	}
}

void
expected_copy(const struct self *s, const struct ke_ref *r, struct copied *c)
{
	const struct ke_op *op = s->epoch->op;

	*c = (struct copied){.in = {NULL}};
	memcpy(c->ref.s, r->s, sizeof(r->s));
	memcpy(c->ref.d, r->d, sizeof(r->d));
	for (size_t i = 0; i < op->n_tensors; i++) {
		size_t n = (size_t)s->layout->count[i];

		if (op->tensors[i].role == KE_LET) {
			c->ref.let[i] = ke_calloc(n, sizeof(double));
			c->ref.have[i] = ke_calloc(n, 1);
		}
		if (op->tensors[i].role != KE_IN)
			continue;
		c->in[i] = ke_calloc(1, s->layout->bytes[i] + 1);
		memcpy(c->in[i], r->t[i], s->layout->bytes[i]);
		c->ref.t[i] = c->in[i];
	}
}

void
expected_copy_free(const struct self *s, struct copied *c)
{
	expected_close(s, &c->ref);
	for (size_t i = 0; i < s->epoch->op->n_tensors; i++)
		free(c->in[i]);
}

/* One row of an output that comes in rows, into to; its length. */
int64_t
expected_row(const struct self *s, struct ke_ref *r, size_t t, int64_t row,
    void *to)
{
	const struct ke_tensor *y = &s->epoch->op->tensors[t];
	int64_t at[KE_RANK_MAX] = {0};

	reference_index(s->layout->shape[t], y->rank - 1, row, at);
	return s->reference.row[t](r, at, to);
}

void
expected_compute(const struct self *s, struct ke_ref *r, size_t t,
    double *real, int64_t *whole, int64_t *length)
{
	const struct ke_tensor *y = &s->epoch->op->tensors[t];
	int64_t n = s->layout->count[t], last = expected_last_axis(s, t);
	int64_t at[KE_RANK_MAX];

	if (y->row) {
		for (int64_t i = 0; last > 0 && i < n / last; i++) {
			int64_t got = expected_row(s, r, t, i, whole != NULL
			    ? (void *)(whole + i * last)
			    : (void *)(real + i * last));

			if (length != NULL)
				length[i] = got < last ? got : last;
		}
		return;
	}
	for (int64_t i = 0; i < n; i++) {
		reference_index(s->layout->shape[t], y->rank, i, at);
		if (whole != NULL)
			whole[i] = s->reference.whole[t](r, at);
		else
			real[i] = s->reference.real[t](r, at);
	}
}

/* Scale row: the larger of the magnitude and the row's root mean square. */
void
expected_scale_rows(double *scale, const double *y, int64_t n, int64_t last)
{
	for (int64_t i = 0; last > 0 && i < n; i += last) {
		double sum = 0, rms;

		for (int64_t k = i; k < i + last; k++)
			sum += isfinite(y[k]) ? y[k] * y[k] : 0;
		rms = sqrt(sum / (double)last);
		for (int64_t k = i; k < i + last; k++)
			scale[k] = fmax(isfinite(y[k]) ? fabs(y[k]) : 0, rms);
	}
}

/* Scale terms: the reference on absolute inputs. */
static void
ref_absolute(const struct self *s, const struct ke_ref *r, size_t t,
    double *scale)
{
	struct copied a;

	expected_copy(s, r, &a);
	for (size_t i = 0; i < s->epoch->op->n_tensors; i++)
		if (a.in[i] != NULL)
			draw_absolute(epoch_type(s->epoch, i), a.in[i],
			    s->layout->count[i]);
	expected_compute(s, &a.ref, t, scale, NULL, NULL);
	expected_copy_free(s, &a);
}

/* Scale own: ref.c's word on each element. */
static void
ref_scale(const struct self *s, struct ke_ref *r, size_t t, double *scale)
{
	int64_t at[KE_RANK_MAX];

	for (int64_t i = 0; i < s->layout->count[t]; i++) {
		reference_index(s->layout->shape[t],
		    s->epoch->op->tensors[t].rank, i, at);
		scale[i] = s->reference.scale[t](r, at);
	}
}

static void
expected_alloc(const struct self *s, size_t t)
{
	struct expected *x = &s->k->out[t];
	size_t n = (size_t)s->layout->count[t];
	int64_t last = expected_last_axis(s, t);

	if (x->whole != NULL || x->real != NULL)
		return;
	if (is_whole(s, t)) {
		x->whole = ke_calloc(n, sizeof(*x->whole));
	} else {
		x->real = ke_calloc(n, sizeof(*x->real));
		x->scale = ke_calloc(n, sizeof(*x->scale));
	}
	if (s->epoch->op->tensors[t].length != -1)
		x->length = ke_calloc(last > 0 ? n / (size_t)last : 0,
		    sizeof(*x->length));
}

/* The reference in full, once. */
void
expected_reference(struct self *s, size_t t)
{
	struct expected *x = &s->k->out[t];

	if (x->have)
		return;
	expected_alloc(s, t);
	expected_compute(s, &s->k->ref, t, x->real, x->whole, x->length);
	if (x->real != NULL &&
	    s->epoch->op->tensors[t].scale == KE_SCALE_TERMS)
		ref_absolute(s, &s->k->ref, t, x->scale);
	else if (x->real != NULL &&
	    s->epoch->op->tensors[t].scale == KE_SCALE_OWN)
		ref_scale(s, &s->k->ref, t, x->scale);
	else if (x->real != NULL)
		expected_scale_rows(x->scale, x->real, s->layout->count[t],
		    expected_last_axis(s, t));
	x->have = true;
}

const void *
expected_output(const struct self *s, size_t t)
{
	const struct file *f = s->ask->base ? &s->epoch->base_outputs
	    : &s->epoch->outputs;

	return file_at(f, &s->ask->out[t]);
}

/* The baseline's outputs become what is expected. */
void
expected_from_base(struct self *s, size_t t)
{
	struct expected *x = &s->k->out[t];
	enum ke_dtype type = epoch_type(s->epoch, t);
	int length = s->epoch->op->tensors[t].length;
	int64_t n = s->layout->count[t], last = expected_last_axis(s, t);
	const void *y = expected_output(s, t);

	expected_alloc(s, t);
	for (int64_t i = 0; i < n; i++)
		if (x->whole != NULL)
			x->whole[i] = type == KE_I64
			    ? ((const int64_t *)y)[i]
			    : (int64_t)draw_read(type, y, i);
		else
			x->real[i] = draw_read(type, y, i);
	for (int64_t i = 0; length != -1 && last > 0 && i < n / last; i++) {
		int64_t got = (int64_t)draw_read(
		    epoch_type(s->epoch, (size_t)length),
		    expected_output(s, (size_t)length), i);

		x->length[i] = got < 0 ? 0 : got < last ? got : last;
	}
	if (x->real != NULL &&
	    s->epoch->op->tensors[t].scale != KE_SCALE_TERMS)
		expected_scale_rows(x->scale, x->real, n, last);
}

void
expected_scale(struct self *s, size_t t)
{
	struct expected *x = &s->k->out[t];
	enum ke_dtype type = epoch_type(s->epoch, t);
	const void *y = expected_output(s, t);

	expected_alloc(s, t);
	for (int64_t i = 0; x->scale != NULL && i < s->layout->count[t]; i++)
		x->scale[i] = fabs(draw_read(type, y, i));
}
