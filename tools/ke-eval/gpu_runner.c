/* A runner: the process whose context candidates' kernels run in.  It was
 * started by exec, with nothing of ke-eval's environment but which device is
 * the first, and nothing of its memory: it holds no seed, no expected value and
 * no verdict.  Its host code is ours alone; a candidate is what the driver
 * loads from a cubin or a code object.
 *
 * What fails once has lost the context, so it says so and ends. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "compile.h"
#include "defence.h"
#include "file.h"
#include "gpu_kernels.h"
#include "gpu_runner.h"

#define FD_KERNELS 4
#define REGIONS_MAX 65536u

struct gpu_runner_state runner;

void
gpu_say(enum gpu_says what)
{
	runner.reply.says = what;
	if (gpu_send(FD_SOCKET, &runner.reply, sizeof(runner.reply), NULL,
	    0) == -1)
		_exit(1);
}

void
gpu_end(enum gpu_says what, int code, const char *where)
{
	runner.reply.code = code;
	snprintf(runner.reply.why, sizeof(runner.reply.why), "%s%s%s", where,
	    code != 0 ? ": " : "", code != 0 ? gpu_error(code) : "");
	gpu_say(what);
	_exit(1);
}

void
gpu_fault(int code, const char *where)
{
	if (code != 0)
		gpu_end(GPU_FAULTED, code, where);
}

int
gpu_refuse(const char *why)
{
	snprintf(runner.reply.why, sizeof(runner.reply.why), "%s", why);
	gpu_say(GPU_REFUSED);
	return -1;
}

static void *
ours(const char *name)
{
	void *f = NULL;
	int code = gpu.function(&f, runner.kernels, name);

	if (code != 0)
		gpu_end(GPU_OPENED, code, name);
	return f;
}

void
gpu_on_stream(void *function, uint64_t n, void **args)
{
	gpu_fault(gpu_call_over(function, n, 8192, runner.stream, args),
	    "a kernel of the harness");
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
		gpu_end(GPU_OPENED, 0, e.msg);
	code = gpu.load(&runner.kernels, b.s);
	if (code != 0)
		gpu_end(GPU_OPENED, code, "the harness's kernels");
	ke_buf_free(&b);
	close(FD_KERNELS);
	runner.poison = ours("ke_poison");
	runner.hold = ours("ke_hold");
	runner.nothing = ours("ke_nothing");
	runner.scrub = ours("ke_scrub");
	runner.write = ours("ke_flush_write");
	runner.read = ours("ke_flush_read");
	runner.clock = ours("ke_clock");
	for (int i = 0; i < LOCAL_SIZES; i++)
		runner.local[i] = ours(local[i]);
	gpu_fault(gpu.set(runner.scrub, GPU_F_DYNAMIC,
	    runner.info.shared_max), "scrub");
}

static void
open_memory(void)
{
	void *host = NULL;
	int code = gpu.stream(&runner.stream, GPU_NON_BLOCKING);

	runner.flush_bytes = 2 * (size_t)(runner.info.l2 > 0 ? runner.info.l2
	    : 64 << 20);
	for (int i = 0; i < 2 && code == 0; i++)
		code = gpu.event(&runner.events[i], 0);
	if (code == 0)
		code = gpu.alloc(&runner.flush, runner.flush_bytes);
	if (code == 0)
		code = gpu.alloc(&runner.never, 64);
	if (code == 0)
		code = gpu.alloc(&runner.clocks, 2 * sizeof(struct clock_read));
	if (code == 0)
		code = gpu.host_alloc(&host, 64, GPU_HOST_MAPPED);
	if (code == 0)
		code = gpu.host_ptr(&runner.go_there, host, 0);
	if (code != 0)
		gpu_end(GPU_OPENED, code, "memory");
	runner.go = host;
}

/* After a fault of another the device might not compute. */
static void
known_answer(void)
{
	int code = gpu_answers(ours("ke_answer"), runner.flush, runner.stream);

	if (code == -1)
		gpu_end(GPU_OPENED, 0, "the device computes wrongly");
	gpu_fault(code, "known answer");
}

