/* The acceptance rule. */
#include <math.h>

#include "accept.h"
#include "draw.h"

/* Up to this relative error in the 2-norm a wrong result is called imprecise:
 * five roundings to bf16, the lowest precision that is likely inside. */
#define IMPRECISE_RMS 0.02
#define BIAS_COUNT 4096 /* elements below which a mean error says little */

struct rule
accept_rule(const struct ke_tolerance *t, enum ke_dtype out, double reduction,
    double slack)
{
	double u = ke_dtypes[out].roundoff;
	double acc = ke_dtypes[t->acc].roundoff * sqrt(reduction);

	return (struct rule){.u = slack * u, .scale = slack * t->c * acc,
	    .norm = slack * (2 * u + t->c2 * acc)};
}

static void
mismatch(struct compared *c, int64_t i, double got, double want)
{
	if (c->mismatch)
		return;
	c->mismatch = 1;
	c->worst = i;
	c->got = got;
	c->want = want;
	c->ratio = INFINITY;
}

void
accept_real(const struct rule *r, enum ke_dtype type, const void *y,
    const double *ref, const double *s, int64_t from, int64_t n,
    struct compared *c, struct sums *sum)
{
	for (int64_t i = from; i < from + n; i++) {
		double got = draw_read(type, y, i), want = ref[i - from];
		double error = got - want, bound;

		if (!isfinite(want) || !isfinite(got)) {
			/* the same class and sign, and nothing else, will do */
			if (!(isnan(want) ? isnan(got) : got == want))
				mismatch(c, i, got, want);
			continue;
		}
		bound = r->u * fabs(want) + r->scale * s[i - from];
		sum->error2 += error * error;
		sum->ref2 += want * want;
		sum->error += error;
		sum->bound += bound;
		sum->n++;
		/* a bound of 0 asks for the value itself; denormals round to
		 * their own spacing */
		if (fabs(error) > c->ratio * (bound + 1e-45) && !c->mismatch) {
			c->ratio = fabs(error) / (bound + 1e-45);
			c->worst = i;
			c->got = got;
			c->want = want;
		}
	}
}

void
accept_whole(enum ke_dtype type, const void *y, const int64_t *ref,
    int64_t from, int64_t n, struct compared *c)
{
	for (int64_t i = from; i < from + n; i++) {
		int64_t got = type == KE_I64 ? ((const int64_t *)y)[i]
		    : (int64_t)draw_read(type, y, i);

		if (got != ref[i - from]) {
			mismatch(c, i, (double)got, (double)ref[i - from]);
			return;
		}
	}
}

enum accepted
accept_close(const struct rule *r, const struct sums *sum, struct compared *c)
{
	double error = sqrt(sum->error2), ref = sqrt(sum->ref2);

	c->rms = ref > 0 ? error / ref : error > 0 ? INFINITY : 0;
	c->bias = sum->n >= BIAS_COUNT && sum->bound > 0
	    ? 4 * fabs(sum->error) / sum->bound : 0;
	if (c->mismatch)
		return WRONG;
	/* where the reference is all zero, the elements' own bound decides */
	if (c->ratio <= 1 && (c->rms <= r->norm || ref == 0) && c->bias <= 1)
		return ACCEPT;
	return c->rms <= IMPRECISE_RMS ? IMPRECISE : WRONG;
}
