/* The keeper: a process with a context of its own, in which inputs are, outputs
 * are poisoned, and what must come out is computed in double precision and
 * compared, on the device, in full. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "defence.h"
#include "file.h"
#include "gpu_keeper.h"
#include "random.h"

struct keeper keeper;

int
keeper_broken(const char *what, int code)
{
	return verdict_set(keeper.v, KE_LOST, "device", "%s: %s", what,
	    gpu_error(code));
}

int
keeper_call(void *module, const char *name, uint64_t n, void **args)
{
	void *f;
	int code = gpu.function(&f, module, name);

	if (code == 0)
		code = gpu_call_over(f, n, 65535, NULL, args);
	return code == 0 ? 0 : keeper_broken(name, code);
}

int
keeper_wait(const char *what)
{
	int code = gpu.sync();

	return code == 0 ? 0 : keeper_broken(what, code);
}

int
keeper_allocate(gpu_ptr *p, uint64_t bytes)
{
	int code = gpu.alloc(p, bytes > 0 ? bytes : 8);

	return code == 0 ? 0 : keeper_broken("memory", code);
}

struct gpu_region *
keeper_region(size_t layout, size_t slot, size_t t)
{
	return &keeper.regions[gpu_region_index(keeper.epoch, layout, slot, t)];
}

static int
poison(struct gpu_region *r, uint64_t key)
{
	gpu_ptr at = r->at;
	int64_t words = (int64_t)r->mapped / 8;
	void *args[] = {&at, &words, &key};

	return keeper_call(keeper.kernels, "ke_poison", (uint64_t)words / 8,
	    args);
}

static int
make_region(size_t layout, size_t slot, size_t t, int *fd, struct ke_err *e)
{
	const struct layout *l = &keeper.epoch->cases[layout];
	const struct slot *s = &l->slots[slot];
	bool output = keeper.epoch->op->tensors[t].role == KE_OUT;
	struct gpu_region *r = keeper_region(layout, slot, t);
	int code;

	*fd = -1;
	if (keeper.epoch->op->tensors[t].role == KE_LET) {
		*r = (struct gpu_region){0};
		return 0;
	}
	*r = gpu_region(l->bytes[t], output, s->flip);
	if (gpu_region_make(r, fd, e) == -1)
		return -1;
	/* what lies beside an input is NaNs to who reads it */
	if (poison(r, random_key(keeper.epoch->seed, 0x6a756e6b) | 1) == -1 ||
	    keeper_wait("poison") == -1)
		return ke_fail(e, "%s", keeper.v->detail);
	if (output || l->bytes[t] == 0)
		return 0;
	code = gpu.to(gpu_region_data(r), file_at(&keeper.epoch->inputs,
	    &s->in[t]), l->bytes[t]);
	return code == 0 ? 0 : ke_fail(e, "copying inputs to the device: %s",
	    gpu_error(code));
}