static void
attach(const struct gpu_regions *m, const int *fds, size_t n)
{
	struct ke_err e;
	size_t used = 0;

	if (m->n > GPU_BATCH || m->from > REGIONS_MAX)
		_exit(2);
	if (m->from + m->n > runner.n_regions) {
		runner.n_regions = m->from + m->n;
		runner.regions = ke_grow(runner.regions, runner.n_regions,
		    sizeof(*runner.regions));
	}
	for (uint32_t i = 0; i < m->n; i++) {
		struct gpu_region *to = &runner.regions[m->from + i];

		*to = m->region[i];
		to->at = 0;
		if (to->mapped == 0)
			continue;
		if (used == n || gpu_region_take(to, fds[used++], &e) == -1)
			gpu_end(GPU_OPENED, 0, e.msg);
	}
}

/* Pages for a workspace of an execution; larger ones take the place of those
 * that are too small. */
static struct gpu_region *
space(const struct gpu_run *run, uint32_t exec, uint32_t w)
{
	size_t i = (size_t)exec * KE_WORKSPACES_MAX + w;
	struct gpu_region want = gpu_region(run->workspace[w], true, false);
	struct ke_err e;

	if (i >= runner.n_spaces) {
		size_t n = i + KE_WORKSPACES_MAX;

		runner.spaces = ke_grow(runner.spaces, n,
		    sizeof(*runner.spaces));
		memset(runner.spaces + runner.n_spaces, 0,
		    (n - runner.n_spaces) * sizeof(*runner.spaces));
		runner.n_spaces = n;
	}
	if (runner.spaces[i].mapped < want.mapped) {
		if (gpu_region_make(&want, NULL, &e) == -1)
			gpu_end(GPU_FAULTED, 0, e.msg);
		runner.spaces[i] = want; /* the old one ends with the process */
	}
	runner.spaces[i].bytes = want.bytes;
	runner.spaces[i].data = runner.spaces[i].mapped -
	    (want.mapped - want.data);
	return &runner.spaces[i];
}

void
gpu_poison_spaces(const struct gpu_run *run)
{
	for (uint32_t x = 0; x < run->n_execs; x++)
		for (uint32_t w = 0; w < run->n_workspaces; w++)
			(void)space(run, x, w);
	for (size_t i = 0; i < runner.n_spaces && defended(poison); i++) {
		gpu_ptr at = runner.spaces[i].at;
		int64_t words = (int64_t)runner.spaces[i].mapped / 8;
		uint64_t key = run->key + i % KE_WORKSPACES_MAX;
		void *args[] = {&at, &words, &key};

		if (words > 0)
			gpu_on_stream(runner.poison, (uint64_t)words / 8, args);
	}
}

gpu_ptr
gpu_address(const struct gpu_run *run, uint32_t exec, uint32_t buffer)
{
	uint32_t region;

	if (buffer >= KE_TENSORS_MAX)
		return gpu_region_data(space(run, exec,
		    buffer - KE_TENSORS_MAX));
	region = run->regions[exec * run->n_tensors + buffer];
	return region >= runner.n_regions || runner.regions[region].at == 0 ? 0
	    : gpu_region_data(&runner.regions[region]);
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
gpu_runner_main(char **argv)
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
	const struct gpu_vendor *vendor;
	struct ke_err e;

	vendor = argv[1] == NULL ? NULL : gpu_vendor_find(argv[1]);
	if (vendor == NULL || argv[2] == NULL)
		return 2;
	if (gpu_load(vendor, argv[2], &e) == -1 ||
	    gpu_open(vendor, 0, &runner.info, &e) == -1)
		gpu_end(GPU_OPENED, 0, e.msg);
	open_kernels();
	open_memory();
	known_answer();
	/* the driver has made the files that it makes: HIP's shares memory */
	limit();
	memset(&runner.reply, 0, sizeof(runner.reply));
	gpu_say(GPU_OPENED);
	while (gpu_recv(FD_SOCKET, GPU_FOREVER, &m, sizeof(m), fds, &n) > 0)
		switch (m.kind) {
		case GPU_ATTACH:
			attach(&m.regions, fds, n);
			break;
		case GPU_LOAD:
			gpu_take_load(&m.load, fds, n);
			break;
		case GPU_RUN:
			gpu_run(&m.run);
			break;
		default:
			return 2;
		}
	return 0;
}
