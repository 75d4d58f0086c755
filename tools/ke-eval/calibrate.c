/* What an honest implementation's error is, and what that of the next lower
 * precision.
 *
 * Honest are the baseline and the operator's seeds in its language; where it
 * has none, on a CPU, ref.c computed in float, if the variant accumulates in
 * f32.  That one counts on inputs as declared only: where many terms are equal,
 * as the battery has them, the error of its plain sums grows with their number
 * and not with its root, which is what the rule excuses.  The lower precision is
 * the baseline on inputs rounded to it, which is the least that a kernel in that
 * precision does, and all that tensor cores do in tf32.  Errors are measured at
 * up to ELEMENTS elements of each output, all of a small one, and on a GPU at
 * all. */
#include <err.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accept.h"
#include "calibrate.h"
#include "file.h"
#include "lock.h"
#include "play.h"
#include "random.h"
#include "target.h"

#define ELEMENTS 4096
/* A constant that would be doubtful at the next measurement is none. */
#define STORED_MARGIN (1.2 * KE_MARGIN)
#define HONEST_C 0.5   /* less than which no honest error is taken to be */
#define HONEST_C2 0.125
#define RUN_S 60.0 /* deadline of a segment */

/* Elements of one output of one slot, and what they should be. */
struct truth {
	int64_t n;
	int64_t *element;
	double *ref, *scale;
};

struct work {
	struct epoch *epoch;
	struct self *self;
	struct reference in_float;
	bool has_float;
	struct calibration *result;
	size_t layout;
	struct truth (*truth)[KE_TENSORS_MAX]; /* of the layout's slots */
	double lower_c, lower_c2;              /* in this layout */
};

static bool
is_measured(const struct epoch *e, size_t t)
{
	return e->op->tensors[t].role == KE_OUT && !e->op->tensors[t].row &&
	    ke_dtypes[epoch_type(e, t)].roundoff > 0;
}

static int64_t
pick(const struct work *w, size_t slot, int64_t i, int64_t count)
{
	uint64_t key = random_key(w->epoch->seed, w->layout * SLOTS_MAX + slot);

	return count <= ELEMENTS ? i
	    : (int64_t)(random_word(key, (uint64_t)i) % (uint64_t)count);
}

/* Scale row, from what the baseline gave for the whole tensor. */
static void
scale_by_rows(const struct work *w, size_t t, const void *y, struct truth *x)
{
	int64_t count = w->self->layout->count[t];
	int64_t last = expected_last_axis(w->self, t);
	double *all = ke_calloc((size_t)count, sizeof(*all));
	double *scale = ke_calloc((size_t)count, sizeof(*scale));

	for (int64_t i = 0; i < count; i++)
		all[i] = draw_read(epoch_type(w->epoch, t), y, i);
	expected_scale_rows(scale, all, count, last);
	for (int64_t i = 0; i < x->n; i++)
		x->scale[i] = scale[x->element[i]];
	free(all);
	free(scale);
}

static void
read_elements(const struct work *w, struct ke_ref *r, size_t t,
    const struct truth *x, double *to)
{
	int64_t at[KE_RANK_MAX];

	for (int64_t i = 0; i < x->n; i++) {
		reference_index(w->self->layout->shape[t],
		    w->epoch->op->tensors[t].rank, x->element[i], at);
		to[i] = w->self->reference.real[t](r, at);
	}
}

static void
scale_by_terms(const struct work *w, const struct ke_ref *r, size_t t,
    struct truth *x)
{
	struct copied a;

	expected_copy(w->self, r, &a);
	for (size_t i = 0; i < w->epoch->op->n_tensors; i++)
		if (a.in[i] != NULL)
			draw_absolute(epoch_type(w->epoch, i), a.in[i],
			    w->self->layout->count[i]);
	read_elements(w, &a.ref, t, x, x->scale);
	expected_copy_free(w->self, &a);
}

/* Scale own, as the verifier takes it: for check cases. */
static void
scale_by_reference(const struct work *w, struct ke_ref *r, size_t t,
    struct truth *x)
{
	int64_t at[KE_RANK_MAX];

	for (int64_t i = 0; i < x->n; i++) {
		reference_index(w->self->layout->shape[t],
		    w->epoch->op->tensors[t].rank, x->element[i], at);
		x->scale[i] = w->self->reference.scale[t](r, at);
	}
}

