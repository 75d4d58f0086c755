/* A runner's run, of one segment: workspaces are poisoned; shared and local
 * memory get junk over what the last launch left there (it stays, probe P3);
 * the module is loaded anew, because what a kernel wrote to its constants stays
 * too (P7); the second-level cache is flushed; then a kernel of ours holds the
 * stream until all launches are queued between two events. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "defence.h"
#include "gpu_kernels.h"
#include "gpu_runner.h"
#include "spawn.h"

#define HOLD_NS 2000000000ll /* longest that the stream is held */

struct view {
	_Alignas(64) uint64_t opaque[16];
};

static int
make_view(const struct gpu_run *run, uint32_t exec, const struct gpu_view *v,
    struct view *to)
{
	static const unsigned ones[KE_MAP_RANK_MAX] = {1, 1, 1, 1, 1};
	gpu_ptr at = gpu_address(run, exec, v->buffer);
	int code = gpu.tensor_map(to, (int)v->type, v->rank,
	    (void *)(uintptr_t)at, v->shape, v->stride, v->box, ones, 0,
	    (int)v->swizzle, (int)v->promotion, 0);

	return code == 0 ? 0 : gpu_refuse("a tensor map: the driver refuses "
	    "its extents, strides, box or swizzle");
}

#define PASSED_MAX (KE_ARGS_MAX + 2)

/* What one launch of one execution passes. */
struct passed {
	void *args[PASSED_MAX];
	union {
		gpu_ptr p;
		int32_t i;
		int64_t l;
	} value[PASSED_MAX];
	struct view view[KE_MAPS_MAX];
};

static int
fill_args(const struct gpu_run *run, uint32_t exec,
    const struct gpu_launch *l, struct passed *p)
{
	for (uint32_t i = 0; i < l->n_args; i++) {
		uint32_t at = l->args[i].index;

		p->args[i] = &p->value[i];
		switch (l->args[i].kind) {
		case KE_ARG_TENSOR:
			p->value[i].p = gpu_address(run, exec, at) +
			    (gpu_ptr)l->args[i].value;
			break;
		case KE_ARG_WORKSPACE:
			p->value[i].p = gpu_address(run, exec,
			    KE_TENSORS_MAX + at);
			break;
		case KE_ARG_SCALAR:
			if (l->args[i].wide)
				p->value[i].l = l->args[i].value;
			else
				p->value[i].i = (int32_t)l->args[i].value;
			break;
		case KE_ARG_MAP:
			p->args[i] = &p->view[at];
			if (make_view(run, exec, &run->views[at],
			    &p->view[at]) == -1)
				return -1;
			break;
		}
	}
	for (uint32_t i = 0; i < l->n_nulls; i++) {
		p->args[l->n_args + i] = &p->value[l->n_args + i];
		p->value[l->n_args + i].p = 0;
	}
	return 0;
}

static struct passed *
fill_all(const struct gpu_run *run)
{
	struct passed *all = NULL;
	size_t n = (size_t)run->n_execs * run->n_launches;

	if (posix_memalign((void **)&all, 64, n * sizeof(*all) + 64) != 0)
		gpu_end(GPU_FAULTED, 0, "no memory");
	for (size_t i = 0; i < n; i++)
		if (fill_args(run, (uint32_t)(i / run->n_launches),
		    &run->launches[i % run->n_launches], &all[i]) == -1) {
			free(all);
			return NULL;
		}
	return all;
}

static int
launch(const struct gpu_launch *l, void *f, struct passed *p)
{
	struct gpu_attribute a[2] = {{.id = 0}};
	struct gpu_config c = {.shared = l->shared, .stream = runner.stream,
	    .attrs = a};

	memcpy(c.grid, l->grid, sizeof(c.grid));
	memcpy(c.block, l->block, sizeof(c.block));
	if (l->cluster[0] > 0) {
		a[c.n_attrs].id = GPU_A_CLUSTER;
		a[c.n_attrs].value.cluster.x = l->cluster[0];
		a[c.n_attrs].value.cluster.y = l->cluster[1];
		a[c.n_attrs++].value.cluster.z = l->cluster[2];
	}
	if (l->cooperative) {
		a[c.n_attrs].id = GPU_A_COOPERATIVE;
		a[c.n_attrs++].value.cooperative = 1;
	}
	return gpu.launch(&c, f, p->args, NULL);
}

/* All launches of all executions, in order.  What the device refuses to launch
 * is no fault yet. */
static int
launch_all(const struct gpu_run *run, struct passed *all)
{
	for (uint32_t x = 0; x < run->n_execs; x++)
		for (uint32_t k = 0; k < run->n_launches; k++) {
			int code = launch(&run->launches[k],
			    runner.functions[k],
			    &all[x * run->n_launches + k]);

			if (gpu_is_plans(code)) {
				*runner.go = 1;
				return gpu_refuse(gpu_error(code));
			}
			gpu_fault(code, runner.load->head.kernel[k]);
		}
	return 0;
}

/* Spins until what is on the stream has ended, or ends this process. */
static void
finish(double deadline_s, const char *where)
{
	double until = ke_now() + deadline_s;
	bool is_late = false;
	int code;

	while ((code = gpu.query(runner.events[1])) == GPU_NOT_READY) {
		if (ke_now() <= until || !defended(deadline))
			continue;
		if (is_late)
			gpu_end(GPU_STUCK, 0, where);
		/* it may be we who were late: once more */
		until = ke_now() + GRACE_S;
		is_late = true;
	}
	gpu_fault(code, where);
}

