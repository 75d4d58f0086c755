/* The cuda target: ke-eval's end of keeper and runners. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compile.h"
#include "defence.h"
#include "file.h"
#include "gpu.h"
#include "gpu_kernels.h"
#include "lock.h"
#include "measure.h"
#include "play.h"
#include "reference.h"
#include "sample.h"
#include "spawn.h"
#include "unit.h"

#define OPEN_S 60.0   /* for a context, and all its memory */
#define KILL_S 10.0   /* a process that outlives SIGKILL so long is stuck */
#define SLOTS_L2 2.0  /* a timed case's slots: so many times the cache */
#define SLOTS_GPU 32
#define MEMORY 0.4    /* of the device's, for one case's slots */
#define QUEUE 512     /* launches between two events */
#define WALL 1.5      /* our clock may say so many times what the events say, */
#define WALL_S 0.02   /* and so much more */

#define STR_(...) #__VA_ARGS__
#define STR(...) STR_(__VA_ARGS__)

char *
gpu_kernels(struct verdict *v, struct ke_err *e)
{
	struct ke_buf b = {0};
	char *path;

	ke_buf_fmt(&b, "%s%s\n#line 1 \"gpu_kernels.cu\"\n%s",
	    unit_cuda_types(), STR(GPU_STRUCTS), gpu_kernels_text);
	path = compile_trusted(&toolchain_cuda, b.s, "gpu_kernels.cu", v, e);
	ke_buf_free(&b);
	return path;
}

/* In a process of its own. */
static void
probe_child(int fd)
{
	struct {
		struct gpu_info info;
		struct ke_err e;
	} said = {.e = {{0}}};

	if (gpu_load(&said.e) == 0)
		(void)gpu_open(0, &said.info, &said.e);
	(void)!write(fd, &said, sizeof(said));
	_exit(0);
}

