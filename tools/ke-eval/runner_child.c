/* The process that candidate code runs in.  It is started anew (exec, empty
 * environment) for each candidate, shuts itself in a sandbox, and holds no
 * secret: not the seed, not the expected values, not the clock.  It runs no
 * candidate code itself.  For each segment it forks, so that nothing that a
 * candidate keeps survives into the next one; the fork maps that segment's
 * buffers at addresses not used before, touches them, starts the workers, loads
 * the candidate, has its system calls filtered, and waits for "go". */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "defence.h"
#include "syscalls.h"
#include "sandbox.h"
#include "team.h"

#define PAGE ((size_t)4096)
#define MEMORY ((rlim_t)1 << 30) /* that a candidate may have beside buffers */

/* Where things are in this process: there is one runner in it (and, for attacks
 * on that, one in a thread). */
static _Thread_local struct runner_self {
	struct runner_fds fd;
	bool thread; /* of ke-eval: not a process of its own */
	char path[VARIANTS_MAX][40]; /* of variants */
	struct sandbox sandbox;
	struct sock_fprog *loading, *running;
} self;

static void
leave(int status)
{
	while (self.thread)
		pause(); /* the others go on */
	_exit(status);
}

static void
say(enum wire_kind kind, int status, unsigned layers, const char *why)
{
	struct wire_reply r = {.magic = WIRE_MAGIC, .kind = kind,
	    .status = status, .layers = layers};

	if (why != NULL)
		snprintf(r.why, sizeof(r.why), "%s", why);
	if (write(self.fd.reply, &r, sizeof(r)) != (ssize_t)sizeof(r))
		leave(1);
}

static int
hear(int fd, void *p, size_t n)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = read(fd, to, n);

		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

static int
map_region(char *to, const struct wire_region *r)
{
	int prot = r->output || !defended(seal) ? PROT_READ | PROT_WRITE
	    : PROT_READ;

	return mmap(to, r->bytes, prot, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
	    r->output ? self.fd.outputs : self.fd.inputs,
	    (off_t)r->offset) == MAP_FAILED ? -1 : 0;
}

/* One address range holds every region with an unmapped page on both sides. */
static int
map_regions(struct work *s)
{
	size_t total = PAGE, at = PAGE;
	char *base;

	for (uint32_t i = 0; i < s->head.n_regions; i++)
		total += s->regions[i].bytes + PAGE;
	base = mmap(NULL, total, defended(guard) ? PROT_NONE
	    : PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -1;
	for (uint32_t i = 0; i < s->head.n_regions; i++) {
		const struct wire_region *r = &s->regions[i];

		if (map_region(base + at, r) == -1)
			return -1;
		s->address[i] = base + at + r->data;
		at += r->bytes + PAGE;
	}
	return 0;
}

static bool
has_fork(void)
{
	return defended(fork) && !self.thread;
}

/* Beside the buffers, a little memory; and no more processes or threads. */
static void
limit(const struct work *s)
{
	struct rlimit memory = {MEMORY, MEMORY}, none = {0, 0};

	for (uint32_t i = 0; i < s->head.n_regions; i++)
		memory.rlim_cur += s->regions[i].bytes + PAGE;
	memory.rlim_max = memory.rlim_cur;
	if (!defended(limits) || !has_fork())
		return;
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_NPROC, &none);
}

/* The kernels of a variant; NULL once the reason has been said. */
static wire_call *const *
load(uint32_t variant)
{
	void *so = dlopen(self.path[variant], RTLD_NOW | RTLD_LOCAL);
	wire_call *const *calls = so == NULL ? NULL : dlsym(so, WIRE_CALLS);

	if (calls == NULL)
		say(WIRE_READY, 1, 0, dlerror());
	return calls;
}

static void
close_rest(void)
{
	close(self.fd.command);
	close(self.fd.inputs);
	close(self.fd.outputs);
}

/* In the fork. */
static void
run_segment(struct work *s)
{
	unsigned layers = self.sandbox.layers;
	bool filtered = has_fork() && defended(seccomp);
	wire_call *const *calls;
	struct team *team;
	char go;

	if (map_regions(s) == -1 || (team = team_start(s)) == NULL) {
		leave(1);
		return;
	}
	limit(s);
	if (has_fork() && defended(bare))
		close_rest();
	filtered = filtered && filter_install(self.loading) == 0;
	calls = load(s->head.variant);
	if (calls == NULL)
		return;
	if (filtered && filter_install(self.running) == 0)
		layers |= LAYER_SECCOMP;
	say(WIRE_READY, 0, layers, NULL);
	if (hear(self.fd.reply, &go, 1) == -1) {
		leave(1);
		return;
	}
	say(WIRE_DONE, team_run(team, calls), 0, NULL);
	/* the parent ends it */
	if (has_fork() && defended(end))
		(void)hear(self.fd.reply, &go, 1);
}

