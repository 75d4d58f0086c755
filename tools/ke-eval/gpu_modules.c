/* A runner's modules: cubins, and what is loaded of them for a run. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "defence.h"
#include "file.h"
#include "gpu_runner.h"

void
gpu_unload(void)
{
	for (size_t i = 0; i < runner.modules.n && defended(fork); i++)
		(void)gpu.unload(runner.modules.of[i].module);
	runner.modules.n = 0;
}

/* Modules of the variant, without anything that an earlier one wrote: from here
 * on need_module() has them. */
static void
begin_modules(struct loaded *l, uint32_t variant)
{
	if (!defended(fork) && l->variant == variant)
		runner.modules = l->kept;
	l->variant = variant;
}

/* Did the driver refuse what the plan asks for?  Then that was said; any other
 * code is the device's. */
static bool
is_refused(int code)
{
	if (!gpu_is_plans(code))
		gpu_fault(code, "loading");
	else
		(void)gpu_refuse(gpu_error(code));
	return code != 0;
}

/* The module of the cubin that begins there in the variant; -1 once it was
 * refused. */
static int
need_module(struct loaded *l, uint32_t variant, uint32_t at, void **module)
{
	struct modules *all = &runner.modules;
	int code;

	for (size_t i = 0; i < all->n; i++)
		if (all->of[i].at == at) {
			*module = all->of[i].module;
			return 0;
		}
	if (at >= l->bytes[variant])
		gpu_end(GPU_FAULTED, 0, "no such part");
	code = gpu.load(module, (char *)l->images[variant] + at);
	if (is_refused(code))
		return -1;
	all->of[all->n].module = *module;
	all->of[all->n++].at = at;
	l->kept = *all;
	return 0;
}

/* That of the number, or NULL. */
static struct loaded *
find_load(uint32_t number)
{
	for (size_t i = 0; i < runner.n_loads; i++)
		if (runner.loads[i].head.number == number)
			return &runner.loads[i];
	return NULL;
}

void
gpu_take_load(const struct gpu_load *m, const int *fds, size_t n)
{
	struct loaded *l = find_load(m->number);

	if (l == NULL && n == 0)
		return;
	if (l == NULL)
		l = find_load(0);
	if (l == NULL) {
		runner.loads = ke_grow(runner.loads, runner.n_loads + 1,
		    sizeof(*runner.loads));
		l = &runner.loads[runner.n_loads++];
		*l = (struct loaded){.n = 0};
	}
	for (uint32_t i = 0; i < l->n; i++)
		free(l->images[i]);
	l->n = 0;
	l->kept.n = 0;
	l->head = *m;
	if (n == 0)
		l->head.number = 0;
	for (size_t i = 0; i < n && i < VARIANTS_MAX; i++) {
		struct ke_buf b = {0};
		struct ke_err e;
		char path[48];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		if (ke_file_read(path, OBJECT_MAX, &b, &e) == -1)
			gpu_end(GPU_FAULTED, 0, e.msg);
		close(fds[i]);
		l->bytes[l->n] = b.n;
		l->images[l->n++] = b.s;
	}
}

static int
attribute(void *f, int id)
{
	int v = 0;

	gpu_fault(gpu.get(&v, id, f), "attributes");
	return v;
}

static void
raise_to(int32_t *most, int v)
{
	if (v > *most)
		*most = v;
}

int
gpu_load_variant(const struct gpu_run *run)
{
	int code;

	gpu_unload();
	runner.load = find_load(run->load);
	if (run->load == 0 || runner.load == NULL ||
	    run->variant >= runner.load->n)
		gpu_end(GPU_FAULTED, 0, "no such variant");
	begin_modules(runner.load, run->variant);
	for (uint32_t i = 0; i < run->n_launches; i++) {
		const struct gpu_launch *l = &run->launches[i];
		unsigned threads = l->block[0] * l->block[1] * l->block[2];
		void *f, *module;

		if (need_module(runner.load, run->variant, l->at,
		    &module) == -1)
			return -1;
		code = gpu.function(&f, module, runner.load->head.kernel[i]);
		if (code == GPU_NOT_FOUND)
			return gpu_refuse("no such kernel");
		if (is_refused(code))
			return -1;
		runner.functions[i] = f;
		raise_to(&runner.reply.registers,
		    attribute(f, GPU_F_REGISTERS));
		raise_to(&runner.reply.local, attribute(f, GPU_F_LOCAL));
		raise_to(&runner.reply.shared, attribute(f, GPU_F_SHARED) +
		    (int)l->shared);
		raise_to(&runner.reply.threads, (int)threads);
		if (attribute(f, GPU_F_LOCAL) > LOCAL_MAX && defended(scrub))
			return gpu_refuse("more local memory than 16 KB a "
			    "thread");
		if ((int)threads > attribute(f, GPU_F_THREADS))
			return gpu_refuse("more threads in a block than its "
			    "registers allow");
		if (l->shared + (unsigned)attribute(f, GPU_F_SHARED) >
		    (unsigned)runner.info.shared_max)
			return gpu_refuse("more shared memory than a block can "
			    "have");
		code = gpu.set(f, GPU_F_DYNAMIC, (int)l->shared);
		if (code == 0 && l->cluster[0] * l->cluster[1] *
		    l->cluster[2] > 8)
			code = gpu.set(f, GPU_F_CLUSTERS, 1);
		if (is_refused(code))
			return -1;
	}
	return 0;
}
