/* The targets that are GPUs: their tables, their keeper's start, and what
 * ke-eval itself knows of the device. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compile.h"
#include "gpu_kernels.h"
#include "gpu_parent.h"
#include "lock.h"
#include "measure.h"
#include "reference.h"
#include "sample.h"
#include "spawn.h"
#include "unit.h"

#define DESCRIPTORS 256 /* beside those of regions */
#define SLOTS_L2 2.0  /* a timed case's slots: so many times the cache */
#define SLOTS_GPU 32
#define MEMORY 0.4    /* of the device's, for one case's slots */
#define QUEUE 512     /* launches between two events */
#define COPIED_BPS 1e9 /* of inputs to the device, at least */
#define WALL 1.5      /* our clock may say so many times what the events say, */
#define WALL_S 0.02   /* and so much more */

#define STR_(...) #__VA_ARGS__
#define STR(...) STR_(__VA_ARGS__)

char *
gpu_kernels(const struct target *t, struct verdict *v, struct ke_err *e)
{
	struct ke_buf b = {0};
	char *path;

	ke_buf_fmt(&b, "%s%s%s\n#line 1 \"gpu_kernels.cu\"\n%s",
	    unit_cuda_types(), t->vendor->words, STR(GPU_STRUCTS),
	    gpu_kernels_text);
	path = compile_trusted(t->toolchain, b.s, "gpu_kernels.cu", v, e);
	ke_buf_free(&b);
	return path;
}

struct probed {
	struct gpu_info info;
	struct ke_err e;
};

/* In a process of its own. */
static void
probe_child(const struct gpu_vendor *v, int fd)
{
	static struct probed said;
	char library[PATH_MAX];

	if (!v->library(library))
		ke_fail(&said.e, "%s", v->why);
	else if (gpu_load(v, library, &said.e) == 0)
		(void)gpu_open(v, 0, &said.info, &said.e);
	(void)gpu_send(fd, &said, sizeof(said), NULL, 0);
	_exit(0);
}

static int
probe(const struct gpu_vendor *v, struct probed *said, struct ke_err *e)
{
	struct gpu_process process;
	ssize_t got;
	int socket;
	pid_t pid = gpu_fork(&process, &socket, e);

	if (pid == 0)
		probe_child(v, socket);
	if (pid == -1)
		return -1;
	got = gpu_recv(process.fd, GPU_OPEN_S, said, sizeof(*said), NULL,
	    NULL);
	(void)gpu_end_process(&process, NULL);
	if (got != (ssize_t)sizeof(*said))
		return ke_fail(e, "the driver doesn't answer");
	return said->info.sms > 0 ? 0 : ke_fail(e, "%s", said->e.msg);
}

