/* The acceptance rule. */
#include <math.h>

#include "accept.h"
#include "defence.h"
#include "draw.h"

/* Up to this relative error in the 2-norm a wrong result is called imprecise:
 * five roundings to bf16, the lowest precision that is likely inside. */
#define IMPRECISE_RMS 0.02
#define IMPRECISE_ELEMENT 0.25 /* and the worst one's, of its terms' size */
#define LANES 32
#define BIAS_COUNT 4096 /* elements below which a mean error says little */
/* by which the norm of n errors may exceed that of many, in 1 / sqrt(n) */
#define FEW 4.0

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
    enum draw_kind kind, double slack)
{
	double u = ke_dtypes[out].roundoff;
	double acc = ke_dtypes[t->acc].roundoff * sqrt(reduction);

	return (struct rule){.type = out, .u = slack * u,
	    .spacing = ke_dtypes[out].spacing, .scale = slack * t->c * acc,
	    .norm_u = slack * 2 * u, .norm_acc = slack * t->c2 * acc,
	    .infinite = ke_dtypes[out].infinite,
	    .terms = kind == DRAW_OUTLIERS ? 1 : reduction};
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

static double
bound_of(const struct rule *r, double want, double s)
{
	return r->u * fabs(want) + r->scale * s + r->spacing;
}

/* Is it infinite, as what the type can't hold may be? */
static bool
overflows(const struct rule *r, double got, double want, double s)
{
	return isinf(got) && signbit(got) == signbit(want) &&
	    fabs(want) + bound_of(r, want, s) >= r->infinite;
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
	bound = bound_of(r, want, s);
	if (!isfinite(want) || !isfinite(got)) {
		if (!defended(class))
			return;
		/* the same class and sign, and nothing else, will do */
		if (!(isnan(want) ? isnan(got) : got == want ||
		    overflows(r, got, want, s)))
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

/* What the norm of the errors of n elements is allowed to be, over that of as
 * many as one likes: of few, chance makes it larger. */
static double
few(int64_t n)
{
	return 1 + FEW / sqrt((double)n);
}

/* Is the tensor as a whole what rounding excuses?  Where the reference is all
 * zero, the elements' own bound decides. */
static bool
norm_holds(const struct rule *r, const struct sums *sum)
{
	double ref = sqrt(sum->ref2), limit;

	if (!defended(norm) || ref == 0)
		return true;
	limit = r->norm_u * ref +
	    r->norm_acc * few(sum->n) * sqrt(sum->size2) +
	    r->spacing * sqrt((double)sum->n);
	return sqrt(sum->error2) <= limit;
}

struct accept_needs
accept_needs(const struct ke_tolerance *t, enum ke_dtype out, double reduction,
    enum draw_kind kind, const double *got, const double *ref,
    const double *scale, int64_t n)
{
	const struct ke_tolerance unit = {.c = 1, .c2 = 1, .acc = t->acc};
	struct rule r = accept_rule(&unit, out, reduction, kind, 1);
	struct rule stored = accept_rule(t, out, reduction, kind, 1);
	double error2 = 0, ref2 = 0, sizes2 = 0;
	struct accept_needs need = {0, 0};

	for (int64_t i = 0; i < n; i++) {
		double error = fmax(0, fabs(got[i] - ref[i]) - r.spacing);

		if (!isfinite(ref[i]) || !isfinite(scale[i]) ||
		    scale[i] <= 0 || overflows(&stored, got[i], ref[i],
		    scale[i]))
			continue;
		need.c = fmax(need.c, isfinite(got[i])
		    ? (error - r.u * fabs(ref[i])) / (r.scale * scale[i])
		    : (double)INFINITY);
		error2 += error * error;
		ref2 += ref[i] * ref[i];
		sizes2 += size2(&r, ref[i] * ref[i], scale[i]);
	}
	if (sizes2 > 0)
		need.c2 = fmax(0, (sqrt(error2) - r.norm_u * sqrt(ref2)) /
		    (r.norm_acc * few(n) * sqrt(sizes2)));
	return need;
}

/* Is the worst element wrong in its first digit?  Its scale is what its bound
 * was made of.  What the type holds as a subnormal may be flushed. */
static bool
is_far(const struct rule *r, const struct compared *c)
{
	double error = fabs(c->got - c->want), u = r->u * fabs(c->want);
	double s = (error / c->ratio - u - r->spacing) / r->scale;

	return c->ratio > 1 && error > IMPRECISE_ELEMENT *
	    sqrt(size2(r, c->want * c->want, s > 0 ? s : 0)) +
	    r->spacing / ke_dtypes[r->type].roundoff;
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
	return c->rms <= IMPRECISE_RMS && !is_far(r, c) ? IMPRECISE : WRONG;
}
