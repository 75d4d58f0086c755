/* A runner: the process whose context candidates' kernels run in.  It was
 * started by exec, with no environment and nothing of ke-eval's memory: it
 * holds no seed, no expected value and no verdict.  Its host code is ours alone;
 * a candidate is what the driver loads from a cubin.
 *
 * A segment: workspaces are poisoned; shared and local memory get junk over what
 * the last launch left there (it stays, probe P3); the module is loaded anew,
 * because what a kernel wrote to its constants stays too (P7); the second-level
 * cache is flushed; then a kernel of ours holds the stream until all launches
 * are queued between two events.
 *
 * What fails once has lost the context, so it says so and ends. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include "defence.h"
#include "file.h"
#include "gpu.h"
#include "gpu_kernels.h"
#include "spawn.h"
#include "wire.h"

#define FD_SOCKET 3
#define FD_KERNELS 4
#define REGIONS_MAX 65536u
#define HOLD_NS 2000000000ll /* longest that the stream is held */
#define LOCAL_SIZES 4
#define LOCAL_MAX 16384 /* bytes a thread: more isn't scrubbed */

static struct {
	struct gpu_info info;
	struct gpu_region *regions;
	uint32_t n_regions;
	void *kernels, *poison, *hold, *nothing, *scrub, *write, *read, *clock,
	    *answer, *local[LOCAL_SIZES];
	void *stream, *events[2];
	gpu_ptr flush, never, clocks, go_there;
	size_t flush_bytes;
	volatile int *go;
	struct loaded {
		struct gpu_load head; /* number 0: none */
		void *images[VARIANTS_MAX];
		uint32_t n;
		void *kept; /* a module, without the defence */
		uint32_t variant;
	} *loads;
	size_t n_loads;
	struct loaded *load; /* of this run */
	void *module;
	void *functions[KE_LAUNCHES_MAX];
	struct gpu_region *spaces; /* workspaces, by execution and index */
	size_t n_spaces;
	struct gpu_reply reply;
} r;

static void
say(enum gpu_says what)
{
	r.reply.says = what;
	if (gpu_send(FD_SOCKET, &r.reply, sizeof(r.reply), NULL, 0) == -1)
		_exit(1);
}

/* Says it and ends: nothing that comes after would be worth anything. */
static void
end(enum gpu_says what, int code, const char *where)
{
	r.reply.code = code;
	snprintf(r.reply.why, sizeof(r.reply.why), "%s%s%s", where,
	    code != 0 ? ": " : "", code != 0 ? gpu_error(code) : "");
	say(what);
	_exit(1);
}

static void
fault(int code, const char *where)
{
	if (code != 0)
		end(GPU_FAULTED, code, where);
}

static int
refuse(const char *why)
{
	snprintf(r.reply.why, sizeof(r.reply.why), "%s", why);
	say(GPU_REFUSED);
	return -1;
}

static void *
ours(const char *name)
{
	void *f = NULL;
	int code = gpu.function(&f, r.kernels, name);

	if (code != 0)
		end(GPU_OPENED, code, name);
	return f;
}

/* One of our kernels on the stream, over n elements. */
static void
call(void *function, uint64_t n, void **args)
{
	uint64_t blocks = (n + 255) / 256;
	struct gpu_call c = {.blocks = blocks < 1 ? 1 : blocks > 8192 ? 8192
	    : (unsigned)blocks, .threads = 256, .stream = r.stream};

	fault(gpu_call(function, &c, args), "a kernel of the harness");
}

static void
open_kernels(void)
{
	static const char *const local[LOCAL_SIZES] = {"ke_local_256",
	    "ke_local_1024", "ke_local_4096", "ke_local_16384"};
	struct ke_buf b = {0};
	struct ke_err e;
	int code;

	if (ke_file_read("/proc/self/fd/4", OBJECT_MAX, &b, &e) == -1)
		end(GPU_OPENED, 0, e.msg);
	code = gpu.load(&r.kernels, b.s);
	if (code != 0)
		end(GPU_OPENED, code, "the harness's kernels");
	ke_buf_free(&b);
	close(FD_KERNELS);
	r.poison = ours("ke_poison");
	r.hold = ours("ke_hold");
	r.nothing = ours("ke_nothing");
	r.scrub = ours("ke_scrub");
	r.write = ours("ke_flush_write");
	r.read = ours("ke_flush_read");
	r.clock = ours("ke_clock");
	r.answer = ours("ke_answer");
	for (int i = 0; i < LOCAL_SIZES; i++)
		r.local[i] = ours(local[i]);
	fault(gpu.set(r.scrub, GPU_F_DYNAMIC, r.info.shared_max), "scrub");
}