static int
hear_work(struct work *s)
{
	size_t regions, execs;

	if (hear(self.fd.command, &s->head, sizeof(s->head)) == -1)
		return -1;
	if (s->head.magic != WIRE_MAGIC || s->head.variant >= VARIANTS_MAX ||
	    *self.path[s->head.variant] == '\0' || s->head.workers == 0)
		return -1;
	regions = s->head.n_regions * sizeof(*s->regions);
	execs = (size_t)s->head.n_execs * s->head.n_buffers *
	    sizeof(*s->execs);
	s->regions = malloc(regions + 1);
	s->execs = malloc(execs + 1);
	s->address = calloc(s->head.n_regions + 1, sizeof(*s->address));
	if (s->regions == NULL || s->execs == NULL || s->address == NULL)
		return -1;
	if (hear(self.fd.command, s->regions, regions) == -1 ||
	    hear(self.fd.command, s->execs, execs) == -1)
		return -1;
	return 0;
}

/* Into the sandbox's own root, if it has one. */
static void
place_variant(int i, bool rooted)
{
	int from = self.fd.variants[i], to;
	char chunk[65536];
	ssize_t got;

	snprintf(self.path[i], sizeof(self.path[i]), rooted ? "/w/%d.so"
	    : "/proc/self/fd/%d", rooted ? i : from);
	if (!rooted)
		return;
	to = open(self.path[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	while (to != -1 && (got = read(from, chunk, sizeof(chunk))) > 0)
		if (write(to, chunk, (size_t)got) != got)
			_exit(1);
	close(to);
	close(from);
}

static void
limit_runner(void)
{
	static const struct {
		int resource;
		rlim_t value;
	} all[] = {{RLIMIT_CORE, 0}, {RLIMIT_FSIZE, 0}, {RLIMIT_MEMLOCK, 0},
	    {RLIMIT_NOFILE, 128}, {RLIMIT_STACK, 64 << 20}};

	if (!defended(limits))
		return;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct rlimit r = {all[i].value, all[i].value};

		setrlimit((__rlimit_resource_t)all[i].resource, &r);
	}
	self.sandbox.layers |= LAYER_LIMITS;
}

static void
shut(int n)
{
	static const char *const none[] = {NULL}, *const root[] = {"/", NULL};
	struct sandbox *s = &self.sandbox;
	bool rooted;

	/* libm's vectors, while there is a file system to load them from */
	(void)dlopen("libmvec.so.1", RTLD_NOW | RTLD_GLOBAL);
	rooted = sandbox_root(s, none, "256m") == 0;
	for (int i = 0; i < n && i < VARIANTS_MAX; i++)
		place_variant(i, rooted);
	if (rooted)
		sandbox_root_close();
	self.loading = filter_loading();
	self.running = filter_running(self.fd.reply, s->layers & LAYER_PID_NS);
	sandbox_drop(s);
	limit_runner();
	sandbox_landlock(s, rooted ? root : none, none);
}

/* One segment, to its end. */
static void
serve(struct work *s)
{
	pid_t pid = has_fork() ? fork() : 0;
	int status = 0;

	if (pid == 0) {
		if (has_fork())
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_segment(s);
		if (has_fork())
			_exit(defended(end));
	}
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	say(WIRE_EXITED, pid == -1 ? -1 : status, 0, NULL);
}

static void
serve_all(void)
{
	say(WIRE_LOADED, 0, self.sandbox.layers, NULL);
	for (;;) {
		struct work s = {0};

		if (hear_work(&s) == -1)
			return;
		serve(&s);
		free(s.regions);
		free(s.execs);
		free(s.address);
	}
}

int
runner_main(int argc, char **argv)
{
	struct pollfd p = {.fd = FD_COMMAND, .events = POLLIN};

	if (argc < 3)
		return 2;
	self.fd = (struct runner_fds){FD_COMMAND, FD_REPLY, FD_INPUTS,
	    FD_OUTPUTS, {0}};
	for (int i = 0; i < VARIANTS_MAX; i++)
		self.fd.variants[i] = FD_VARIANTS + i;
	self.sandbox.layers = (unsigned)strtoul(argv[2], NULL, 10);
	shut((int)strtol(argv[1], NULL, 10));
	/* did the parent die before its death was a signal? */
	if (poll(&p, 1, 0) == 1 && p.revents & POLLHUP)
		return 1;
	serve_all();
	return 0;
}

#ifdef KE_DEFENCES_OFF
void *
runner_thread(void *arg)
{
	struct runner_fds *fds = arg;

	self = (struct runner_self){.fd = *fds, .thread = true};
	for (int i = 0; i < VARIANTS_MAX && fds->variants[i] > 0; i++)
		place_variant(i, false);
	serve_all();
	return NULL;
}
#endif
