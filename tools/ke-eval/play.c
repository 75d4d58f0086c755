/* One segment of one side, from poison to verdict. */
#include <err.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "defence.h"
#include "play.h"
#include "random.h"
#include "target.h"

uint64_t
play_secret(void)
{
	uint64_t k = 0;

	if (getrandom(&k, sizeof(k), 0) != (ssize_t)sizeof(k))
		err(111, "getrandom");
	return k;
}

bool
play_has_own(const struct play *p)
{
	return defended(slots) || p->side == &p->epoch->base ||
	    !p->epoch->cases[p->layout].timed;
}

static size_t
slot_of(const struct play *p, size_t exec)
{
	return (p->slot + (play_has_own(p) ? exec : 0)) % p->n_slots;
}

/* Regions of one execution in the side's outputs; the same order when they
 * are placed again for the questions. */
static int
place(const struct play *p, size_t exec, struct file *f,
    struct wire_region *out, uint64_t *bytes, struct ke_err *e)
{
	const struct ke_op *op = p->epoch->op;
	const struct layout *l = &p->epoch->cases[p->layout];
	const struct ke_plan *plan = p->side->program.plan;
	bool flip = l->slots[slot_of(p, exec)].flip;

	if (!play_has_own(p))
		f->used = 0;
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role == KE_OUT) {
			bytes[t] = l->bytes[t];
			if (file_place(f, bytes[t], true, flip, &out[t],
			    e) == -1)
				return -1;
		}
	for (size_t w = 0; w < plan->n_workspaces; w++) {
		size_t i = op->n_tensors + w;

		bytes[i] = (uint64_t)p->fitted->r.workspace[w] *
		    ke_dtypes[plan->workspaces[w].dtype].bytes;
		if (file_place(f, bytes[i], true, flip, &out[i], e) == -1)
			return -1;
	}
	return 0;
}

static void
head(const struct play *p, struct wire_segment *h)
{
	const struct ke_plan *plan = p->side->program.plan;
	const struct ke_resolved *r = &p->fitted->r;

	*h = (struct wire_segment){.magic = WIRE_MAGIC,
	    .variant = (uint32_t)p->fitted->variant,
	    .workers = (uint32_t)p->epoch->workers,
	    .n_buffers = (uint32_t)(p->epoch->op->n_tensors +
	    plan->n_workspaces),
	    .n_launches = (uint32_t)plan->n_launches,
	    .junk = p->junk && defended(poison)};
	for (size_t i = 0; i < r->scope.n; i++)
		h->dims[i] = r->scope.names[i].value;
	for (size_t k = 0; k < plan->n_launches; k++) {
		const struct ke_launch *l = &plan->launches[k];

		h->launches[k].parallel = l->n_grid > 0;
		h->launches[k].shared = (uint64_t)r->shared[k];
		for (size_t i = 0; i < 3; i++)
			h->launches[k].grid[i] = (uint32_t)r->grid[k][i];
		for (size_t i = 0; i < l->n_args; i++)
			h->offsets[k][i] = r->offset[k][i];
	}
}

static int
fill(const struct play *p, struct segment *s, struct ke_err *e)
{
	const struct layout *l = &p->epoch->cases[p->layout];
	uint32_t inputs[SLOTS_MAX][KE_TENSORS_MAX]; /* regions by slot */
	bool mapped[SLOTS_MAX] = {false};

	for (size_t x = 0; x < p->n_execs; x++) {
		struct wire_region out[WIRE_BUFFERS_MAX] = {0};
		uint64_t bytes[WIRE_BUFFERS_MAX];
		uint32_t buffers[WIRE_BUFFERS_MAX];
		size_t at = slot_of(p, x);
		const struct slot *slot = &l->slots[at];

		if (place(p, x, p->side->outputs, out, bytes, e) == -1)
			return -1;
		for (size_t b = 0; b < s->head.n_buffers; b++) {
			bool in = slot->in[b < KE_TENSORS_MAX ? b : 0].bytes >
			    0 && b < p->epoch->op->n_tensors &&
			    p->epoch->op->tensors[b].role == KE_IN;

			if (in && !mapped[at])
				inputs[at][b] = segment_region(s, p->absolute
				    ? &slot->absolute[b] : &slot->in[b]);
			buffers[b] = in ? inputs[at][b]
			    : out[b].bytes > 0 ? segment_region(s, &out[b])
			    : WIRE_NONE;
		}
		mapped[at] = true;
		segment_exec(s, buffers);
	}
	return 0;
}