static void
open_memory(void)
{
	void *host = NULL;
	int code = gpu.stream(&r.stream, GPU_NON_BLOCKING);

	r.flush_bytes = 2 * (size_t)(r.info.l2 > 0 ? r.info.l2 : 64 << 20);
	for (int i = 0; i < 2 && code == 0; i++)
		code = gpu.event(&r.events[i], 0);
	if (code == 0)
		code = gpu.alloc(&r.flush, r.flush_bytes);
	if (code == 0)
		code = gpu.alloc(&r.never, 64);
	if (code == 0)
		code = gpu.alloc(&r.clocks, 2 * sizeof(struct clock_read));
	if (code == 0)
		code = gpu.host_alloc(&host, 64, GPU_HOST_MAPPED);
	if (code == 0)
		code = gpu.host_ptr(&r.go_there, host, 0);
	if (code != 0)
		end(GPU_OPENED, code, "memory");
	r.go = host;
}

/* Does the device compute?  After a fault of another it might not. */
static void
known_answer(void)
{
	uint32_t x[256];
	gpu_ptr p = r.flush;
	int64_t n = KE_LEN(x);
	void *args[] = {&p, &n};

	for (uint32_t i = 0; i < KE_LEN(x); i++)
		x[i] = i;
	fault(gpu.to(p, x, sizeof(x)), "known answer");
	call(r.answer, KE_LEN(x), args);
	fault(gpu.sync(), "known answer");
	fault(gpu.from(x, p, sizeof(x)), "known answer");
	for (uint32_t i = 0; i < KE_LEN(x); i++)
		if (x[i] != 4 * i)
			end(GPU_OPENED, 0, "the device computes wrongly");
}

static void
attach(const struct gpu_regions *m, const int *fds, size_t n)
{
	struct ke_err e;
	size_t used = 0;

	if (m->n > GPU_BATCH || m->from > REGIONS_MAX)
		_exit(2);
	if (m->from + m->n > r.n_regions) {
		r.n_regions = m->from + m->n;
		r.regions = ke_grow(r.regions, r.n_regions,
		    sizeof(*r.regions));
	}
	for (uint32_t i = 0; i < m->n; i++) {
		struct gpu_region *to = &r.regions[m->from + i];

		*to = m->region[i];
		to->at = 0;
		if (to->mapped == 0)
			continue;
		if (used == n || gpu_region_take(to, fds[used++], &e) == -1)
			end(GPU_OPENED, 0, e.msg);
	}
}

static void
unload(void)
{
	if (r.module != NULL && defended(fork))
		(void)gpu.unload(r.module);
	r.module = NULL;
}

/* A module of the variant, without anything that an earlier one wrote. */
static int
load_module(struct loaded *l, uint32_t variant)
{
	int code = 0;

	if (!defended(fork) && l->kept != NULL && l->variant == variant)
		r.module = l->kept;
	else
		code = gpu.load(&r.module, l->images[variant]);
	l->kept = r.module;
	l->variant = variant;
	return code;
}

/* That of the number, or NULL. */
static struct loaded *
find_load(uint32_t number)
{
	for (size_t i = 0; i < r.n_loads; i++)
		if (r.loads[i].head.number == number)
			return &r.loads[i];
	return NULL;
}

/* The cubins of a program, or its end. */
static void
take_load(const struct gpu_load *m, const int *fds, size_t n)
{
	struct loaded *l = find_load(m->number);

	if (l == NULL && n == 0)
		return;
	if (l == NULL)
		l = find_load(0);
	if (l == NULL) {
		r.loads = ke_grow(r.loads, r.n_loads + 1, sizeof(*r.loads));
		l = &r.loads[r.n_loads++];
		*l = (struct loaded){.n = 0};
	}
	for (uint32_t i = 0; i < l->n; i++)
		free(l->images[i]);
	l->n = 0;
	l->kept = NULL;
	l->head = *m;
	if (n == 0)
		l->head.number = 0;
	for (size_t i = 0; i < n && i < VARIANTS_MAX; i++) {
		struct ke_buf b = {0};
		struct ke_err e;
		char path[48];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		if (ke_file_read(path, OBJECT_MAX, &b, &e) == -1)
			end(GPU_FAULTED, 0, e.msg);
		close(fds[i]);
		l->images[l->n++] = b.s;
	}
}