const struct gpu_info *
gpu_probe(const struct gpu_vendor *v, struct ke_err *e)
{
	static struct probed all[GPU_MAKERS];
	struct probed *said = &all[v->maker];

	/* here too a device has a second chance */
	for (int chances = 2; chances > 0 && said->info.sms == 0; chances--)
		if (probe(v, said, e) == -1)
			said->info.sms = 0;
	return said->info.sms > 0 ? &said->info : NULL;
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
gpu_lock(const struct target *t, bool exclusive, struct ke_err *e)
{
	const struct gpu_info *i = gpu_probe(t->vendor, e);
	char name[64];

	if (i == NULL)
		return -1;
	snprintf(name, sizeof(name), "gpu-%s", i->uuid);
	return ke_lock(name, exclusive, e);
}

static size_t
gpu_slots(const struct epoch *e, const struct layout *l)
{
	const struct gpu_info *i = gpu_probe(e->target->vendor,
	    &(struct ke_err){{0}});
	double n = 2, bytes = fmax(l->traffic, 1);

	if (i != NULL)
		n = fmin(ceil(SLOTS_L2 * i->l2 / bytes),
		    MEMORY * (double)i->bytes / bytes);
	return (size_t)fmin(fmax(n, 2), SLOTS_GPU);
}

/* Takes the regions that the keeper made, and waits until it has hashed the
 * inputs. */
static int
take_regions(struct epoch *ep, struct verdict *v)
{
	static struct gpu_regions m;
	struct gpu *g = ep->gpu;
	double seconds = GPU_OPEN_S + (double)ep->inputs.bytes / COPIED_BPS;
	uint32_t have = 0;

	g->regions = ke_calloc(g->n_regions, sizeof(*g->regions));
	g->fds = ke_calloc(g->n_regions, sizeof(*g->fds));
	for (;;) {
		int fds[GPU_BATCH];
		size_t n, used = 0;
		ssize_t got = gpu_recv(g->keeper.fd, seconds, &m, sizeof(m),
		    fds, &n);

		if (got != (ssize_t)sizeof(m) || m.kind != GPU_ATTACH ||
		    m.from != have || m.n > g->n_regions - have)
			return gpu_lose_keeper(ep, v, got == -1 ? "no answer"
			    : got == 0 ? "ended" : (const char *)m.region);
		if (m.n == 0)
			return 0;
		for (uint32_t i = 0; i < m.n; i++) {
			g->regions[have] = m.region[i];
			g->fds[have++] = m.region[i].mapped > 0 && used < n
			    ? fds[used++] : -1;
		}
	}
}

static int
start_keeper(struct epoch *ep, const char *kernels, const char *reference,
    const char *so, struct verdict *v)
{
	struct gpu *g = ep->gpu;
	static struct gpu_hello hello;
	struct ke_err e;
	ssize_t got;
	int socket;
	pid_t pid = gpu_fork(&g->keeper, &socket, &e);

	if (pid == 0)
		gpu_keeper(ep, kernels, reference, so, socket);
	if (pid == -1)
		return epoch_lose(ep, v, "%s", e.msg);
	got = gpu_recv(g->keeper.fd, GPU_OPEN_S, &hello, sizeof(hello), NULL,
	    NULL);
	if (got != (ssize_t)sizeof(hello))
		return gpu_lose_keeper(ep, v, got == -1 ? "no answer"
		    : "ended");
	if (hello.verdict.status != KE_PASS)
		return gpu_lose_keeper(ep, v, hello.verdict.detail);
	g->info = hello.info;
	g->n_regions = hello.n_regions;
	return take_regions(ep, v);
}

static int
gpu_open_epoch(struct epoch *ep, struct verdict *v, struct ke_err *e)
{
	char *so = NULL, *reference = NULL, *kernels = NULL;
	uint32_t need = gpu_region_count(ep) + DESCRIPTORS;
	rlim_t may = ke_raise_descriptors(need);
	int status = -1;

	ep->gpu = ke_calloc(1, sizeof(*ep->gpu));
	ep->gpu->vendor = ep->target->vendor;
	if (need > may)
		return ke_fail(e, "up to %u descriptors are needed, a region "
		    "of memory each, and only %llu allowed (ulimit -Hn)",
		    need, (unsigned long long)may);
	if (gpu_is_stuck())
		return epoch_lose(ep, v, "a process on it outlived SIGKILL");
	so = reference_compile(ep->op, ep->dtype, IN_DOUBLE, v, e);
	if (so != NULL)
		reference = reference_device(ep->op, ep->dtype, ep->target, v,
		    e);
	if (reference != NULL)
		kernels = gpu_kernels(ep->target, v, e);
	if (kernels != NULL)
		status = start_keeper(ep, kernels, reference, so, v);
	free(so);
	free(reference);
	ep->gpu->kernels = kernels;
	return status;
}

static void
gpu_close_epoch(struct epoch *ep)
{
	struct gpu *g = ep->gpu;

	if (g == NULL)
		return;
	(void)gpu_end_process(&g->runner, NULL);
	(void)gpu_end_process(&g->keeper, NULL);
	for (uint32_t i = 0; g->fds != NULL && i < g->n_regions; i++)
		if (g->fds[i] != -1)
			close(g->fds[i]);
	free(g->regions);
	free(g->fds);
	free(g->kernels);
	free(g);
	ep->gpu = NULL;
}

/* What must come from memory: all inputs, which the flush has evicted, and the
 * outputs but for what may stay in the cache. */
static double
gpu_floor_us(const struct race *r)
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
gpu_doubt(const struct race *r, size_t i, struct verdict *v)
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

/* What the keeper tells beside verdicts, n bytes.  One that doesn't is lost. */
static bool
told(struct epoch *ep, enum gpu_question question, void *to, size_t n)
{
	const struct gpu_ask q = {.question = question};
	struct verdict down;

	return ep->gpu != NULL && ep->gpu->keeper.pid != 0 &&
	    gpu_ask_keeper(ep, &q, GPU_KEEPER_S, to, n, &down) == 0;
}

static void
state_now(struct epoch *ep, cJSON *env)
{
	struct gpu_state s;

	if (!told(ep, GPU_STATE, &s, sizeof(s)))
		return;
	add_known(env, "sm_mhz", s.sm_mhz);
	add_known(env, "memory_mhz", s.memory_mhz);
	add_known(env, "power_w", s.power_w);
	add_known(env, "power_limit_w", s.limit_w);
	add_known(env, "temperature_c", s.temperature_c);
	add_known(env, "clock_reasons", (double)s.reasons);
	add_known(env, "processes", (double)s.processes);
}

static double
joules_now(struct epoch *ep)
{
	double j;

	return told(ep, GPU_ENERGY, &j, sizeof(j)) ? j : NAN;
}

static void
gpu_describe(const struct target *t, cJSON *env, struct ke_buf *key,
    int workers)
{
	const struct gpu_info *i = gpu_probe(t->vendor, &(struct ke_err){{0}});
	const char *arch = arch_of(t->vendor->maker);

	(void)workers;
	if (i == NULL)
		return;
	ke_buf_fmt(key, "%s\n%s\n%s\n", i->name, i->driver, arch);
	ke_json_set_string(env, "device", i->name);
	ke_json_set_string(env, "uuid", i->uuid);
	ke_json_set_string(env, "driver", i->driver);
	ke_json_set_string(env, "arch", arch);
	ke_json_add_number(env, "sms", i->sms);
	ke_json_add_number(env, "l2_bytes", i->l2);
	ke_json_add_number(env, "peak_bps", i->peak_bps);
	ke_json_add_number(env, "pageable", i->pageable);
	ke_json_add_number(env, "ecc", i->ecc);
}

/* What all of them have. */
#define GPU_TARGET \
	.set = "production", .epoch = 128, .segments_bytes = 8e9, \
	.queue = QUEUE, \
	.pace = {{4, 10, 32, 0.01, 0.0005, 2.0, 0, false}, \
	    {10, 32, 240, 0.003, 0.002, 6.0, 0, false}}, \
	.lock = gpu_lock, .slots = gpu_slots, .open = gpu_open_epoch, \
	.close = gpu_close_epoch, .start = gpu_side_start, \
	.stop = gpu_side_stop, .run = gpu_play_run, \
	.verify = gpu_play_verify, .needs = gpu_play_needs, \
	.floor_us = gpu_floor_us, \
	.doubt = gpu_doubt, .describe = gpu_describe, .state = state_now, \
	.joules = joules_now

const struct target target_cuda = {
	.name = "cuda", .vendor = &gpu_nvidia, .toolchain = &toolchain_cuda,
	.other = &toolchain_triton, .base = "base.cu", GPU_TARGET,
};

const struct target target_hip = {
	.name = "hip", .vendor = &gpu_amd, .toolchain = &toolchain_hip,
	.other = &toolchain_triton_amd, .base = "base.hip", GPU_TARGET,
};
