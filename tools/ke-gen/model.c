/* What the measured points of a space say of those that weren't measured.
 * The method is that of Jones, Schonlau and Welch (1998), on a grid. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "model.h"

#define POINTS 64 /* at most: the work grows with the cube */
#define NOISE_PASSED 0.02
#define NOISE_KIN 0.1
#define NOISE_UNKNOWN 0.5

/* Tried in turn; the likeliest is kept. */
static const struct {
	double decay; /* of the correlation, per step between values */
	double share; /* of the part that adds */
} shapes[] = {{0.3, 0.8}, {0.3, 0.4}, {0.9, 0.8}, {0.9, 0.4}};

static void
set_shape(struct model *m, size_t i)
{
	for (size_t d = 0; d < MODEL_STEPS; d++)
		m->alike[d] = exp(-shapes[i].decay * (double)d);
	m->share = shapes[i].share;
}

static double
covariance(const struct model *m, const struct point *a,
    const struct point *b)
{
	size_t n = m->space->plan->n_tune;
	double sum = 0, product = 1;

	for (size_t t = 0; t < n; t++) {
		uint32_t d = a->at[t] > b->at[t] ? a->at[t] - b->at[t]
		    : b->at[t] - a->at[t];
		double v = d < MODEL_STEPS ? m->alike[d] : 0;

		sum += v;
		product *= v;
	}
	return n == 0 ? 1
	    : m->share * sum / (double)n + (1 - m->share) * product;
}

/* The points to learn from: the newest, and the best ones beside them. */
static void
pick_points(struct model *m, const struct observed **from)
{
	const struct family *f = m->space->family;
	size_t skip = f->n > POINTS ? f->n - POINTS : 0;

	for (size_t i = skip; i < f->n; i++)
		from[m->n++] = &f->all[i];
	for (size_t i = 0; i < skip; i++) {
		size_t worst = 0;

		/* the older half gives way to what was better before it */
		if (f->all[i].outcome != PASSED)
			continue;
		for (size_t k = 1; k < POINTS / 2; k++)
			if (from[worst]->outcome == PASSED &&
			    (from[k]->outcome != PASSED ||
			    from[k]->y < from[worst]->y))
				worst = k;
		if (from[worst]->outcome != PASSED ||
		    from[worst]->y < f->all[i].y)
			from[worst] = &f->all[i];
	}
}

/* Targets with mean 0 and deviation 1 over what passed. */
static void
standardise(struct model *m, const struct observed **from, double *y)
{
	double n = 0, mean = 0, dev = 0, worst = 0;

	for (size_t i = 0; i < m->n; i++)
		if (from[i]->outcome == PASSED) {
			n++;
			mean += from[i]->y;
		}
	mean = n > 0 ? mean / n : 0;
	for (size_t i = 0; i < m->n; i++)
		if (from[i]->outcome == PASSED)
			dev += (from[i]->y - mean) * (from[i]->y - mean);
	dev = n > 1 && dev > 1e-12 ? sqrt(dev / n) : 1;
	m->best = n > 0 ? -INFINITY : 0;
	for (size_t i = 0; i < m->n; i++) {
		y[i] = from[i]->outcome == PASSED ? (from[i]->y - mean) / dev
		    : 0;
		worst = fmin(worst, y[i]);
		if (from[i]->outcome == PASSED)
			m->best = fmax(m->best, y[i]);
	}
	for (size_t i = 0; i < m->n; i++)
		if (from[i]->outcome == FAILED)
			y[i] = fmin(worst, -1);
}

/* Four sums at once: one would wait for each of its additions. */
static double
dot(const double *a, const double *b, size_t n)
{
	double s[4] = {0, 0, 0, 0};
	size_t i = 0;

	for (; i + 4 <= n; i += 4)
		for (size_t k = 0; k < 4; k++)
			s[k] += a[i + k] * b[i + k];
	for (; i < n; i++)
		s[0] += a[i] * b[i];
	return s[0] + s[1] + (s[2] + s[3]);
}

/* Solves factor x = b (forward), in place. */
static void
forward(const struct model *m, double *b)
{
	for (size_t i = 0; i < m->n; i++) {
		const double *row = m->factor + i * m->n;

		b[i] = (b[i] - dot(row, b, i)) / row[i];
	}
}

