/* The acceptance rule. */
#include <math.h>

#include "accept.h"
#include "defence.h"
#include "draw.h"

/* Up to this relative error in the 2-norm a wrong result is called imprecise:
 * five roundings to bf16, the lowest precision that is likely inside. */
#define IMPRECISE_RMS 0.02
#define LANES 32
#define BIAS_COUNT 4096 /* elements below which a mean error says little */

struct lanes {
	double error2[LANES], ref2[LANES], size2[LANES], error[LANES],
	    bound[LANES];
};

/* The square of an element's size: of what it is, or where its terms cancel,
 * of what they would add up to with random signs. */
static double
size2(const struct rule *r, double ref2, double s)
{
	double likely = s * s / r->terms;

	return ref2 > likely ? ref2 : likely;
}

struct rule
accept_rule(const struct ke_tolerance *t, enum ke_dtype out, double reduction,
    double slack)
{
	double u = ke_dtypes[out].roundoff;
	double acc = ke_dtypes[t->acc].roundoff * sqrt(reduction);

	return (struct rule){.type = out, .u = slack * u,
	    .spacing = ke_dtypes[out].spacing, .scale = slack * t->c * acc,
	    .norm_u = slack * 2 * u, .norm_acc = slack * t->c2 * acc,
	    .infinite = ke_dtypes[out].infinite, .terms = reduction};
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

/* One element, with all that can be wrong with it. */
static void
accept_one(const struct rule *r, double got, double want, double s, int64_t i,
    struct compared *c, struct sums *sum)
{
	double error = got - want, bound;

	/* other terms than those that count here may be infinite */
	if (!isfinite(s))
		s = fabs(want);
	bound = r->u * fabs(want) + r->scale * s + r->spacing;
	if (!isfinite(want) || !isfinite(got)) {
		if (!defended(class))
			return;
		/* the same class and sign, and nothing else, will do; but what
		 * the type can't hold may be infinite */
		if (!(isnan(want) ? isnan(got) : got == want ||
		    (isinf(got) && signbit(got) == signbit(want) &&
		    fabs(want) + bound >= r->infinite)))
			mismatch(c, i, got, want);
		return;
	}
	sum->error2 += error * error;
	sum->ref2 += want * want;
	sum->size2 += size2(r, want * want, s);
	/* what rounding the result alone does is no bias: on few distinct
	 * inputs it is the same each time */
	sum->error += got - draw_rounded(r->type, want);
	sum->bound += bound;
	sum->n++;
	if (fabs(error) > c->ratio * bound && !c->mismatch) {
		c->ratio = fabs(error) / bound;
		c->worst = i;
		c->got = got;
		c->want = want;
	}
}

/* LANES elements of f32 at once, if all are within the bound (so none is NaN
 * or infinite) and none is the worst so far.  Lanes add up by themselves, so
 * that the compiler may use vectors. */
static bool
accept_lanes(const struct rule *r, const float *y, const double *ref,
    const double *s, double ratio, struct lanes *l)
{
	double error[LANES], bound[LANES];
	int bad = 0;

	ratio = ratio < 1 ? ratio : 1;
	for (int k = 0; k < LANES; k++) {
		error[k] = (double)y[k] - ref[k];
		bound[k] = r->u * fabs(ref[k]) + r->scale * s[k] +
		    r->spacing;
		bad |= !((fabs(error[k]) <= ratio * bound[k]) &
		    (bound[k] < INFINITY));
	}
	if (bad)
		return false;
	for (int k = 0; k < LANES; k++) {
		l->error2[k] += error[k] * error[k];
		l->ref2[k] += ref[k] * ref[k];
		l->size2[k] += size2(r, ref[k] * ref[k], s[k]);
		l->error[k] += (double)y[k] - (double)(float)ref[k];
		l->bound[k] += bound[k];
	}
	return true;
}

void
accept_real(const struct rule *r, enum ke_dtype type, const void *y,
    const double *ref, const double *s, int64_t from, int64_t n,
    struct compared *c, struct sums *sum)
{
	struct lanes l = {{0}, {0}, {0}, {0}, {0}};
	int64_t i = 0;

	while (i < n) {
		if (type == KE_F32 && n - i >= LANES && accept_lanes(r,
		    (const float *)y + from + i, ref + i, s + i, c->ratio,
		    &l)) {
			sum->n += LANES;
			i += LANES;
			continue;
		}
		for (int64_t end = n - i < LANES ? n : i + LANES; i < end; i++)
			accept_one(r, draw_read(type, y, from + i), ref[i],
			    s[i], from + i, c, sum);
	}
	for (int k = 0; k < LANES; k++) {
		sum->error2 += l.error2[k];
		sum->ref2 += l.ref2[k];
		sum->size2 += l.size2[k];
		sum->error += l.error[k];
		sum->bound += l.bound[k];
	}
}

void
accept_whole(enum ke_dtype type, const void *y, const int64_t *ref,
    int64_t from, int64_t n, struct compared *c)
{
	for (int64_t i = from; i < from + n; i++) {
		int64_t got = type == KE_I64 ? ((const int64_t *)y)[i]
		    : (int64_t)draw_read(type, y, i);

		if (got != ref[i - from] && defended(element)) {
			mismatch(c, i, (double)got, (double)ref[i - from]);
			return;
		}
	}
}

/* Is the tensor as a whole what rounding excuses?  Where the reference is all
 * zero, the elements' own bound decides. */
static bool
norm_holds(const struct rule *r, const struct sums *sum)
{
	double ref = sqrt(sum->ref2);
	double limit = r->norm_u * ref + r->norm_acc * sqrt(sum->size2) +
	    r->spacing * sqrt((double)sum->n);

	return !defended(norm) || ref == 0 || sqrt(sum->error2) <= limit;
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
	if ((c->ratio <= 1 || !defended(element)) && norm_holds(r, sum) &&
	    (c->bias <= 1 || !defended(bias)))
		return ACCEPT;
	return c->rms <= IMPRECISE_RMS ? IMPRECISE : WRONG;
}
