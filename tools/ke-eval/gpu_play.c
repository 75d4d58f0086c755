/* One play on a GPU: what the keeper is asked, what the runner is told, and
 * what became of it. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "defence.h"
#include "gpu_parent.h"
#include "play.h"
#include "spawn.h"

/* The reference adds up no fewer terms a second than that, and finds no fewer
 * elements of rows, each of which one thread computes. */
#define TERMS_A_S 1e9
#define OF_ROWS_A_S 1e5

/* How long the keeper may take to know what must come out. */
static double
reference_s(const struct play *p)
{
	const struct layout *l = &p->epoch->cases[p->layout];
	double s = 0;

	for (size_t t = 0; t < p->epoch->op->n_tensors; t++)
		if (p->epoch->op->tensors[t].role != KE_IN)
			s += (double)l->count[t] *
			    (p->epoch->op->tensors[t].row ? 1 / OF_ROWS_A_S
			    : l->reduction[t] / TERMS_A_S);
	return s * (double)p->n_execs;
}

/* What the keeper is asked; -1 with a verdict. */
static int
ask(struct epoch *ep, const struct gpu_ask *q, double seconds,
    struct answer *a)
{
	struct verdict v;
	int status = gpu_ask_keeper(ep, q, seconds, a, sizeof(*a), &v);

	if (status == 0 && a->verdict.status == KE_LOST)
		status = gpu_lose_keeper(ep, &v, a->verdict.detail);
	if (status == 0)
		return a->verdict.status == KE_PASS ? 0 : -1;
	for (size_t t = 0; t < KE_TENSORS_MAX; t++)
		a->ratio[t] = a->rms[t] = -1;
	a->verdict = v;
	return -1;
}

static void
fill_launch(const struct play *p, size_t k, struct gpu_launch *to)
{
	const struct ke_op *op = p->epoch->op;
	const struct ke_resolved *r = &p->fitted->r;
	const struct program *program = &p->side->program;
	const struct parts *parts =
	    &program->variants[p->fitted->variant].parts;
	const struct ke_launch *l = &program->plan->launches[k];

	*to = (struct gpu_launch){.shared = (uint32_t)r->shared[k],
	    .cooperative = l->cooperative, .n_args = (uint32_t)l->n_args};
	for (size_t i = 0; i < 3; i++) {
		to->grid[i] = (uint32_t)r->grid[k][i];
		to->block[i] = (uint32_t)r->block[k][i];
		to->cluster[i] = (uint32_t)r->cluster[k][i];
	}
	if (parts->n > k) {
		to->block[0] = parts->part[k].threads;
		to->shared = parts->part[k].shared;
		to->at = parts->part[k].at;
		to->n_nulls = parts->part[k].nulls;
	}
	for (size_t i = 0; i < l->n_args; i++) {
		const struct ke_arg *a = &l->args[i];

		to->args[i].kind = a->kind;
		to->args[i].index = (uint32_t)a->index;
		to->args[i].wide = a->wide;
		if (a->kind == KE_ARG_SCALAR)
			to->args[i].value = *ke_scope_find(&r->scope, a->name,
			    strlen(a->name));
		if (a->kind == KE_ARG_TENSOR)
			to->args[i].value = r->offset[k][i] * (int64_t)
			    ke_dtypes[ke_tensor_dtype(&op->tensors[a->index],
			    p->epoch->dtype)].bytes;
	}
}

/* CUtensorMapDataType */
static uint32_t
view_type(enum ke_dtype t)
{
	switch (t) {
	case KE_F32:
		return 7;
	case KE_F64:
		return 8;
	case KE_F16:
		return 6;
	case KE_BF16:
		return 9;
	case KE_I32:
		return 3;
	case KE_I64:
		return 5;
	case KE_U8:
	case KE_DTYPE_COUNT:
		break;
	}
	return 0;
}

static void
fill_view(const struct play *p, size_t k, struct gpu_view *to)
{
	const struct ke_plan *plan = p->side->program.plan;
	const struct ke_map *m = &plan->maps[k];
	const struct ke_resolved *r = &p->fitted->r;
	enum ke_dtype type = m->workspace ? plan->workspaces[m->index].dtype
	    : ke_tensor_dtype(&p->epoch->op->tensors[m->index],
	    p->epoch->dtype);

	*to = (struct gpu_view){.type = view_type(type),
	    .buffer = (uint32_t)m->index + (m->workspace ? KE_TENSORS_MAX : 0),
	    .rank = (uint32_t)m->rank,
	    .swizzle = m->swizzle == 0 ? 0 : m->swizzle == 32 ? 1
	    : m->swizzle == 64 ? 2 : 3,
	    .promotion = m->promotion == 0 ? 0 : m->promotion == 64 ? 1
	    : m->promotion == 128 ? 2 : 3};
	for (size_t i = 0; i < m->rank; i++) {
		size_t from = m->rank - 1 - i;

		to->shape[i] = (uint64_t)r->map[k].shape[from];
		to->box[i] = (uint32_t)r->map[k].box[from];
		if (i > 0)
			to->stride[i - 1] = (uint64_t)r->map[k].stride[from] *
			    ke_dtypes[type].bytes;
	}
}