static void
backward(const struct model *m, double *b)
{
	for (size_t i = m->n; i-- > 0;) {
		b[i] /= m->factor[i * m->n + i];
		for (size_t k = 0; k < i; k++)
			b[k] -= m->factor[i * m->n + k] * b[i];
	}
}

/* What another text gained is less than sure here. */
static double
noise(const struct model *m, const struct observed *o)
{
	return o->outcome == UNKNOWN ? NOISE_UNKNOWN
	    : o->of != m->space ? NOISE_KIN : NOISE_PASSED;
}

static void
factorise(struct model *m, const struct observed **from)
{
	for (size_t i = 0; i < m->n; i++) {
		double *row = m->factor + i * m->n;

		for (size_t k = 0; k <= i; k++) {
			const double *other = m->factor + k * m->n;
			double v = covariance(m, m->points[i], m->points[k]) -
			    dot(row, other, k);

			if (k < i) {
				row[k] = v / other[k];
				continue;
			}
			v += noise(m, from[i]);
			row[i] = sqrt(fmax(v, 1e-9));
		}
	}
}

/* Fits with the model's shape; the log likelihood, less a constant. */
static double
fit(struct model *m, const struct observed **from, const double *y)
{
	double likely = 0;

	factorise(m, from);
	memcpy(m->weights, y, m->n * sizeof(*y));
	forward(m, m->weights);
	for (size_t i = 0; i < m->n; i++)
		likely -= 0.5 * m->weights[i] * m->weights[i] +
		    log(m->factor[i * m->n + i]);
	backward(m, m->weights);
	return likely;
}

static void
count_values(struct model *m)
{
	const struct space *s = m->space;

	for (size_t t = 0; t < s->plan->n_tune; t++) {
		size_t n = space_values(s, t);

		m->count[t].passed = ke_calloc(2 * n, sizeof(uint32_t));
		m->count[t].failed = m->count[t].passed + n;
		for (size_t i = 0; i < s->family->n; i++) {
			const struct observed *o = &s->family->all[i];

			m->count[t].passed[o->p.at[t]] += o->outcome == PASSED;
			m->count[t].failed[o->p.at[t]] += o->outcome == FAILED;
		}
	}
}

void
model_fit(struct model *m, const struct space *s)
{
	const struct observed **from = ke_calloc(POINTS, sizeof(*from));
	double y[POINTS], best = -INFINITY;
	size_t shape = 0;

	*m = (struct model){.space = s};
	pick_points(m, from);
	m->points = ke_calloc(m->n, sizeof(*m->points));
	m->factor = ke_calloc(m->n * m->n, sizeof(double));
	m->weights = ke_calloc(m->n, sizeof(double));
	m->scratch = ke_calloc(m->n, sizeof(double));
	for (size_t i = 0; i < m->n; i++)
		m->points[i] = &from[i]->p;
	standardise(m, from, y);
	for (size_t i = 0; i < KE_LEN(shapes); i++) {
		double likely;

		set_shape(m, i);
		likely = fit(m, from, y);
		if (likely > best) {
			best = likely;
			shape = i;
		}
	}
	set_shape(m, shape);
	fit(m, from, y);
	count_values(m);
	free(from);
}

void
model_free(struct model *m)
{
	for (size_t t = 0; t < m->space->plan->n_tune; t++)
		free(m->count[t].passed);
	free(m->points);
	free(m->factor);
	free(m->weights);
	free(m->scratch);
}

static double
only_failed(const struct model *m, const struct point *p)
{
	double factor = 1;

	for (size_t t = 0; t < m->space->plan->n_tune; t++)
		if (m->count[t].failed[p->at[t]] > 1 &&
		    m->count[t].passed[p->at[t]] == 0)
			factor *= 0.1;
	return factor;
}

double
model_promise(const struct model *m, const struct point *p)
{
	double mean = 0, var = 1 + NOISE_PASSED, z, dev;

	for (size_t i = 0; i < m->n; i++) {
		m->scratch[i] = covariance(m, m->points[i], p);
		mean += m->weights[i] * m->scratch[i];
	}
	forward(m, m->scratch);
	for (size_t i = 0; i < m->n; i++)
		var -= m->scratch[i] * m->scratch[i];
	dev = sqrt(fmax(var, 1e-9));
	z = (mean - m->best) / dev;
	return only_failed(m, p) * dev * (z * 0.5 * erfc(-z * M_SQRT1_2) +
	    exp(-0.5 * z * z) / sqrt(2 * M_PI));
}
