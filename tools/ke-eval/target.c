/* The targets, and the one that is always there. */
#include <math.h>
#include <string.h>

#include "cpu.h"
#include "defence.h"
#include "gpu.h"
#include "lock.h"
#include "measure.h"
#include "play.h"
#include "reference.h"
#include "sample.h"
#include "state.h"
#include "target.h"

#define SLOTS 8           /* distinct inputs of a timed case, at least */
#define SLOT_BYTES_QUICK ((uint64_t)16 << 20) /* what they should add up to */
#define SLOT_BYTES_FULL ((uint64_t)48 << 20)
#define SLOTS_QUICK 128 /* each is mapped for each segment: 3 us a tensor */
#define CACHE_BPS 512e9 /* more than a core's nearest caches carry */
#define CLOCKS 1.05     /* times what the workers had, and CLOCKS_S more, */
#define CLOCKS_S 200e-6 /* the processors' clocks may say */

static int
cpu_lock(const struct target *t, bool exclusive, struct ke_err *e)
{
	(void)t;
	return ke_lock("cpu", exclusive, e);
}

/* So many that they and the outputs do not all stay in the nearest caches. */
static size_t
cpu_slots(const struct epoch *e, const struct layout *l)
{
	uint64_t want = e->full ? SLOT_BYTES_FULL : SLOT_BYTES_QUICK;
	size_t n = SLOTS, most = e->full ? SLOTS_MAX : SLOTS_QUICK;

	while (n < most && (double)n * l->traffic < (double)want)
		n++;
	return n;
}

static int
cpu_open(struct epoch *e, struct verdict *v, struct ke_err *err)
{
	char *so = reference_compile(e->op, e->dtype, IN_DOUBLE, v, err);

	if (so == NULL)
		return -1;
	e->verifier = verifier_start(e, so, err);
	free(so);
	return e->verifier == NULL ? -1 : 0;
}

static void
cpu_close(struct epoch *e)
{
	verifier_stop(e->verifier);
}

static int
cpu_start(struct epoch *e, struct side *s, struct verdict *v,
    struct ke_err *err)
{
	return runner_start(&s->runner, &s->program, e->inputs_ro,
	    s->outputs->fd, v, err);
}

static void
cpu_stop(struct epoch *e, struct side *s)
{
	(void)e;
	runner_stop(&s->runner);
}

static int
cpu_renew(struct epoch *e, struct side *s, bool process, struct verdict *v,
    struct ke_err *err)
{
	if (process)
		runner_stop(&s->runner);
	if (file_renew(s->outputs, err) == -1)
		return -1;
	return process ? cpu_start(e, s, v, err) : 0;
}

static double
cpu_floor_us(const struct race *r)
{
	return 1e6 * r->epoch->cases[r->layout].traffic /
	    (CACHE_BPS * r->epoch->workers);
}

/* The median over the segments of the seconds that its processor clocks say
 * beyond what its workers can have had. */
static double
clock_excess(const struct race *r, size_t i)
{
	double *s = ke_calloc(r->rounds, sizeof(*s)), median;

	for (size_t k = 0; k < r->rounds; k++) {
		const struct timed *t = &r->who[i].at[k];

		s[k] = t->cpu_s - r->epoch->workers * t->seconds * CLOCKS;
	}
	median = stats_quantile(s, r->rounds, 0.5);
	free(s);
	return median - CLOCKS_S;
}

static void
cpu_doubt(const struct race *r, size_t i, struct verdict *v)
{
	double excess = clock_excess(r, i);

	if (excess > 0)
		verdict_set(v, KE_INVALID, "clocks", "the processors' clocks "
		    "say %.3g us a segment more than %d workers had",
		    1e6 * excess, r->epoch->workers);
}

static void
cpu_describe(const struct target *t, cJSON *env, struct ke_buf *key,
    int workers)
{
	(void)t;
	(void)key;
	state_settings(env, "", workers);
}

static double
cpu_joules(struct epoch *e)
{
	(void)e;
	return state_joules("");
}

const struct target target_cpu = {
	.name = "cpu", .toolchain = &toolchain_c, .base = "base.c",
	.set = "small", .epoch = 32, .segments_bytes = 256.0 * 1024 * 1024,
	.queue = SLOTS_MAX,
	.pace = {{6, 16, 48, 0.04, 0.002, 3.0, 8, false},
	    {12, 48, 240, 0.008, 0.005, 4.0, 16, true}},
	.lock = cpu_lock, .slots = cpu_slots, .open = cpu_open,
	.close = cpu_close, .start = cpu_start, .stop = cpu_stop,
	.renew = cpu_renew, .run = play_run_cpu, .verify = play_verify_cpu,
	.probe = measure_probe,
	.floor_us = cpu_floor_us, .doubt = cpu_doubt,
	.describe = cpu_describe, .joules = cpu_joules,
};

const struct target *
target_at(size_t i)
{
	static const struct target *const all[] = {&target_cpu, &target_cuda,
	    &target_hip};

	return i < KE_LEN(all) ? all[i] : NULL;
}

const struct target *
target_find(const char *name)
{
	const struct target *t;
	size_t n = strcspn(name, ":");

	for (size_t i = 0; (t = target_at(i)) != NULL; i++)
		if (strlen(t->name) == n && strncmp(t->name, name, n) == 0)
			break;
	if (t == NULL || name[n] == '\0')
		return t;
	if (t->vendor == NULL || !arch_is(t->vendor->maker, name + n + 1))
		return NULL;
	arch_set(t->vendor->maker, name + n + 1);
	return t;
}

static bool
has_language(const struct target *t, const char *language)
{
	return strcmp(t->toolchain->language, language) == 0 ||
	    (t->other != NULL && strcmp(t->other->language, language) == 0);
}

const struct target *
target_of_language(const char *language)
{
	const struct target *t;

	for (size_t i = 0; (t = target_at(i)) != NULL; i++)
		if (has_language(t, language))
			break;
	return t;
}

const struct toolchain *
target_toolchain(const struct target *t, const cJSON *rec)
{
	const char *language = ke_json_string(rec, "language");
	const struct toolchain *c = language == NULL ? NULL
	    : toolchain_of_language(language);

	if (c != NULL && has_language(t, language))
		return strcmp(t->toolchain->language, language) == 0
		    ? t->toolchain : t->other;
	/* that a text in C is none of CUDA's, its plan will tell */
	return c == NULL || c->form == PLAN_BLOCKS ? t->toolchain : NULL;
}

int
target_probe(const struct target *t, struct ke_err *e)
{
	const struct gpu_info *i;

	if (!toolchain_is_there(t->toolchain))
		return ke_fail(e, "%s", t->toolchain->why());
	if (t->vendor == NULL)
		return 0;
	i = gpu_probe(t->vendor, e);
	if (i == NULL)
		return -1;
	if (*arch_of(t->vendor->maker) == '\0')
		arch_set(t->vendor->maker, i->arch);
	return 0;
}
