/* ke-eval's end of a runner's life: start, what it holds, end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "compile.h"
#include "defence.h"
#include "gpu_parent.h"

/* What says which device is the first: it must be the keeper's. */
static const char *const visible[] = {"CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"};

static char *const *
environment_of(char *path)
{
	static char *all[KE_LEN(visible) + 2];
	size_t n = 0;

	all[n++] = path;
	for (size_t i = 0; i < KE_LEN(visible); i++)
		if (getenv(visible[i]) != NULL) {
			struct ke_buf b = {0};

			ke_buf_fmt(&b, "%s=%s", visible[i],
			    getenv(visible[i]));
			all[n++] = b.s;
		}
	return all;
}

/* In the child: nothing of ours but the socket and the kernels. */
static void
become(const struct gpu_vendor *vendor, int socket, int kernels)
{
	static char name[] = GPU_RUNNER_NAME;
	static char path[] = "PATH=/usr/bin:/bin";
	char whose[16], library[PATH_MAX];
	char *const argv[] = {name, whose, library, NULL};
	int null = open("/dev/null", O_RDWR);
	int away[2] = {fcntl(socket, F_DUPFD, 64), fcntl(kernels, F_DUPFD, 64)};

	snprintf(whose, sizeof(whose), "%s", vendor->name);
	if (!vendor->library(library))
		_exit(126);
	for (int i = 0; i < 3 && defended(bare); i++)
		dup2(null, i);
	for (int i = 0; i < 2; i++)
		if (away[i] == -1 || dup2(away[i], 3 + i) == -1)
			_exit(126);
	close_range(5, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve("/proc/self/exe", argv, defence_env(environment_of(path)));
	_exit(126);
}

int
gpu_hear(const struct gpu_process *r, double seconds, struct gpu_reply *reply)
{
	ssize_t got = gpu_recv(r->fd, seconds, reply, sizeof(*reply), NULL,
	    NULL);

	return got == -1 ? -1 : got == (ssize_t)sizeof(*reply);
}

static int
send_regions(const struct gpu *g, const struct gpu_process *r)
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

int
gpu_lose_keeper(struct epoch *ep, struct verdict *v, const char *why)
{
	(void)gpu_end_process(&ep->gpu->keeper, NULL);
	return epoch_lose(ep, v, "the keeper: %s", why);
}

int
gpu_ask_keeper(struct epoch *ep, const struct gpu_ask *q, double seconds,
    void *to, size_t n, struct verdict *v)
{
	int fd = ep->gpu->keeper.fd;
	ssize_t got = 0;

	if (gpu_send(fd, q, sizeof(*q), NULL, 0) == 0)
		got = gpu_recv(fd, seconds, to, n, NULL, NULL);
	return got == (ssize_t)n ? 0 : gpu_lose_keeper(ep, v, got == -1
	    ? "no answer" : got == 0 ? "ended" : "not an answer");
}

int
gpu_lose_runner(struct epoch *ep, int heard, const struct gpu_reply *reply,
    struct verdict *v)
{
	(void)gpu_end_process(&ep->gpu->runner, NULL);
	return epoch_lose(ep, v, "the runner: %s", heard == -1 ? "no answer"
	    : heard == 0 ? "ended" : *reply->why == '\0' ? "not a reply"
	    : reply->why);
}

/* A runner that is there, with all that is shared. */
static int
need_runner(struct epoch *ep, struct verdict *v)
{
	struct gpu *g = ep->gpu;
	struct gpu_reply reply = {0};
	struct ke_err e;
	int socket, kernels, heard;
	pid_t pid;

	if (g->runner.pid != 0)
		return 0;
	kernels = open(g->kernels, O_RDONLY | O_CLOEXEC);
	if (kernels == -1)
		return epoch_lose(ep, v, "%s: %s", g->kernels,
		    strerror(errno));
	pid = gpu_fork(&g->runner, &socket, &e);
	if (pid == 0)
		become(g->vendor, socket, kernels);
	close(kernels);
	if (pid == -1)
		return epoch_lose(ep, v, "%s", e.msg);
	heard = gpu_hear(&g->runner, GPU_OPEN_S, &reply);
	if (heard != 1 || reply.says != GPU_OPENED || *reply.why != '\0')
		return gpu_lose_runner(ep, heard, &reply, v);
	if (send_regions(g, &g->runner) == 0)
		return 0;
	heard = gpu_hear(&g->runner, 0, &reply);
	return gpu_lose_runner(ep, heard, &reply, v);
}

static int
send_load(struct epoch *ep, struct side *side, struct verdict *v)
{
	struct program *p = &side->program;
	struct gpu_process *r = &ep->gpu->runner;
	struct gpu_reply reply;
	static struct gpu_load m;
	int fds[VARIANTS_MAX], status = -1;
	struct ke_err e;
	size_t n = 0;

	m = (struct gpu_load){.kind = GPU_LOAD, .number = side->load,
	    .n_variants = (uint32_t)p->n_variants,
	    .n_kernels = (uint32_t)p->plan->n_launches};
	for (size_t k = 0; k < p->plan->n_launches; k++)
		snprintf(m.kernel[k], sizeof(m.kernel[k]), "%s",
		    p->plan->launches[k].kernel);
	for (; n < p->n_variants; n++)
		if ((fds[n] = program_seal(p, n, v, &e)) == -1)
			break;
	if (n < p->n_variants && v->status == KE_PASS)
		(void)epoch_lose(ep, v, "cubin: %s", e.msg);
	else if (n == p->n_variants && gpu_send(r->fd, &m, sizeof(m), fds,
	    n) == -1)
		(void)gpu_lose_runner(ep, gpu_hear(r, 0, &reply), &reply, v);
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

	if (ep->down.status != KE_PASS)
		return epoch_lose(ep, v, "down");
	if (need_runner(ep, v) == -1)
		return -1;
	if (side->load == 0)
		side->load = ++g->loads;
	if (side->loaded == g->runner.pid)
		return 0;
	if (send_load(ep, side, v) == -1)
		return -1;
	side->loaded = g->runner.pid;
	return 0;
}

int
gpu_side_start(struct epoch *ep, struct side *side, struct verdict *v,
    struct ke_err *e)
{
	(void)e;
	v->status = KE_PASS;
	return need_loaded(ep, side, v);
}

void
gpu_side_stop(struct epoch *ep, struct side *side)
{
	struct gpu_load m = {.kind = GPU_LOAD, .number = side->load};

	if (ep->gpu != NULL && side->load != 0 &&
	    side->loaded == ep->gpu->runner.pid)
		(void)gpu_send(ep->gpu->runner.fd, &m, sizeof(m), NULL, 0);
	side->load = 0;
	side->loaded = 0;
}