int
play_run(const struct play *p, struct ran *ran, struct verdict *v,
    struct ke_err *e)
{
	*v = p->epoch->down;
	*ran = (struct ran){0};
	return v->status != KE_PASS ? -1 : p->epoch->target->run(p, ran, v, e);
}

int
play_verify(const struct play *p, enum question q, uint32_t candidate,
    struct answer *worst, struct ke_err *e)
{
	worst->verdict = p->epoch->down;
	return worst->verdict.status != KE_PASS ? -1
	    : p->epoch->target->verify(p, q, candidate, worst, e);
}

int
play_run_cpu(const struct play *p, struct ran *ran, struct verdict *v,
    struct ke_err *e)
{
	struct segment s = {0};
	struct side *side = p->side;
	size_t last = side->outputs->used, now;
	int status;

	v->status = KE_PASS;
	head(p, &s.head);
	side->outputs->used = 0;
	side->poison = play_secret();
	status = fill(p, &s, e);
	/* nothing is left of what the last one wrote, maybe another candidate;
	 * but once: who always poisons more finds less in the caches */
	now = side->outputs->used;
	if (now < last)
		side->outputs->used = last;
	if (status == 0) {
		if (defended(poison))
			file_poison(side->outputs, side->poison);
		side->outputs->used = now;
		status = runner_run(&side->runner, &s, p->deadline_s, ran, v);
	}
	segment_free(&s);
	return status;
}

int
play_outputs(const struct play *p, size_t exec, void *y[KE_TENSORS_MAX],
    struct ke_err *e)
{
	struct wire_region out[WIRE_BUFFERS_MAX] = {0};
	uint64_t bytes[WIRE_BUFFERS_MAX];

	p->side->outputs->used = 0;
	for (size_t x = 0; x <= exec; x++)
		if (place(p, x, p->side->outputs, out, bytes, e) == -1)
			return -1;
	for (size_t t = 0; t < KE_TENSORS_MAX; t++)
		y[t] = out[t].bytes == 0 ? NULL
		    : file_at(p->side->outputs, &out[t]);
	return 0;
}

int
play_verify_cpu(const struct play *p, enum question question,
    uint32_t candidate, struct answer *worst, struct ke_err *e)
{
	struct side *side = p->side;
	static struct ask ask;
	struct answer a;

	side->outputs->used = 0;
	ask = (struct ask){.question = question,
	    .layout = (uint32_t)p->layout, .slot = (uint32_t)slot_of(p, 0),
	    .n_execs = (uint32_t)p->n_execs, .n_slots = (uint32_t)p->n_slots,
	    .base = side == &p->epoch->base, .candidate = candidate,
	    .poison = side->poison, .sample = play_secret()};
	if (place(p, 0, side->outputs, ask.out, ask.bytes, e) == -1) {
		worst->verdict.status = KE_PASS;
		return -1;
	}
	ask.stride = play_has_own(p) ? side->outputs->used : 0;
	if (verifier_ask(p->epoch->verifier, &ask, &a, e) == -1) {
		worst->verdict.status = KE_PASS;
		return -1;
	}
	for (size_t t = 0; t < p->epoch->op->n_tensors; t++) {
		worst->ratio[t] = fmax(worst->ratio[t], a.ratio[t]);
		worst->rms[t] = fmax(worst->rms[t], a.rms[t]);
	}
	worst->verdict = a.verdict;
	return a.verdict.status == KE_PASS ? 0 : -1;
}