static int
send_batch(int fd, struct gpu_regions *batch, int *fds)
{
	int some[GPU_BATCH];
	size_t n = 0;

	/* lets have none */
	for (uint32_t i = 0; i < batch->n; i++)
		if (fds[i] != -1)
			some[n++] = fds[i];
	if (gpu_send(fd, batch, sizeof(*batch), some, n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		close(some[i]);
	return 0;
}

/* Makes every region, and sends it. */
static int
make_regions(int fd, struct ke_err *e)
{
	static struct gpu_regions batch;
	const struct epoch *ep = keeper.epoch;
	int fds[GPU_BATCH];
	uint32_t i = 0;

	batch.kind = GPU_ATTACH;
	for (size_t l = 0; l < ep->n_cases; l++)
		for (size_t s = 0; s < ep->cases[l].n_slots; s++)
			for (size_t t = 0; t < ep->op->n_tensors; t++, i++) {
				if (make_region(l, s, t, &fds[batch.n],
				    e) == -1)
					return -1;
				batch.region[batch.n++] = keeper.regions[i];
				if (batch.n < GPU_BATCH &&
				    i + 1 < keeper.n_regions)
					continue;
				batch.from = i + 1 - batch.n;
				if (send_batch(fd, &batch, fds) == -1)
					return ke_fail(e, "ke-eval is gone");
				batch.n = 0;
			}
	return 0;
}

/* There are no more, or why there will be none. */
static void
end_regions(int fd, uint32_t kind, const char *why)
{
	static struct gpu_regions end;

	end.kind = kind;
	end.from = keeper.n_regions;
	snprintf((char *)end.region, sizeof(end.region), "%s", why);
	if (gpu_send(fd, &end, sizeof(end), NULL, 0) == -1 ||
	    kind != GPU_ATTACH)
		_exit(1);
}

static int
poison_outputs(const struct gpu_ask *ask)
{
	for (uint32_t x = 0; x < ask->n_execs; x++)
		for (size_t t = 0; t < keeper.epoch->op->n_tensors; t++) {
			struct gpu_region *r = keeper_region(ask->layout,
			    (ask->slot + x) % ask->n_slots, t);

			if (r->output && defended(poison) &&
			    poison(r, ask->key) == -1)
				return -1;
		}
	return keeper_wait("poison");
}

static int
load(const char *path, void **module, struct ke_err *e)
{
	struct ke_buf b = {0};
	int code;

	if (ke_file_read(path, (size_t)64 << 20, &b, e) == -1)
		return -1;
	code = gpu.load(module, b.s);
	ke_buf_free(&b);
	return code == 0 ? 0 : ke_fail(e, "%s: %s", path, gpu_error(code));
}

static int
known_answer(struct ke_err *e)
{
	void *f;
	int code = gpu.function(&f, keeper.kernels, "ke_answer");

	if (code == 0)
		code = gpu_answers(f, keeper.parts, NULL);
	return code == 0 ? 0 : ke_fail(e, "known answer: %s", code > 0
	    ? gpu_error(code) : "the device computes wrongly");
}

static int
open_device(const char *kernels, const char *reference, struct gpu_info *info,
    struct ke_err *e)
{
	struct epoch *ep = keeper.epoch;
	const struct gpu_vendor *vendor = ep->target->vendor;
	char library[PATH_MAX];
	int code;

	if (!vendor->library(library))
		return ke_fail(e, "%s", vendor->why);
	if (gpu_load(vendor, library, e) == -1 ||
	    gpu_open(vendor, 0, info, e) == -1 ||
	    load(kernels, &keeper.kernels, e) == -1 ||
	    load(reference, &keeper.reference, e) == -1)
		return -1;
	code = gpu.alloc(&keeper.found, GPU_EXECS_MAX * KE_TENSORS_MAX *
	    sizeof(struct found));
	if (code == 0)
		code = gpu.alloc(&keeper.parts, COMPARE_BLOCKS *
		    sizeof(struct part));
	if (code != 0)
		return ke_fail(e, "memory: %s", gpu_error(code));
	keeper.has_host = reference_load(&keeper.host, keeper.reference_so,
	    ep->op, ep->dtype, e) == 0;
	if (!keeper.has_host)
		return -1;
	return known_answer(e);
}

static int
say(int fd, const void *message, size_t bytes)
{
	return gpu_send(fd, message, bytes, NULL, 0);
}

static int
judge(int fd, const struct gpu_ask *ask)
{
	static struct answer answer;

	answer = (struct answer){.verdict.status = KE_PASS};
	for (size_t t = 0; t < KE_TENSORS_MAX; t++)
		answer.ratio[t] = -1;
	keeper.v = &answer.verdict;
	(void)(ask->question == GPU_POISON ? poison_outputs(ask)
	    : keeper_verify(ask, &answer));
	return say(fd, &answer, sizeof(answer));
}

/* -1 where nobody hears the answer. */
static int
answer_one(int fd, const struct gpu_ask *ask)
{
	const struct gpu_vendor *vendor = keeper.epoch->target->vendor;
	static struct gpu_needs needs;
	struct gpu_state state;
	double joules;

	switch (ask->question) {
	case GPU_STATE:
		vendor->read_state(&state);
		return say(fd, &state, sizeof(state));
	case GPU_ENERGY:
		joules = vendor->joules();
		return say(fd, &joules, sizeof(joules));
	case GPU_NEEDS:
		needs = (struct gpu_needs){.verdict.status = KE_PASS};
		keeper.v = &needs.verdict;
		(void)keeper_needs(ask, &needs);
		return say(fd, &needs, sizeof(needs));
	case GPU_POISON:
	case GPU_VERIFY:
		break;
	}
	return judge(fd, ask);
}

void
gpu_keeper(struct epoch *ep, const char *kernels, const char *reference,
    const char *reference_so, int fd)
{
	static struct gpu_hello hello;
	static struct gpu_ask ask;
	struct ke_err e;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	keeper.epoch = ep;
	keeper.reference_so = reference_so;
	keeper.secret = random_key(ep->seed, 0x6b6565);
	keeper.n_regions = gpu_region_count(ep);
	keeper.regions = ke_calloc(keeper.n_regions, sizeof(*keeper.regions));
	for (size_t l = 0; l < ep->n_cases; l++)
		keeper.slots[l] = ke_calloc(ep->cases[l].n_slots,
		    sizeof(*keeper.slots[l]));
	keeper.v = &hello.verdict;
	hello.verdict.status = KE_PASS;
	hello.n_regions = keeper.n_regions;
	if (open_device(kernels, reference, &hello.info, &e) == -1)
		verdict_set(&hello.verdict, KE_LOST, "device", "%s", e.msg);
	if (gpu_send(fd, &hello, sizeof(hello), NULL, 0) == -1 ||
	    hello.verdict.status != KE_PASS)
		_exit(1);
	if (make_regions(fd, &e) == -1 || keeper_hash_inputs(&e) == -1)
		end_regions(fd, 0, e.msg);
	end_regions(fd, GPU_ATTACH, "");
	ep->target->vendor->open_state(hello.info.uuid);
	while (gpu_recv(fd, GPU_FOREVER, &ask, sizeof(ask), NULL, NULL) ==
	    (ssize_t)sizeof(ask))
		if (answer_one(fd, &ask) == -1)
			break;
	_exit(0);
}