/* What slot k should give; y: what the baseline gave. */
static void
find_truth(struct work *w, size_t k, void *const *y)
{
	const struct ke_op *op = w->epoch->op;
	struct ke_ref r = {0};

	expected_open(w->self, &w->self->layout->slots[k], &r);
	for (size_t t = 0; t < op->n_tensors; t++) {
		struct truth *x = &w->truth[k][t];
		int64_t count = w->self->layout->count[t];

		if (!is_measured(w->epoch, t))
			continue;
		x->n = count < ELEMENTS ? count : ELEMENTS;
		x->element = ke_calloc((size_t)x->n, sizeof(*x->element));
		x->ref = ke_calloc((size_t)x->n, sizeof(*x->ref));
		x->scale = ke_calloc((size_t)x->n, sizeof(*x->scale));
		for (int64_t i = 0; i < x->n; i++)
			x->element[i] = pick(w, k, i, count);
		read_elements(w, &r, t, x, x->ref);
		if (op->tensors[t].scale == KE_SCALE_TERMS)
			scale_by_terms(w, &r, t, x);
		else if (op->tensors[t].scale == KE_SCALE_OWN &&
		    !w->self->layout->timed)
			scale_by_reference(w, &r, t, x);
		else
			scale_by_rows(w, t, y[t], x);
	}
	expected_close(w->self, &r);
}

/* Counts what one output of slot k needs. */
static void
count_needs(struct work *w, size_t t, size_t k, struct accept_needs need,
    const char *who)
{
	const struct slot *slot = &w->self->layout->slots[k];
	struct calibration *r = w->result;

	if (slot->bits > 0) {
		w->lower_c = fmax(w->lower_c, need.c);
		w->lower_c2 = fmax(w->lower_c2, need.c2);
		return;
	}
	if (need.c > r->c.honest) {
		r->where.n = 0;
		ke_buf_fmt(&r->where, "%s at %s, inputs %s", who,
		    w->epoch->op->tensors[t].name,
		    draw_kind_name(slot->kind));
	}
	r->c.honest = fmax(r->c.honest, need.c);
	r->c2.honest = fmax(r->c2.honest, need.c2);
}

/* The slot whose reference counts for slot k: of one that was rounded, that
 * from which it was. */
static size_t
truth_of(const struct work *w, size_t k)
{
	const struct slot *slot = &w->self->layout->slots[k];

	return slot->bits > 0 ? slot->part : k;
}

/* The same for elements that are here. */
static void
count_error(struct work *w, size_t t, size_t k, const double *got,
    const char *who)
{
	const struct truth *x = &w->truth[truth_of(w, k)][t];

	count_needs(w, t, k, accept_needs(&w->epoch->tolerance,
	    epoch_type(w->epoch, t), w->self->layout->reduction[t],
	    w->self->layout->slots[k].kind, got, x->ref, x->scale, x->n), who);
}

static void
count_outputs(struct work *w, size_t k, void *const *y, const char *who)
{
	for (size_t t = 0; t < w->epoch->op->n_tensors; t++) {
		const struct truth *x = &w->truth[truth_of(w, k)][t];
		double *got;

		if (!is_measured(w->epoch, t))
			continue;
		got = ke_calloc((size_t)x->n, sizeof(*got));
		for (int64_t i = 0; i < x->n; i++)
			got[i] = draw_read(epoch_type(w->epoch, t), y[t],
			    x->element[i]);
		count_error(w, t, k, got, who);
		free(got);
	}
}

/* ref.c computed in float, its outputs rounded to their type. */
static void
count_in_float(struct work *w, size_t k)
{
	struct reference in_double = w->self->reference;
	struct ke_ref r = {0};

	w->self->reference = w->in_float;
	expected_open(w->self, &w->self->layout->slots[k], &r);
	for (size_t t = 0; t < w->epoch->op->n_tensors; t++) {
		const struct truth *x = &w->truth[k][t];
		double *got;

		if (!is_measured(w->epoch, t))
			continue;
		got = ke_calloc((size_t)x->n, sizeof(*got));
		read_elements(w, &r, t, x, got);
		count_error(w, t, k, got, "ref.c in f32");
		free(got);
	}
	expected_close(w->self, &r);
	w->self->reference = in_double;
}

/* Where the outputs lie on a device: its keeper says what they need. */
static int
count_there(struct work *w, const struct play *p, size_t k, const char *who,
    struct verdict *v)
{
	struct accept_needs need[KE_TENSORS_MAX];