static int
attribute(void *f, int id)
{
	int v = 0;

	return gpu.get(&v, id, f) == 0 ? v : 0;
}

static void
raise_to(int32_t *most, int v)
{
	if (v > *most)
		*most = v;
}

/* Loads the variant and prepares its functions.  -1 once what the device
 * hasn't got was said. */
static int
load_variant(const struct gpu_run *run)
{
	int code;

	unload();
	r.load = find_load(run->load);
	if (run->load == 0 || r.load == NULL || run->variant >= r.load->n)
		end(GPU_FAULTED, 0, "no such variant");
	code = load_module(r.load, run->variant);
	if (code != 0)
		return refuse(gpu_error(code));
	for (uint32_t i = 0; i < run->n_launches; i++) {
		const struct gpu_launch *l = &run->launches[i];
		unsigned threads = l->block[0] * l->block[1] * l->block[2];
		void *f;

		if (gpu.function(&f, r.module, r.load->head.kernel[i]) != 0)
			return refuse("no such kernel");
		r.functions[i] = f;
		raise_to(&r.reply.registers, attribute(f, GPU_F_REGISTERS));
		raise_to(&r.reply.local, attribute(f, GPU_F_LOCAL));
		raise_to(&r.reply.shared, attribute(f, GPU_F_SHARED) +
		    (int)l->shared);
		raise_to(&r.reply.threads, (int)threads);
		if (attribute(f, GPU_F_LOCAL) > LOCAL_MAX && defended(scrub))
			return refuse("more local memory than 16 KB a thread");
		if ((int)threads > attribute(f, GPU_F_THREADS))
			return refuse("more threads in a block than its "
			    "registers allow");
		if (l->shared + (unsigned)attribute(f, GPU_F_SHARED) >
		    (unsigned)r.info.shared_max)
			return refuse("more shared memory than a block can "
			    "have");
		code = gpu.set(f, GPU_F_DYNAMIC, (int)l->shared);
		if (code == 0 && l->cluster[0] * l->cluster[1] *
		    l->cluster[2] > 8)
			code = gpu.set(f, GPU_F_CLUSTERS, 1);
		if (code != 0)
			return refuse(gpu_error(code));
	}
	return 0;
}

/* Pages for a workspace of an execution; larger ones take the place of those
 * that are too small. */
static struct gpu_region *
space(const struct gpu_run *run, uint32_t exec, uint32_t w)
{
	size_t i = (size_t)exec * KE_WORKSPACES_MAX + w;
	struct gpu_region want = gpu_region(run->workspace[w], true, false);
	struct ke_err e;

	if (i >= r.n_spaces) {
		size_t n = i + KE_WORKSPACES_MAX;

		r.spaces = ke_grow(r.spaces, n, sizeof(*r.spaces));
		memset(r.spaces + r.n_spaces, 0, (n - r.n_spaces) *
		    sizeof(*r.spaces));
		r.n_spaces = n;
	}
	if (r.spaces[i].mapped < want.mapped) {
		if (gpu_region_make(&want, NULL, &e) == -1)
			end(GPU_FAULTED, 0, e.msg);
		r.spaces[i] = want; /* the old one ends with the process */
	}
	r.spaces[i].bytes = want.bytes;
	r.spaces[i].data = r.spaces[i].mapped - (want.mapped - want.data);
	return &r.spaces[i];
}

/* All that were ever mapped, those of other runs too: nothing may wait there. */
static void
poison_spaces(const struct gpu_run *run)
{
	for (uint32_t x = 0; x < run->n_execs; x++)
		for (uint32_t w = 0; w < run->n_workspaces; w++)
			(void)space(run, x, w);
	for (size_t i = 0; i < r.n_spaces && defended(poison); i++) {
		gpu_ptr at = r.spaces[i].at;
		int64_t words = (int64_t)r.spaces[i].mapped / 8;
		uint64_t key = run->key + i % KE_WORKSPACES_MAX;
		void *args[] = {&at, &words, &key};

		if (words > 0)
			call(r.poison, (uint64_t)words / 8, args);
	}
}