const struct gpu_info *
gpu_probe(struct ke_err *e)
{
	static struct {
		struct gpu_info info;
		struct ke_err e;
	} said;
	struct pollfd p;
	int fds[2], status;
	ssize_t got = 0;
	pid_t pid;

	if (said.info.sms > 0)
		return &said.info;
	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		ke_fail(e, "%s", strerror(errno));
		return NULL;
	}
	if (pid == 0)
		probe_child(fds[1]);
	close(fds[1]);
	p = (struct pollfd){.fd = fds[0], .events = POLLIN};
	if (poll(&p, 1, (int)(OPEN_S * 1000)) == 1)
		got = read(fds[0], &said, sizeof(said));
	close(fds[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (got == (ssize_t)sizeof(said) && said.info.sms > 0)
		return &said.info;
	ke_fail(e, "%s", got == (ssize_t)sizeof(said) ? said.e.msg
	    : "the driver doesn't answer");
	return NULL;
}

uint32_t
gpu_region_index(const struct epoch *e, size_t layout, size_t slot, size_t t)
{
	size_t n = 0;

	for (size_t l = 0; l < layout; l++)
		n += e->cases[l].n_slots;
	return (uint32_t)((n + slot) * e->op->n_tensors + t);
}

uint32_t
gpu_region_count(const struct epoch *e)
{
	return gpu_region_index(e, e->n_cases, 0, 0);
}

static int
cuda_lock(bool exclusive, struct ke_err *e)
{
	const struct gpu_info *i = gpu_probe(e);
	char name[64];

	if (i == NULL)
		return -1;
	snprintf(name, sizeof(name), "gpu-%s", i->uuid);
	return ke_lock(name, exclusive, e);
}

static size_t
cuda_slots(const struct epoch *e, const struct layout *l)
{
	const struct gpu_info *i = gpu_probe(&(struct ke_err){{0}});
	double n = 2, bytes = fmax(l->traffic, 1);

	(void)e;
	if (i != NULL)
		n = fmin(ceil(SLOTS_L2 * i->l2 / bytes),
		    MEMORY * (double)i->bytes / bytes);
	return (size_t)fmin(fmax(n, 2), SLOTS_GPU);
}

/* Takes the regions that the keeper made. */
static int
take_regions(struct gpu *g, struct ke_err *e)
{
	static struct gpu_regions m;
	uint32_t have = 0;

	g->regions = ke_calloc(g->n_regions, sizeof(*g->regions));
	g->fds = ke_calloc(g->n_regions, sizeof(*g->fds));
	while (have < g->n_regions) {
		int fds[GPU_BATCH];
		size_t n, used = 0;

		if (gpu_recv(g->fd, &m, sizeof(m), fds, &n) !=
		    (ssize_t)sizeof(m) || m.kind != GPU_ATTACH || m.n == 0 ||
		    m.from != have || m.n > g->n_regions - have)
			return ke_fail(e, "the keeper: %.200s", m.kind == 0
			    ? (const char *)m.region : "ended");
		for (uint32_t i = 0; i < m.n; i++) {
			g->regions[have] = m.region[i];
			g->fds[have++] = m.region[i].mapped > 0 && used < n
			    ? fds[used++] : -1;
		}
	}
	return 0;
}

static int
start_keeper(struct epoch *ep, const char *kernels, const char *reference,
    const char *so, struct verdict *v, struct ke_err *e)
{
	struct gpu *g = ep->gpu;
	static struct gpu_hello hello;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return ke_fail(e, "socketpair: %s", strerror(errno));
	g->fd = fds[0];
	g->keeper = fork();
	if (g->keeper == 0) {
		close(fds[0]);
		gpu_keeper(ep, kernels, reference, so, fds[1]);
	}
	close(fds[1]);
	if (g->keeper == -1)
		return ke_fail(e, "fork: %s", strerror(errno));
	if (gpu_recv(g->fd, &hello, sizeof(hello), NULL, NULL) !=
	    (ssize_t)sizeof(hello))
		return ke_fail(e, "the keeper ended");
	if (hello.verdict.status != KE_PASS)
		return ke_fail(e, "%s", hello.verdict.detail);
	(void)v;
	g->info = hello.info;
	g->n_regions = hello.n_regions;
	return take_regions(g, e);
}

static int
cuda_open(struct epoch *ep, struct verdict *v, struct ke_err *e)
{
	char *so = NULL, *reference = NULL, *kernels = NULL;
	int status = -1;

	ep->gpu = ke_calloc(1, sizeof(*ep->gpu));
	ep->gpu->fd = -1;
	so = reference_compile(ep->op, ep->dtype, IN_DOUBLE, v, e);
	if (so != NULL)
		reference = reference_device(ep->op, ep->dtype, v, e);
	if (reference != NULL)
		kernels = gpu_kernels(v, e);
	if (kernels != NULL)
		status = start_keeper(ep, kernels, reference, so, v, e);
	free(so);
	free(reference);
	ep->gpu->kernels = kernels;
	return status;
}

/* Ends a runner.  -1 where it outlives SIGKILL. */
static int
end_runner(struct gpu_runner *r)
{
	struct pollfd p = {.fd = r->pidfd, .events = POLLIN};
	int status, dead = 0;

	if (r->pid == 0)
		return 0;
	kill(r->pid, SIGKILL);
	if (poll(&p, 1, (int)(KILL_S * 1000)) == 1)
		waitpid(r->pid, &status, 0);
	else
		dead = -1;
	close(r->fd);
	close(r->pidfd);
	*r = (struct gpu_runner){0};
	return dead;
}

static void
cuda_close(struct epoch *ep)
{
	struct gpu *g = ep->gpu;
	int status;

	if (g == NULL)
		return;
	end_runner(&g->runner);
	if (g->fd != -1)
		close(g->fd);
	if (g->keeper > 0) {
		kill(g->keeper, SIGKILL);
		waitpid(g->keeper, &status, 0);
	}
	for (uint32_t i = 0; g->fds != NULL && i < g->n_regions; i++)
		if (g->fds[i] != -1)
			close(g->fds[i]);
	free(g->regions);
	free(g->fds);
	free(g->kernels);
	free(g);
	ep->gpu = NULL;
}

/* In the child: nothing of ours but the socket and the kernels. */
static void
become(int socket, int kernels)
{
	static char name[] = GPU_RUNNER_NAME;
	static char path[] = "PATH=/usr/bin:/bin";
	char *const argv[] = {name, NULL};
	char *const envp[] = {path, NULL};
	int null = open("/dev/null", O_RDWR);
	int away[2] = {fcntl(socket, F_DUPFD, 64), fcntl(kernels, F_DUPFD, 64)};

	for (int i = 0; i < 3 && defended(bare); i++)
		dup2(null, i);
	for (int i = 0; i < 2; i++)
		if (away[i] == -1 || dup2(away[i], 3 + i) == -1)
			_exit(126);
	close_range(5, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve("/proc/self/exe", argv, defence_env(envp));
	_exit(126);
}

/* Waits for a reply: 1; 0 where there will be none; -1 too late. */
static int
hear(struct gpu_runner *r, double seconds, struct gpu_reply *reply)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	int got;

	do
		got = poll(&p, 1, (int)(seconds * 1000) + 1);
	while (got == -1 && errno == EINTR);
	if (got <= 0)
		return -1;
	return gpu_recv(r->fd, reply, sizeof(*reply), NULL, NULL) ==
	    (ssize_t)sizeof(*reply);
}

static int
send_regions(struct gpu *g, struct gpu_runner *r)
{
	static struct gpu_regions m;

	m.kind = GPU_ATTACH;
	for (uint32_t from = 0; from < g->n_regions; from += m.n) {
		int fds[GPU_BATCH];
		size_t n = 0;

		m.from = from;
		m.n = g->n_regions - from < GPU_BATCH ? g->n_regions - from
		    : GPU_BATCH;
		for (uint32_t i = 0; i < m.n; i++) {
			m.region[i] = g->regions[from + i];
			if (g->fds[from + i] != -1)
				fds[n++] = g->fds[from + i];
		}
		if (gpu_send(r->fd, &m, sizeof(m), fds, n) == -1)
			return -1;
	}
	return 0;
}

/* A runner that is there, with all that is shared.  After a fault the device
 * has a second chance; what then isn't there is quarantined. */
static int
need_runner(struct gpu *g, struct gpu_runner *r, struct verdict *v)
{
	struct gpu_reply reply = {0};
	int fds[2], kernels, heard = 0;

	if (r->pid != 0)
		return 0;
	for (int tries = 0; tries < 2; tries++) {
		kernels = open(g->kernels, O_RDONLY | O_CLOEXEC);
		if (kernels == -1 || socketpair(AF_UNIX, SOCK_SEQPACKET |
		    SOCK_CLOEXEC, 0, fds) == -1)
			return verdict_set(v, KE_LOST, "runner", "%s",
			    strerror(errno));
		r->pid = fork();
		if (r->pid == 0)
			become(fds[1], kernels);
		close(kernels);
		close(fds[1]);
		r->fd = fds[0];
		r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
		heard = hear(r, OPEN_S, &reply);
		if (heard == 1 && reply.says == GPU_OPENED &&
		    *reply.why == '\0' && send_regions(g, r) == 0)
			return 0;
		if (end_runner(r) == -1)
			break;
	}
	g->quarantined = true;
	return verdict_set(v, KE_QUARANTINED, "device", "no runner can be "
	    "started: %s", heard == 1 ? reply.why : "no answer");
}

/* A cubin that nobody can change any more, checked. */
static int
open_cubin(const char *path, struct verdict *v)
{
	struct ke_buf b = {0};
	struct ke_err e;
	int fd = -1;

	if (ke_file_read(path, OBJECT_MAX, &b, &e) == -1)
		return verdict_set(v, KE_LOST, "cubin", "%s", e.msg);
	if (toolchain_cuda.check(b.s, b.n, v) == 0) {
		fd = memfd_create("ke-cubin", MFD_CLOEXEC);
		if (fd == -1 || write(fd, b.s, b.n) != (ssize_t)b.n)
			verdict_set(v, KE_LOST, "cubin", "%s",
			    strerror(errno));
	}
	ke_buf_free(&b);
	return v->status == KE_PASS ? fd : -1;
}

static int
send_load(struct gpu *g, const struct side *side, struct verdict *v)
{
	const struct program *p = &side->program;
	static struct gpu_load m;
	int fds[VARIANTS_MAX], status = -1;
	size_t n = 0;

	m = (struct gpu_load){.kind = GPU_LOAD, .number = side->load,
	    .n_variants = (uint32_t)p->n_variants,
	    .n_kernels = (uint32_t)p->plan->n_launches};
	for (size_t k = 0; k < p->plan->n_launches; k++)
		snprintf(m.kernel[k], sizeof(m.kernel[k]), "%s",
		    p->plan->launches[k].kernel);
	for (; n < p->n_variants; n++)
		if ((fds[n] = open_cubin(p->variants[n].so, v)) == -1)
			break;
	if (n == p->n_variants && gpu_send(g->runner.fd, &m, sizeof(m), fds,
	    n) == -1)
		verdict_set(v, KE_LOST, "runner", "it ended");
	else if (n == p->n_variants)
		status = 0;
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	return status;
}

/* The side's cubins into the runner, if they aren't there. */
static int
need_loaded(struct epoch *ep, struct side *side, struct verdict *v)
{
	struct gpu *g = ep->gpu;

	if (g->quarantined)
		return verdict_set(v, KE_QUARANTINED, "device",
		    "the device did not recover from an earlier candidate");
	if (need_runner(g, &g->runner, v) == -1)
		return -1;
	if (side->load == 0)
		side->load = ++g->loads;
	if (side->loaded == g->runner.pid)
		return 0;
	if (send_load(g, side, v) == -1)
		return -1;
	side->loaded = g->runner.pid;
	return 0;
}

static int
cuda_start(struct epoch *ep, struct side *side, struct verdict *v,
    struct ke_err *e)
{
	(void)e;
	v->status = KE_PASS;
	return need_loaded(ep, side, v);
}

static void
cuda_stop(struct epoch *ep, struct side *side)
{
	struct gpu_load m = {.kind = GPU_LOAD, .number = side->load};

	if (ep->gpu != NULL && side->load != 0 &&
	    side->loaded == ep->gpu->runner.pid)
		(void)gpu_send(ep->gpu->runner.fd, &m, sizeof(m), NULL, 0);
	side->load = 0;
	side->loaded = 0;
}

/* What the keeper is asked; -1 with a verdict, or with the reason in e where
 * the keeper itself failed. */
static int
ask(struct epoch *ep, const struct gpu_ask *q, struct answer *a,
    struct ke_err *e)
{
	a->verdict.status = KE_PASS;
	if (gpu_send(ep->gpu->fd, q, sizeof(*q), NULL, 0) == -1 ||
	    gpu_recv(ep->gpu->fd, a, sizeof(*a), NULL, NULL) !=
	    (ssize_t)sizeof(*a)) {
		a->verdict.status = KE_PASS;
		return ke_fail(e, "the keeper ended");
	}
	if (a->verdict.status == KE_LOST || a->verdict.status == KE_INVALID) {
		a->verdict.status = KE_PASS;
		return ke_fail(e, "%s", a->verdict.detail);
	}
	return a->verdict.status == KE_PASS ? 0 : -1;
}

static void
fill_launch(const struct play *p, size_t k, struct gpu_launch *to)
{
	const struct ke_op *op = p->epoch->op;
	const struct ke_resolved *r = &p->fitted->r;
	const struct ke_launch *l = &p->side->program.plan->launches[k];

	*to = (struct gpu_launch){.shared = (uint32_t)r->shared[k],
	    .cooperative = l->cooperative, .n_args = (uint32_t)l->n_args};
	for (size_t i = 0; i < 3; i++) {
		to->grid[i] = (uint32_t)r->grid[k][i];
		to->block[i] = (uint32_t)r->block[k][i];
		to->cluster[i] = (uint32_t)r->cluster[k][i];
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

/* It didn't end well: what became of it.  The runner is gone. */
static int
broke(struct gpu *g, struct gpu_runner *r, int heard,
    const struct gpu_reply *reply, struct verdict *v)
{
	int dead = end_runner(r);

	if (dead == -1) {
		g->quarantined = true;
		return verdict_set(v, KE_HUNG, "kill",
		    "the process outlived SIGKILL");
	}
	if (heard == -1 || (heard == 1 && reply->says == GPU_STUCK))
		return verdict_set(v, KE_TIMEOUT, "deadline",
		    "no end within its time");
	if (heard == 1 && reply->says == GPU_FAULTED) {
		char code[16];

		snprintf(code, sizeof(code), "%d", reply->code);
		return verdict_set(v, KE_FAULT, code, "%s", reply->why);
	}
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

static int
run_it(const struct play *p, struct gpu_runner *r, const struct gpu_run *m,
    size_t bytes, struct ran *ran, struct verdict *v)
{
	struct gpu *g = p->epoch->gpu;
	struct gpu_reply reply = {0};
	double from = ke_now();
	int heard;

	if (gpu_send(r->fd, m, bytes, NULL, 0) == -1)
		return broke(g, r, 0, &reply, v);
	heard = hear(r, OPEN_S + p->deadline_s, &reply);
	if (heard == 1 && reply.says == GPU_READY) {
		from = ke_now();
		if (send(r->fd, "g", 1, MSG_NOSIGNAL) != 1)
			return broke(g, r, 0, &reply, v);
		heard = hear(r, KILL_S + p->deadline_s, &reply);
	}
	if (heard == 1 && reply.says == GPU_REFUSED)
		return verdict_set(v, KE_PLAN_ERROR, "device", "%s",
		    reply.why);
	if (heard != 1 || reply.says != GPU_DONE)
		return broke(g, r, heard, &reply, v);
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

static int
cuda_run(const struct play *asked, struct ran *ran, struct verdict *v,
    struct ke_err *e)
{
	const struct play placed_play = placed(asked), *p = &placed_play;
	struct gpu_runner *r = &p->epoch->gpu->runner;
	struct gpu_ask q = {.question = GPU_POISON,
	    .layout = (uint32_t)p->layout, .slot = (uint32_t)p->slot,
	    .n_execs = (uint32_t)p->n_execs, .n_slots = (uint32_t)p->n_slots};
	static struct answer a;
	struct gpu_run *m;
	size_t bytes;
	int status;

	v->status = KE_PASS;
	p->side->poison = q.key = play_secret();
	if (need_loaded(p->epoch, p->side, v) == -1 ||
	    ask(p->epoch, &q, &a, e) == -1)
		return -1;
	m = make_run(p, q.key, &bytes);
	status = run_it(p, r, m, bytes, ran, v);
	free(m);
	return status;
}

static int
cuda_verify(const struct play *asked, enum question question,
    uint32_t candidate, struct answer *worst, struct ke_err *e)
{
	const struct play placed_play = placed(asked), *p = &placed_play;
	struct gpu_ask q = {.question = GPU_VERIFY,
	    .layout = (uint32_t)p->layout, .slot = (uint32_t)p->slot,
	    .n_execs = (uint32_t)p->n_execs, .n_slots = (uint32_t)p->n_slots,
	    .candidate = candidate, .key = p->side->poison};
	static struct answer a;
	int status = ask(p->epoch, &q, &a, e);

	(void)question;
	for (size_t t = 0; t < p->epoch->op->n_tensors; t++) {
		worst->ratio[t] = fmax(worst->ratio[t], a.ratio[t]);
		worst->rms[t] = fmax(worst->rms[t], a.rms[t]);
	}
	worst->verdict = a.verdict;
	return status;
}

/* What must come from memory: all inputs, which the flush has evicted, and the
 * outputs but for what may stay in the cache. */
static double
cuda_floor_us(const struct race *r)
{
	const struct epoch *ep = r->epoch;
	const struct layout *l = &ep->cases[r->layout];
	const struct gpu_info *i = &ep->gpu->info;
	double out = 0;

	for (size_t t = 0; t < ep->op->n_tensors; t++)
		if (ep->op->tensors[t].role == KE_OUT)
			out += (double)l->bytes[t];
	return 1e6 * (l->traffic - fmin(out, i->l2)) / i->peak_bps;
}

/* Our clock around the segment against the device's events in it. */
static void
cuda_doubt(const struct race *r, size_t i, struct verdict *v)
{
	size_t bad = 0;

	for (size_t k = 0; k < r->rounds; k++) {
		const struct timed *t = &r->who[i].at[k];

		bad += t->wall_s < t->seconds || t->wall_s >
		    WALL * t->seconds + WALL_S;
	}
	if (2 * bad > r->rounds)
		verdict_set(v, KE_INVALID, "clocks", "in %zu of %zu segments "
		    "our clock and the device's events disagree", bad,
		    r->rounds);
}

static void
add_known(cJSON *env, const char *name, double v)
{
	if (v >= 0)
		ke_json_add_number(env, name, v);
}

static void
cuda_state(struct epoch *ep, cJSON *env)
{
	struct gpu_ask q = {.question = GPU_STATE};
	struct nvml_state s;

	if (ep->gpu == NULL || gpu_send(ep->gpu->fd, &q, sizeof(q), NULL,
	    0) == -1 || gpu_recv(ep->gpu->fd, &s, sizeof(s), NULL, NULL) !=
	    (ssize_t)sizeof(s))
		return;
	add_known(env, "sm_mhz", s.sm_mhz);
	add_known(env, "memory_mhz", s.memory_mhz);
	add_known(env, "power_w", s.power_w);
	add_known(env, "power_limit_w", s.limit_w);
	add_known(env, "temperature_c", s.temperature_c);
	add_known(env, "clock_reasons", (double)s.reasons);
	add_known(env, "processes", (double)s.processes);
}

static void
cuda_describe(cJSON *env, struct ke_buf *key, int workers)
{
	const struct gpu_info *i = gpu_probe(&(struct ke_err){{0}});
	char driver[32];

	(void)workers;
	if (i == NULL)
		return;
	snprintf(driver, sizeof(driver), "%d.%d", i->driver / 1000,
	    i->driver % 1000 / 10);
	ke_buf_fmt(key, "%s\n%s\n%s\n", i->name, driver, nvrtc_arch());
	ke_json_set_string(env, "device", i->name);
	ke_json_set_string(env, "uuid", i->uuid);
	ke_json_set_string(env, "driver", driver);
	ke_json_set_string(env, "arch", nvrtc_arch());
	ke_json_add_number(env, "sms", i->sms);
	ke_json_add_number(env, "l2_bytes", i->l2);
	ke_json_add_number(env, "peak_bps", i->peak_bps);
	ke_json_add_number(env, "pageable", i->pageable);
	ke_json_add_number(env, "ecc", i->ecc);
}

const struct target target_cuda = {
	.name = "cuda", .toolchain = &toolchain_cuda, .base = "base.cu",
	.set = "production", .epoch = 128,
	.segments_bytes = 8e9, .queue = QUEUE,
	.pace = {{4, 10, 32, 0.01, 0.0005, 2.0},
	    {10, 32, 240, 0.003, 0.002, 6.0}},
	.lock = cuda_lock, .slots = cuda_slots, .open = cuda_open,
	.close = cuda_close, .start = cuda_start, .stop = cuda_stop,
	.run = cuda_run, .verify = cuda_verify, .floor_us = cuda_floor_us,
	.doubt = cuda_doubt, .describe = cuda_describe,
	.state = cuda_state,
};