	if (w->epoch->target->needs(p, k, truth_of(w, k), need, v) == -1)
		return -1;
	for (size_t t = 0; t < w->epoch->op->n_tensors; t++)
		if (is_measured(w->epoch, t))
			count_needs(w, t, k, need[t], who);
	return 0;
}

static int
count_here(struct work *w, const struct play *p, size_t k, const char *who,
    struct ke_err *e)
{
	void *y[KE_TENSORS_MAX];

	if (play_outputs(p, k, y, e) == -1)
		return -1;
	if (p->side == &w->epoch->base && w->self->layout->slots[k].bits == 0)
		find_truth(w, k, y);
	count_outputs(w, k, y, who);
	return 0;
}

/* Runs a program on the layout's slots, and looks at what came out. */
static int
run(struct work *w, struct side *side, const struct fitted *f, size_t n,
    const char *who, struct verdict *v, struct ke_err *e)
{
	struct play p = {.epoch = w->epoch, .side = side, .fitted = f,
	    .layout = w->layout, .n_execs = n, .n_slots = n,
	    .deadline_s = RUN_S};
	struct ran ran;

	if (play_run(&p, &ran, v, e) == -1)
		return -1;
	for (size_t k = 0; k < n; k++)
		if ((w->epoch->target->needs == NULL
		    ? count_here(w, &p, k, who, e)
		    : count_there(w, &p, k, who, v)) == -1)
			return -1;
	return 0;
}

struct seeds {
	size_t n;
	struct side *side;
	struct fitted *fitted; /* [seed][layout] */
	char (*name)[64];
};

static int
measure_layout(struct work *w, struct seeds *s, struct verdict *v,
    char what[64], struct ke_err *e)
{
	struct layout *l = &w->epoch->cases[w->layout];
	int status;

	w->self->layout = l;
	w->lower_c = w->lower_c2 = 0;
	snprintf(what, 64, "%s", w->epoch->target->base);
	w->truth = ke_calloc(l->n_slots, sizeof(*w->truth));
	status = run(w, &w->epoch->base, &l->base, l->n_slots,
	    w->epoch->target->base, v, e);
	for (size_t k = 0; status == 0 && w->has_float && k < l->n_slots; k++)
		if (l->slots[k].kind == DRAW_DECLARED &&
		    l->slots[k].bits == 0)
			count_in_float(w, k);
	for (size_t i = 0; status == 0 && i < s->n; i++) {
		const struct fitted *f =
		    &s->fitted[i * w->epoch->n_cases + w->layout];

		snprintf(what, 64, "%s", s->name[i]);
		if (f->variant != -1)
			status = run(w, &s->side[i], f, l->timed ? EPOCH_TIMED
			    : l->n_slots, s->name[i], v, e);
	}
	for (size_t k = 0; k < l->n_slots; k++)
		for (size_t t = 0; t < KE_TENSORS_MAX; t++) {
			free(w->truth[k][t].element);
			free(w->truth[k][t].ref);
			free(w->truth[k][t].scale);
		}
	free(w->truth);
	if (l->timed) {
		w->result->c.lower = fmin(w->result->c.lower, w->lower_c);
		w->result->c2.lower = fmin(w->result->c2.lower, w->lower_c2);
	}
	return status;
}

/* A seed, fitted to all cases, compiled, ready to run. */
static int
open_seed(struct epoch *e, struct seeds *s, const char *path,
    struct verdict *v, char what[64], struct ke_err *err)
{
	struct side *side = &s->side[s->n];
	struct ke_buf text = {0};
	const char *slash = strrchr(path, '/');
	int status = ke_file_read(path, (size_t)1 << 20, &text, err);

	snprintf(what, 64, "%.63s", slash == NULL ? path : slash + 1);
	snprintf(s->name[s->n], sizeof(s->name[0]), "%s", what);
	side->outputs = &e->outputs;
	if (status == 0)
		status = program_open(&side->program, e->target->toolchain,
		    text.s, e->op, NULL, v);
	for (size_t i = 0; status == 0 && i < e->n_cases; i++)
		status = program_fit(&side->program, text.s, e->op, e->dtype,
		    e->cases[i].kase, &s->fitted[s->n * e->n_cases + i], v);
	ke_buf_free(&text);
	if (status == 0)
		status = program_compile(&side->program, e->jobs, v, err);
	if (status == 0 && v->status != KE_PASS)
		status = -1;
	if (status == 0)
		status = e->target->start(e, side, v, err);
	s->n++;
	return status;
}