static struct gpu_run *
make_run(const struct play *p, uint64_t key, size_t *bytes)
{
	const struct epoch *ep = p->epoch;
	const struct ke_plan *plan = p->side->program.plan;
	size_t tensors = ep->op->n_tensors;
	struct gpu_run *m;

	*bytes = sizeof(*m) + p->n_execs * tensors * sizeof(uint32_t);
	m = ke_calloc(1, *bytes);
	*m = (struct gpu_run){.kind = GPU_RUN,
	    .load = p->side->load,
	    .variant = (uint32_t)p->fitted->variant,
	    .timed = ep->cases[p->layout].timed,
	    .n_execs = (uint32_t)p->n_execs, .n_tensors = (uint32_t)tensors,
	    .n_workspaces = (uint32_t)plan->n_workspaces,
	    .n_launches = (uint32_t)plan->n_launches,
	    .n_views = (uint32_t)plan->n_maps,
	    .deadline_s = p->deadline_s, .key = key};
	for (size_t w = 0; w < plan->n_workspaces; w++)
		m->workspace[w] = (uint64_t)p->fitted->r.workspace[w] *
		    ke_dtypes[plan->workspaces[w].dtype].bytes;
	for (size_t k = 0; k < plan->n_launches; k++)
		fill_launch(p, k, &m->launches[k]);
	for (size_t k = 0; k < plan->n_maps; k++)
		fill_view(p, k, &m->views[k]);
	for (size_t x = 0; x < p->n_execs; x++)
		for (size_t t = 0; t < tensors; t++)
			m->regions[x * tensors + t] = gpu_region_index(ep,
			    p->layout, (p->slot + x) % p->n_slots, t);
	return m;
}

static int
end_runner(struct epoch *ep, int *signal, struct verdict *v)
{
	struct verdict down;

	if (gpu_end_process(&ep->gpu->runner, signal) == 0)
		return 0;
	(void)epoch_lose(ep, &down, "a process outlived SIGKILL");
	return verdict_set(v, KE_HUNG, "kill", "the process outlived SIGKILL");
}

/* The candidate's run didn't end well: what became of it.  The runner is
 * gone. */
static int
broke(struct epoch *ep, int heard, const struct gpu_reply *reply,
    struct verdict *v)
{
	int signal;

	if (heard == 1 && reply->says == GPU_FAULTED &&
	    gpu_is_ours(reply->code))
		return gpu_lose_runner(ep, heard, reply, v);
	if (end_runner(ep, &signal, v) == -1)
		return -1;
	if (heard == -1 || (heard == 1 && reply->says == GPU_STUCK))
		return verdict_set(v, KE_TIMEOUT, "deadline",
		    "no end within its time");
	if (heard == 1 && reply->says == GPU_FAULTED) {
		char code[16];

		snprintf(code, sizeof(code), "%d", reply->code);
		return verdict_set(v, KE_FAULT, code, "%s", reply->why);
	}
	/* so HIP's runtime ends a process whose kernel has faulted */
	if (heard == 0 && signal == SIGABRT)
		return verdict_set(v, KE_FAULT, "SIGABRT", "the driver ended "
		    "the process");
	return verdict_set(v, KE_PROTOCOL, "reply", "%s", heard == 0
	    ? "the runner ended without one" : "not a reply");
}

static void
remember(struct program *p, const struct gpu_reply *reply)
{
	p->registers = reply->registers;
	p->local_bytes = reply->local;
	p->shared_bytes = reply->shared;
	p->threads = reply->threads;
}

/* Up to where the candidate is to run, and on from there. */
static int
run_it(const struct play *p, const struct gpu_run *m, size_t bytes,
    struct ran *ran, struct verdict *v)
{
	const struct gpu_process *r = &p->epoch->gpu->runner;
	struct gpu_reply reply = {0};
	double from;
	int heard;

	(void)gpu_send(r->fd, m, bytes, NULL, 0);
	heard = gpu_hear(r, GPU_READY_S, &reply);
	if (heard != 1 || (reply.says != GPU_READY &&
	    reply.says != GPU_REFUSED))
		return gpu_lose_runner(p->epoch, heard, &reply, v);
	from = ke_now();
	if (reply.says == GPU_READY) {
		(void)send(r->fd, "g", 1, MSG_NOSIGNAL);
		heard = gpu_hear(r, KILL_S + p->deadline_s, &reply);
	}
	if (heard == 1 && reply.says == GPU_REFUSED)
		return verdict_set(v, KE_PLAN_ERROR, "device", "%s",
		    reply.why);
	if (heard != 1 || reply.says != GPU_DONE)
		return broke(p->epoch, heard, &reply, v);
	*ran = (struct ran){.seconds = reply.seconds,
	    .wall_s = ke_now() - from,
	    .mhz = fmin(reply.mhz[0], reply.mhz[1])};
	remember(&p->side->program, &reply);
	return 0;
}