/* The address of a tensor or, from KE_TENSORS_MAX on, a workspace. */
static gpu_ptr
address(const struct gpu_run *run, uint32_t exec, uint32_t buffer)
{
	uint32_t region;

	if (buffer >= KE_TENSORS_MAX)
		return gpu_region_data(space(run, exec,
		    buffer - KE_TENSORS_MAX));
	region = run->regions[exec * run->n_tensors + buffer];
	return region >= r.n_regions || r.regions[region].at == 0 ? 0
	    : gpu_region_data(&r.regions[region]);
}

struct view {
	_Alignas(64) uint64_t opaque[16];
};

static int
make_view(const struct gpu_run *run, uint32_t exec, const struct gpu_view *v,
    struct view *to)
{
	static const unsigned ones[KE_MAP_RANK_MAX] = {1, 1, 1, 1, 1};
	gpu_ptr at = address(run, exec, v->buffer);
	int code = gpu.tensor_map(to, (int)v->type, v->rank,
	    (void *)(uintptr_t)at, v->shape, v->stride, v->box, ones, 0,
	    (int)v->swizzle, (int)v->promotion, 0);

	return code == 0 ? 0 : refuse("a tensor map: the driver refuses its "
	    "extents, strides, box or swizzle");
}

/* What one launch of one execution passes. */
struct passed {
	void *args[KE_ARGS_MAX];
	union {
		gpu_ptr p;
		int32_t i;
		int64_t l;
	} value[KE_ARGS_MAX];
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
			p->value[i].p = address(run, exec, at) +
			    (gpu_ptr)l->args[i].value;
			break;
		case KE_ARG_WORKSPACE:
			p->value[i].p = address(run, exec,
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
	return 0;
}

static struct passed *
fill_all(const struct gpu_run *run)
{
	struct passed *all = NULL;
	size_t n = (size_t)run->n_execs * run->n_launches;

	if (posix_memalign((void **)&all, 64, n * sizeof(*all) + 64) != 0)
		end(GPU_FAULTED, 0, "no memory");
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
	struct gpu_config c = {.shared = l->shared, .stream = r.stream,
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
			int code = launch(&run->launches[k], r.functions[k],
			    &all[x * run->n_launches + k]);

			if (code == 1 || code == 701 || code == 720) {
				*r.go = 1;
				return refuse(gpu_error(code));
			}
			fault(code, r.load->head.kernel[k]);
		}
	return 0;
}

/* Spins until what is on the stream has ended, or ends this process. */
static void
finish(double deadline_s, const char *where)
{
	double until = ke_now() + deadline_s;
	int code;

	while ((code = gpu.query(r.events[1])) == GPU_NOT_READY)
		if (ke_now() > until && defended(deadline))
			end(GPU_STUCK, 0, where);
	fault(code, where);
}

/* Nothing of the last launch is left where the next could find it. */
static void
scrub(uint64_t key)
{
	static const int sizes[LOCAL_SIZES] = {256, 1024, 4096, 16384};
	int words = r.info.shared_max / 4, kind = 0;
	void *args[] = {&words, &key};
	struct gpu_call c = {.blocks = (unsigned)r.info.sms, .threads = 1024,
	    .shared = (unsigned)r.info.shared_max, .stream = r.stream};
	struct gpu_call l = {.blocks = (unsigned)r.info.sms * 2,
	    .threads = 1024, .stream = r.stream};

	if (!defended(scrub))
		return;
	fault(gpu_call(r.scrub, &c, args), "scrub");
	if (r.reply.local == 0)
		return;
	while (kind + 1 < LOCAL_SIZES && sizes[kind] < r.reply.local)
		kind++;
	fault(gpu_call(r.local[kind], &l, args), "scrub");
}

static void
flush(uint64_t key)
{
	int64_t n = (int64_t)r.flush_bytes / 16;
	unsigned word = (unsigned)key;
	void *write[] = {&r.flush, &n, &word}, *read[] = {&r.flush, &n,
	    &r.never};

	if (!defended(flush))
		return;
	(void)gpu.reset_l2();
	call(r.write, (uint64_t)n / 4, write);
	call(r.read, (uint64_t)n / 4, read);
}

static void
read_clock(int which)
{
	gpu_ptr to = r.clocks + (gpu_ptr)which * sizeof(struct clock_read);
	void *args[] = {&to};
	struct gpu_call c = {.blocks = 1, .threads = 1, .stream = r.stream};

	fault(gpu_call(r.clock, &c, args), "clock");
}

static void
read_times(const struct gpu_run *run)
{
	struct clock_read c[2];
	float ms = 0;

	fault(gpu.elapsed(&ms, r.events[0], r.events[1]), "event");
	r.reply.seconds = (double)ms * 1e-3;
	if (!run->timed)
		return;
	fault(gpu.from(c, r.clocks, sizeof(c)), "clock");
	for (int i = 0; i < 2; i++)
		r.reply.mhz[i] = c[i].ns > 0 ? 1e3 * (double)c[i].cycles /
		    (double)c[i].ns : 0;
}

static void
wait_for_go(void)
{
	char go;

	say(GPU_READY);
	if (read(FD_SOCKET, &go, 1) != 1)
		_exit(0);
}

/* In checks every launch is waited for by itself, so that a fault is its
 * own. */
static int
run_checked(const struct gpu_run *run, struct passed *all)
{
	fault(gpu.record(r.events[0], r.stream), "event");
	for (uint32_t x = 0; x < run->n_execs; x++)
		for (uint32_t k = 0; k < run->n_launches; k++) {
			int code = launch(&run->launches[k], r.functions[k],
			    &all[x * run->n_launches + k]);

			if (code == 1 || code == 701 || code == 720)
				return refuse(gpu_error(code));
			fault(code, r.load->head.kernel[k]);
			fault(gpu.record(r.events[1], r.stream), "event");
			finish(run->deadline_s, r.load->head.kernel[k]);
		}
	return 0;
}

static int
run_timed(const struct gpu_run *run, struct passed *all)
{
	int64_t ns = HOLD_NS;
	void *hold[] = {&r.go_there, &ns};
	struct gpu_call one = {.blocks = 1, .threads = 1, .stream = r.stream};

	scrub(run->key | 1);
	flush(run->key);
	fault(gpu.record(r.events[1], r.stream), "event");
	finish(run->deadline_s, "before");
	wait_for_go();
	*r.go = 0;
	read_clock(0);
	fault(gpu_call(r.hold, &one, hold), "hold");
	fault(gpu.record(r.events[0], r.stream), "event");
	if (launch_all(run, all) == -1)
		return -1;
	/* whose start tells that the last launch has ended */
	fault(gpu_call(r.nothing, &one, NULL), "end");
	fault(gpu.record(r.events[1], r.stream), "event");
	*r.go = 1;
	finish(run->deadline_s, r.load->head.kernel[0]);
	read_clock(1);
	fault(gpu.sync(), "after");
	return 0;
}

static void
run(const struct gpu_run *m)
{
	struct passed *all;
	int status = -1;

	memset(&r.reply, 0, sizeof(r.reply));
	if (m->n_launches > KE_LAUNCHES_MAX || m->n_execs > GPU_EXECS_MAX)
		end(GPU_FAULTED, 0, "a run out of bounds");
	if (load_variant(m) == -1)
		return;
	poison_spaces(m);
	fault(gpu.sync(), "poison");
	all = fill_all(m);
	if (all == NULL)
		return;
	if (!m->timed)
		scrub(m->key | 1);
	status = m->timed ? run_timed(m, all) : run_checked(m, all);
	free(all);
	if (status == -1)
		return;
	read_times(m);
	unload();
	say(GPU_DONE);
}

static void
limit(void)
{
	static const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	if (defended(limits))
		setrlimit(RLIMIT_FSIZE, &none);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int
gpu_runner_main(void)
{
	static union {
		uint32_t kind;
		struct gpu_regions regions;
		struct gpu_load load;
		struct gpu_run run;
		char room[sizeof(struct gpu_run) + sizeof(uint32_t) *
		    GPU_EXECS_MAX * KE_TENSORS_MAX];
	} m;
	int fds[GPU_BATCH];
	size_t n;
	struct ke_err e;
	ssize_t got;

	limit();
	if (gpu_load(&e) == -1 || gpu_open(0, &r.info, &e) == -1)
		end(GPU_OPENED, 1, e.msg);
	open_kernels();
	open_memory();
	known_answer();
	memset(&r.reply, 0, sizeof(r.reply));
	say(GPU_OPENED);
	while ((got = gpu_recv(FD_SOCKET, &m, sizeof(m), fds, &n)) > 0)
		switch (m.kind) {
		case GPU_ATTACH:
			attach(&m.regions, fds, n);
			break;
		case GPU_LOAD:
			take_load(&m.load, fds, n);
			break;
		case GPU_RUN:
			run(&m.run);
			break;
		default:
			return 2;
		}
	return 0;
}