/* Those in the language of the baseline.  One for other types than this doesn't
 * compile. */
static int
open_seeds(struct epoch *e, struct seeds *s, struct verdict *v, char what[64],
    struct ke_err *err)
{
	struct ke_buf pattern = {0};
	glob_t found;
	int status = 0;

	ke_buf_fmt(&pattern, "%s/seed*.%s", e->op->dir,
	    e->target->toolchain->suffix);
	if (glob(pattern.s, 0, NULL, &found) != 0)
		found.gl_pathc = 0;
	ke_buf_free(&pattern);
	s->side = ke_calloc(found.gl_pathc, sizeof(*s->side));
	s->name = ke_calloc(found.gl_pathc, sizeof(*s->name));
	s->fitted = ke_calloc(found.gl_pathc * e->n_cases,
	    sizeof(*s->fitted));
	for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
		status = open_seed(e, s, found.gl_pathv[i], v, what, err);
		if (status == -1 && v->status == KE_COMPILE_ERROR) {
			program_close(&s->side[--s->n].program);
			warnx("%s: %s: %s is left out: it doesn't compile",
			    e->op->name, ke_dtypes[e->dtype].name, what);
			v->status = KE_PASS;
			status = 0;
		}
	}
	if (found.gl_pathc > 0)
		globfree(&found);
	return status;
}

static void
close_seeds(struct epoch *e, struct seeds *s)
{
	for (size_t i = 0; i < s->n; i++) {
		e->target->stop(e, &s->side[i]);
		program_close(&s->side[i].program);
	}
	free(s->side);
	free(s->name);
	free(s->fitted);
}

static int
open_in_float(struct work *w, struct verdict *v, struct ke_err *e)
{
	const struct epoch *epoch = w->epoch;
	char *so;
	int status;

	if (epoch->tolerance.acc != KE_F32)
		return 0;
	so = reference_compile(epoch->op, epoch->dtype, IN_FLOAT, v, e);
	if (so == NULL)
		return -1;
	status = reference_load(&w->in_float, so, epoch->op, epoch->dtype, e);
	free(so);
	w->has_float = true;
	return status;
}

static void
name_honest(struct work *w, const struct seeds *s)
{
	struct ke_buf *b = &w->result->honest;

	ke_buf_str(b, w->epoch->target->base);
	for (size_t i = 0; i < s->n; i++)
		ke_buf_fmt(b, ", %s", s->name[i]);
	if (w->has_float)
		ke_buf_str(b, ", ref.c in f32");
}

int
calibrate(struct epoch *epoch, struct self *self, struct calibration *r,
    struct verdict *v, char what[64], struct ke_err *e)
{
	struct work w = {.epoch = epoch, .self = self, .result = r};
	struct seeds seeds = {0};
	int lock, status;

	*r = (struct calibration){.c.lower = INFINITY,
	    .c2.lower = INFINITY};
	for (size_t t = 0; t < epoch->op->n_tensors; t++)
		r->floating = r->floating || is_measured(epoch, t);
	if (!r->floating)
		return 0;
	status = open_seeds(epoch, &seeds, v, what, e);
	if (status == 0 && seeds.n == 0 && epoch->target->needs == NULL) {
		snprintf(what, 64, "ref.c in f32");
		status = open_in_float(&w, v, e);
	}
	lock = status == 0 ? epoch->target->lock(epoch->target, false, e) : -1;
	if (status == 0 && lock == -1)
		status = -1;
	for (; status == 0 && w.layout < epoch->n_cases; w.layout++)
		status = measure_layout(&w, &seeds, v, what, e);
	ke_unlock(lock);
	/* what was exact here rounds once more elsewhere */
	r->c.honest = fmax(r->c.honest, HONEST_C);
	r->c2.honest = fmax(r->c2.honest, HONEST_C2);
	name_honest(&w, &seeds);
	close_seeds(epoch, &seeds);
	return status;
}

void
calibration_free(struct calibration *r)
{
	ke_buf_free(&r->honest);
	ke_buf_free(&r->where);
}

double
calibration_between(const struct ke_needs *n, double loosest)
{
	double tol = fmin(sqrt(n->honest * n->lower), loosest);

	return tol >= STORED_MARGIN * n->honest &&
	    n->lower >= STORED_MARGIN * tol ? tol
	    : fmax(loosest, STORED_MARGIN * n->honest);
}