/* Where executions have no slots of their own, all have the first. */
static struct play
placed(const struct play *p)
{
	struct play q = *p;

	if (!play_has_own(p)) {
		q.slot = 0;
		q.n_slots = 1;
	}
	return q;
}

static bool
is_cooperative(const struct play *p)
{
	const struct ke_plan *plan = p->side->program.plan;

	for (size_t k = 0; k < plan->n_launches; k++)
		if (plan->launches[k].cooperative)
			return true;
	return false;
}

/* The driver gives a cooperative launch a place for its barriers, and its
 * address (%envreg1, %envreg2).  What a kernel leaves beside them is still
 * there in the next segment, in this context: such a plan is timed in one that
 * has run nothing yet. */
static int
need_fresh(const struct play *p, struct verdict *v)
{
	if (!p->epoch->cases[p->layout].timed || !is_cooperative(p) ||
	    !defended(fork))
		return 0;
	return end_runner(p->epoch, NULL, v);
}

/* More than the whole device has is the plan's fault, and no other's. */
static int
has_room(const struct play *p, struct verdict *v)
{
	const struct ke_plan *plan = p->side->program.plan;
	double bytes = 0, all = (double)p->epoch->gpu->info.bytes;

	for (size_t w = 0; w < plan->n_workspaces; w++)
		bytes += (double)p->fitted->r.workspace[w] *
		    ke_dtypes[plan->workspaces[w].dtype].bytes *
		    (double)p->n_execs;
	return bytes <= all ? 0 : verdict_set(v, KE_PLAN_ERROR, "device",
	    "workspaces of %.3g bytes for %zu executions: the device has %.3g",
	    bytes, p->n_execs, all);
}

int
gpu_play_run(const struct play *asked, struct ran *ran, struct verdict *v,
    struct ke_err *e)
{
	const struct play placed_play = placed(asked), *p = &placed_play;
	struct gpu_ask q = {.question = GPU_POISON,
	    .layout = (uint32_t)p->layout, .slot = (uint32_t)p->slot,
	    .n_execs = (uint32_t)p->n_execs, .n_slots = (uint32_t)p->n_slots};
	static struct answer a;
	struct gpu_run *m;
	size_t bytes;
	int status;

	v->status = KE_PASS;
	p->side->poison = q.key = play_secret();
	if (has_room(p, v) == -1 || need_fresh(p, v) == -1 ||
	    gpu_side_start(p->epoch, p->side, v, e) == -1)
		return -1;
	if (ask(p->epoch, &q, GPU_KEEPER_S, &a) == -1) {
		*v = a.verdict;
		return -1;
	}
	m = make_run(p, q.key, &bytes);
	status = run_it(p, m, bytes, ran, v);
	free(m);
	return status;
}

int
gpu_play_needs(const struct play *p, size_t slot, size_t truth,
    struct accept_needs *to, struct verdict *v)
{
	const struct gpu_ask q = {.question = GPU_NEEDS,
	    .layout = (uint32_t)p->layout, .slot = (uint32_t)slot,
	    .truth = (uint32_t)truth};
	static struct gpu_needs needs;

	if (gpu_ask_keeper(p->epoch, &q, GPU_KEEPER_S + reference_s(p),
	    &needs, sizeof(needs), v) == -1)
		return -1;
	if (needs.verdict.status != KE_PASS)
		return gpu_lose_keeper(p->epoch, v, needs.verdict.detail);
	memcpy(to, needs.of, sizeof(needs.of));
	return 0;
}

int
gpu_play_verify(const struct play *asked, enum question question,
    uint32_t candidate, struct answer *worst, struct ke_err *e)
{
	const struct play placed_play = placed(asked), *p = &placed_play;
	struct gpu_ask q = {.question = GPU_VERIFY,
	    .layout = (uint32_t)p->layout, .slot = (uint32_t)p->slot,
	    .n_execs = (uint32_t)p->n_execs, .n_slots = (uint32_t)p->n_slots,
	    .candidate = candidate, .key = p->side->poison};
	static struct answer a;
	int status = ask(p->epoch, &q, GPU_KEEPER_S + reference_s(p), &a);

	(void)question;
	(void)e;
	for (size_t t = 0; t < p->epoch->op->n_tensors; t++) {
		worst->ratio[t] = fmax(worst->ratio[t], a.ratio[t]);
		worst->rms[t] = fmax(worst->rms[t], a.rms[t]);
	}
	worst->verdict = a.verdict;
	return status;
}