/* Nothing of the last launch is left where the next could find it. */
static void
scrub(uint64_t key)
{
	static const int sizes[LOCAL_SIZES] = {256, 1024, 4096, 16384};
	int words = runner.info.shared_max / 4, kind = 0;
	void *args[] = {&words, &key};
	struct gpu_call c = {.blocks = (unsigned)runner.info.sms,
	    .threads = 1024, .shared = (unsigned)runner.info.shared_max,
	    .stream = runner.stream};
	struct gpu_call l = {.blocks = (unsigned)runner.info.sms * 2,
	    .threads = 1024, .stream = runner.stream};

	if (!defended(scrub))
		return;
	gpu_fault(gpu_call(runner.scrub, &c, args), "scrub");
	if (runner.reply.local == 0)
		return;
	while (kind + 1 < LOCAL_SIZES && sizes[kind] < runner.reply.local)
		kind++;
	gpu_fault(gpu_call(runner.local[kind], &l, args), "scrub");
}

static void
flush(uint64_t key)
{
	int64_t n = (int64_t)runner.flush_bytes / 16;
	unsigned word = (unsigned)key;
	void *write[] = {&runner.flush, &n, &word};
	void *read[] = {&runner.flush, &n, &runner.never};

	if (!defended(flush))
		return;
	(void)gpu.reset_l2();
	gpu_on_stream(runner.write, (uint64_t)n / 4, write);
	gpu_on_stream(runner.read, (uint64_t)n / 4, read);
}

static void
read_clock(int which)
{
	gpu_ptr to = runner.clocks + (gpu_ptr)which * sizeof(struct clock_read);
	void *args[] = {&to};
	struct gpu_call c = {.blocks = 1, .threads = 1,
	    .stream = runner.stream};

	gpu_fault(gpu_call(runner.clock, &c, args), "clock");
}

static void
read_times(const struct gpu_run *run)
{
	struct clock_read c[2];
	float ms = 0;

	gpu_fault(gpu.elapsed(&ms, runner.events[0], runner.events[1]),
	    "event");
	runner.reply.seconds = (double)ms * 1e-3;
	if (!run->timed)
		return;
	gpu_fault(gpu.from(c, runner.clocks, sizeof(c)), "clock");
	for (int i = 0; i < 2; i++)
		runner.reply.mhz[i] = c[i].ns > 0 ? 1e3 * (double)c[i].cycles /
		    (double)c[i].ns : 0;
}

static void
wait_for_go(void)
{
	char go;

	gpu_say(GPU_READY);
	if (read(FD_SOCKET, &go, 1) != 1)
		_exit(0);
}

/* In checks every launch is waited for by itself, so that a fault is its
 * own. */
static int
run_checked(const struct gpu_run *run, struct passed *all)
{
	gpu_fault(gpu.record(runner.events[0], runner.stream), "event");
	for (uint32_t x = 0; x < run->n_execs; x++)
		for (uint32_t k = 0; k < run->n_launches; k++) {
			int code = launch(&run->launches[k],
			    runner.functions[k],
			    &all[x * run->n_launches + k]);

			if (gpu_is_plans(code))
				return gpu_refuse(gpu_error(code));
			gpu_fault(code, runner.load->head.kernel[k]);
			gpu_fault(gpu.record(runner.events[1], runner.stream),
			    "event");
			finish(run->deadline_s, runner.load->head.kernel[k]);
		}
	return 0;
}

static int
run_timed(const struct gpu_run *run, struct passed *all)
{
	int64_t ns = HOLD_NS;
	void *hold[] = {&runner.go_there, &ns};
	struct gpu_call one = {.blocks = 1, .threads = 1,
	    .stream = runner.stream};

	*runner.go = 0;
	read_clock(0);
	gpu_fault(gpu_call(runner.hold, &one, hold), "hold");
	gpu_fault(gpu.record(runner.events[0], runner.stream), "event");
	if (launch_all(run, all) == -1)
		return -1;
	/* whose start tells that the last launch has ended */
	gpu_fault(gpu_call(runner.nothing, &one, NULL), "end");
	gpu_fault(gpu.record(runner.events[1], runner.stream), "event");
	*runner.go = 1;
	finish(run->deadline_s, runner.load->head.kernel[0]);
	read_clock(1);
	gpu_fault(gpu.sync(), "after");
	return 0;
}

void
gpu_run(const struct gpu_run *m)
{
	struct passed *all;
	int status = -1;

	memset(&runner.reply, 0, sizeof(runner.reply));
	if (m->n_launches > KE_LAUNCHES_MAX || m->n_execs > GPU_EXECS_MAX)
		gpu_end(GPU_FAULTED, 0, "a run out of bounds");
	if (gpu_load_variant(m) == -1)
		return;
	gpu_poison_spaces(m);
	gpu_fault(gpu.sync(), "poison");
	all = fill_all(m);
	if (all == NULL)
		return;
	scrub(m->key | 1);
	if (m->timed)
		flush(m->key);
	gpu_fault(gpu.record(runner.events[1], runner.stream), "event");
	finish(m->deadline_s, "before");
	wait_for_go();
	status = m->timed ? run_timed(m, all) : run_checked(m, all);
	free(all);
	if (status == -1)
		return;
	read_times(m);
	gpu_unload();
	gpu_say(GPU_DONE);
}
