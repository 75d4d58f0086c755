/* An epoch: secret inputs, and who knows what must come out. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "defence.h"
#include "epoch.h"
#include "file.h"
#include "lock.h"
#include "play.h"
#include "random.h"
#include "reference.h"
#include "spawn.h"
#include "target.h"
#include "verifier.h"

#define OUTPUTS_MAX ((size_t)16 << 30) /* of address space; used as touched */
#define DECLARED 3        /* drawings as declared of a check case, in full */
#define KIND_CASES 2      /* check cases that meet a kind in quick effort */
#define BASE_S 60.0       /* deadline of the baseline, per segment */

enum ke_dtype
epoch_type(const struct epoch *e, size_t t)
{
	return ke_tensor_dtype(&e->op->tensors[t], e->dtype);
}

int
epoch_lose(struct epoch *e, struct verdict *v, const char *fmt, ...)
{
	char why[sizeof(v->detail)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (e->down.status == KE_PASS)
		verdict_set(&e->down, KE_LOST, "device", "%s", why);
	*v = e->down;
	return -1;
}

static int
layout_sizes(struct epoch *e, struct layout *l, struct ke_err *err)
{
	const struct ke_op *op = e->op;
	int64_t v;

	if (ke_op_scope(op, l->kase, &l->scope, err) == -1)
		return -1;
	for (size_t t = 0; t < op->n_tensors; t++) {
		const struct ke_tensor *x = &op->tensors[t];

		if (ke_op_shape(x, &l->scope, l->shape[t], &l->count[t],
		    err) == -1 || ke_expr(x->reduction, &l->scope, &v,
		    err) == -1)
			return -1;
		l->reduction[t] = v > 1 ? (double)v : 1;
		l->bytes[t] = (uint64_t)l->count[t] *
		    ke_dtypes[epoch_type(e, t)].bytes;
		if (x->role != KE_LET)
			l->traffic += (double)l->bytes[t];
	}
	if (op->flops != NULL) {
		if (ke_expr(op->flops, &l->scope, &v, err) == -1)
			return -1;
		l->flops = (double)v;
	}
	if (op->bytes != NULL) {
		if (ke_expr(op->bytes, &l->scope, &v, err) == -1)
			return -1;
		l->traffic = (double)v;
	}
	return 0;
}

static uint64_t
input_bytes(const struct epoch *e, const struct layout *l)
{
	uint64_t n = 0;

	for (size_t t = 0; t < e->op->n_tensors; t++)
		if (e->op->tensors[t].role == KE_IN)
			n += (l->bytes[t] + 8191) / 4096 * 4096;
	return n;
}

static bool
needs_absolute(const struct epoch *e)
{
	for (size_t t = 0; t < e->op->n_tensors; t++)
		if (e->op->tensors[t].role == KE_OUT &&
		    e->op->tensors[t].scale == KE_SCALE_TERMS &&
		    ke_dtypes[epoch_type(e, t)].roundoff > 0)
			return true;
	return false;
}

/* Bits of significand of the next lower precision: tf32 and f16 below f32, bf16
 * below f16, e4m3 below bf16. */
static int
lower_bits(enum ke_dtype type)
{
	return type == KE_F64 ? 24 : type == KE_F32 ? 11 : type == KE_F16 ? 8
	    : 4;
}

static size_t
count_checks(const struct ke_op *op)
{
	size_t n = 0;

	for (size_t i = 0; i < op->n_cases; i++)
		n += strcmp(op->cases[i].set, "check") == 0;
	return n;
}

/* How many distinct inputs: for timed cases as the target says; for check
 * cases one per kind, and more as declared; in quick effort so many that
 * about KIND_CASES of the check cases meet each kind. */
static size_t
count_slots(const struct epoch *e, const struct layout *l)
{
	size_t n;

	if (e->admits)
		return l->timed ? 2 * EPOCH_TIMED
		    : draw_kinds(e->op) + EPOCH_SEEDS - 1;
	if (l->timed)
		return e->target->slots(e, l);
	if (e->full)
		return draw_kinds(e->op) + DECLARED - 1;
	n = KIND_CASES * (draw_kinds(e->op) - 1) / count_checks(e->op);
	return 1 + (n > 1 ? n : 1);
}

/* In quick effort those behind the first rotate, equally far from each other;
 * else all come, the declared one again where there are more slots than
 * kinds. */
static enum draw_kind
slot_kind(const struct epoch *e, const struct layout *l, size_t index,
    size_t i)
{
	size_t kinds = draw_kinds(e->op);

	if (l->timed || i == 0 || !defended(battery))
		return DRAW_DECLARED;
	if (e->full || e->admits)
		return i < kinds ? (enum draw_kind)i : DRAW_DECLARED;
	i = (i - 1) * (kinds - 1) / (l->n_slots - 1);
	return (enum draw_kind)(1 + (e->seed + index + i) % (kinds - 1));
}

static void
layout_slots(struct epoch *e, struct layout *l, size_t index)
{
	l->n_slots = count_slots(e, l);
	l->slots = ke_calloc(l->n_slots, sizeof(*l->slots));
	for (size_t i = 0; i < l->n_slots; i++) {
		struct slot *s = &l->slots[i];
		bool lower = e->admits && l->timed && i >= EPOCH_TIMED;

		s->flip = !l->timed && i % 2 == 1;
		s->kind = slot_kind(e, l, index, i);
		s->part = lower ? i - EPOCH_TIMED : i;
		s->bits = lower ? lower_bits(e->dtype) : 0;
	}
}

static int
draw_slot(struct epoch *e, struct layout *l, size_t index, size_t at,
    bool absolute, struct ke_err *err)
{
	struct slot *s = &l->slots[at];
	void *drawn[KE_TENSORS_MAX] = {0};
	uint64_t key = random_key(random_key(e->seed, index), s->part);

	for (size_t t = 0; t < e->op->n_tensors; t++) {
		struct wire_region *r = &s->in[t];
		size_t rank = e->op->tensors[t].rank;

		if (e->op->tensors[t].role != KE_IN)
			continue;
		if (file_place(&e->inputs, l->bytes[t], false, s->flip, r,
		    err) == -1)
			return -1;
		drawn[t] = file_at(&e->inputs, r);
		if (draw_tensor(e->op, t, epoch_type(e, t), s->kind, &l->scope,
		    key, drawn[t], l->count[t], l->shape[t][rank - 1], drawn,
		    l->count, err) == -1)
			return -1;
		if (s->bits > 0)
			draw_round(epoch_type(e, t), drawn[t], l->count[t],
			    s->bits);
	}
	for (size_t t = 0; absolute && t < e->op->n_tensors; t++) {
		if (e->op->tensors[t].role != KE_IN)
			continue;
		if (file_place(&e->inputs, l->bytes[t], false, s->flip,
		    &s->absolute[t], err) == -1)
			return -1;
		memcpy(file_at(&e->inputs, &s->absolute[t]), drawn[t],
		    l->bytes[t]);
		draw_absolute(epoch_type(e, t), file_at(&e->inputs,
		    &s->absolute[t]), l->count[t]);
	}
	return 0;
}

static int
draw_all(struct epoch *e, struct ke_err *err)
{
	bool absolute = needs_absolute(e);
	uint64_t bytes = 0;

	for (size_t i = 0; i < e->n_cases; i++)
		bytes += e->cases[i].n_slots *
		    input_bytes(e, &e->cases[i]) * (absolute ? 2 : 1);
	if (file_open(&e->inputs, bytes + 4096, err) == -1)
		return -1;
	/* what lies beside a tensor is junk, a NaN to who reads it */
	e->inputs.used = e->inputs.bytes;
	file_poison(&e->inputs, e->seed | 1);
	e->inputs.used = 0;
	for (size_t i = 0; i < e->n_cases; i++)
		for (size_t k = 0; k < e->cases[i].n_slots; k++)
			if (draw_slot(e, &e->cases[i], i, k, absolute &&
			    e->cases[i].timed && !e->admits, err) == -1)
				return -1;
	e->inputs_ro = file_seal(&e->inputs, err);
	return e->inputs_ro == -1 ? -1 : 0;
}

static int
find_cases(struct epoch *e, struct ke_err *err)
{
	size_t timed = 0;

	e->cases = ke_calloc(e->op->n_cases, sizeof(*e->cases));
	for (size_t i = 0; i < e->op->n_cases; i++) {
		const struct ke_case *c = &e->op->cases[i];
		struct layout *l = &e->cases[e->n_cases];

		l->kase = c;
		l->timed = strcmp(c->set, e->set) == 0;
		if (!l->timed &&
		    (strcmp(c->set, "check") != 0 || !defended(shapes)))
			continue;
		if (layout_sizes(e, l, err) == -1)
			return -1;
		layout_slots(e, l, e->n_cases++);
		timed += l->timed;
	}
	return timed > 0 ? 0 : ke_fail(err, "%s: no cases in set %s",
	    e->op->name, e->set);
}

static int
read_base(struct epoch *e, struct ke_err *err)
{
	struct ke_buf path = {0}, text = {0};
	int status;

	ke_buf_fmt(&path, "%s/%s", e->op->dir, e->target->base);
	status = ke_file_read(path.s, (size_t)1 << 20, &text, err);
	ke_buf_free(&path);
	e->base_source = text.s;
	return status;
}

/* Parses, fits and compiles the baseline for every case. */
static int
make_base(struct epoch *e, struct verdict *v, struct ke_err *err)
{
	struct program *p = &e->base.program;

	if (program_open(p, e->target->toolchain, e->base_source, e->op, NULL,
	    v) == -1)
		return -1;
	for (size_t i = 0; i < e->n_cases; i++) {
		struct layout *l = &e->cases[i];

		if (program_fit(p, e->base_source, e->op, e->dtype, l->kase,
		    &l->base, v) == -1)
			return -1;
		if (l->base.variant == -1)
			return verdict_set(v, KE_PLAN_ERROR, "domain",
			    "a baseline has no domain");
	}
	if (program_compile(p, e->jobs, v, err) == -1 || v->status != KE_PASS)
		return -1;
	return e->target->start(e, &e->base, v, err);
}

static int
ask_base(struct epoch *e, size_t layout, bool absolute,
    enum question question, struct verdict *v, struct ke_err *err)
{
	struct layout *l = &e->cases[layout];
	struct answer worst = {0};
	struct ran ran;
	struct play p = {.epoch = e, .side = &e->base, .fitted = &l->base,
	    .layout = layout, .n_execs = l->n_slots, .n_slots = l->n_slots,
	    .absolute = absolute, .deadline_s = BASE_S};

	if (play_run(&p, &ran, v, err) == -1)
		return -1;
	if (play_verify(&p, question, BASE_NUMBER, &worst, err) == -1) {
		*v = worst.verdict;
		return -1;
	}
	l->pilot_s = ran.seconds / (double)p.n_execs;
	l->base_s = l->pilot_s;
	return 0;
}

static int
run_base(struct epoch *e, struct verdict *v, struct ke_err *err)
{
	bool absolute = needs_absolute(e);
	int lock = e->target->lock(e->target, !e->untimed, err),
	    status = lock == -1 ? -1 : 0;

	for (size_t i = 0; status == 0 && i < e->n_cases; i++) {
		bool timed = e->cases[i].timed;

		if (timed && absolute)
			status = ask_base(e, i, true, ASK_SCALE, v, err);
		if (status == 0)
			status = ask_base(e, i, false,
			    timed ? ASK_BASE : ASK_CHECK, v, err);
	}
	ke_unlock(lock);
	return status;
}

static int
open_inputs(struct epoch *e, const char *dtype, bool *is_op,
    struct ke_err *err)
{
	if (getrandom(&e->seed, sizeof(e->seed), 0) !=
	    (ssize_t)sizeof(e->seed))
		return ke_fail(err, "getrandom");
	if (!defended(seed))
		e->seed = 1;
	e->dtype = ke_dtype_find(dtype);
	*is_op = ke_op_tolerance(e->op, dtype, &e->tolerance, err) == -1 ||
	    find_cases(e, err) == -1 || read_base(e, err) == -1;
	if (*is_op || draw_all(e, err) == -1 ||
	    file_open(&e->base_outputs, OUTPUTS_MAX, err) == -1 ||
	    file_open(&e->outputs, OUTPUTS_MAX, err) == -1)
		return -1;
	return 0;
}

static int
open_sides(struct epoch *e, struct verdict *v, struct ke_err *err)
{
	/* on a GPU nothing runs without a keeper */
	if ((!e->admits || e->target->vendor != NULL) &&
	    e->target->open(e, v, err) == -1)
		return -1;
	e->opened = true;
	if (make_base(e, v, err) == -1)
		return -1;
	return e->admits ? 0 : run_base(e, v, err);
}

static struct epoch *
open_model(const struct epoch *model, const char *dtype, bool *is_op,
    struct ke_err *err)
{
	struct epoch *e = ke_calloc(1, sizeof(*e));
	struct verdict v = {.status = KE_PASS};
	int status;

	*e = *model;
	e->inputs_ro = -1;
	e->down.status = KE_PASS;
	e->base.outputs = &e->base_outputs;
	status = open_inputs(e, dtype, is_op, err);
	if (status == 0)
		status = open_sides(e, &v, err);
	if (status == 0 || e->down.status != KE_PASS)
		return e;
	if (v.status != KE_PASS) {
		*is_op = true;
		ke_fail(err, "%s: %s%s%s: %s: %s", e->op->dir,
		    e->opened ? e->target->base : "", e->opened ? ": " : "",
		    ke_status_name(v.status), v.code, v.detail);
	}
	epoch_close(e);
	return NULL;
}

struct epoch *
epoch_open(const struct target *t, const struct ke_op *op, const char *dtype,
    const char *set, bool full, int workers, int jobs, bool *is_op,
    struct ke_err *err)
{
	return open_model(&(struct epoch){.target = t, .op = op, .set = set,
	    .full = full,
	    .workers = workers, .jobs = jobs}, dtype, is_op, err);
}

struct epoch *
epoch_check(const struct target *t, const struct ke_op *op, const char *dtype,
    const char *set, int workers, int jobs, bool *is_op, struct ke_err *err)
{
	return open_model(&(struct epoch){.target = t, .op = op, .set = set,
	    .full = true,
	    .untimed = true, .workers = workers, .jobs = jobs}, dtype, is_op,
	    err);
}

struct epoch *
epoch_admit(const struct target *t, const struct ke_op *op, const char *dtype,
    const char *set, int workers, int jobs, bool *is_op, struct ke_err *err)
{
	return open_model(&(struct epoch){.target = t, .op = op, .set = set,
	    .admits = true, .workers = workers, .jobs = jobs}, dtype, is_op,
	    err);
}

void
epoch_close(struct epoch *e)
{
	if (e == NULL)
		return;
	e->target->stop(e, &e->base);
	e->target->close(e);
	program_close(&e->base.program);
	file_close(&e->base_outputs);
	file_close(&e->outputs);
	file_close(&e->inputs);
	if (e->inputs_ro != -1)
		close(e->inputs_ro);
	for (size_t i = 0; e->cases != NULL && i < e->op->n_cases; i++)
		free(e->cases[i].slots);
	free(e->cases);
	free(e->base_source);
	free(e);
}
