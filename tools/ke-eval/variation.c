/* The outputs of an operator by themselves.  What is constant can be written
 * without computing it; what is smaller than rounding excuses needn't be
 * written. */
#include <math.h>
#include <stdlib.h>

#include "admission.h"

#define VARIES 0.01 /* standard deviation over root mean square, at least */
#define SEEDS 16
#define NEAR 4.0 /* times what is excused, is near 0 */
#define NEAR_SHARE 0.9 /* of the elements, at most: half of a ReLU's are 0 */

static double
value(const struct expected *x, int64_t i)
{
	return x->whole != NULL ? (double)x->whole[i] : x->real[i];
}

static const char *
output_name(const struct admission *a, size_t t)
{
	return a->epoch->op->tensors[t].name;
}

static bool
is_real(const struct admission *a, size_t t)
{
	return ke_dtypes[epoch_type(a->epoch, t)].roundoff > 0;
}

static void
test_finite(struct admission *a, size_t t)
{
	int slot;

	for (size_t l = 0; l < a->epoch->n_cases; l++)
		for (size_t k = 0; k < SEEDS && (slot =
		    admission_declared(&a->epoch->cases[l], k)) != -1; k++) {
			if (a->epoch->cases[l].timed && k > 0)
				break;
			admission_at(a, l, (size_t)slot);
			for (int64_t i = 0; i < a->self.layout->count[t]; i++)
				if (!isfinite(value(&a->self.k->out[t], i))) {
					admission_found(a, "finite", false,
					    "%s[%lld] is not finite on inputs "
					    "as declared", output_name(a, t),
					    (long long)i);
					return;
				}
		}
	admission_found(a, "finite", true, "%s", output_name(a, t));
}

/* The share of elements that a kernel which writes 0 would nearly get right. */
static double
share_near_zero(const struct admission *a, size_t t)
{
	const struct expected *x = &a->self.k->out[t];
	int64_t n = a->self.layout->count[t], near = 0;
	struct rule r = accept_rule(&a->epoch->tolerance,
	    epoch_type(a->epoch, t), a->self.layout->reduction[t], a->self.kind,
	    1);

	for (int64_t i = 0; i < n; i++)
		near += fabs(x->real[i]) < NEAR * (r.u * fabs(x->real[i]) +
		    r.scale * x->scale[i]);
	return n > 0 ? (double)near / (double)n : 0;
}

/* In the case where they are smallest, of those that say something. */
static void
test_size(struct admission *a, size_t t)
{
	double worst = 0;

	for (size_t l = 0; l < a->epoch->n_cases; l++) {
		admission_at(a, l, 0);
		if (a->self.layout->count[t] >= ADMISSION_ELEMENTS)
			worst = fmax(worst, share_near_zero(a, t));
	}
	admission_found(a, "size", worst <= NEAR_SHARE, "%s: %.3g %% of the "
	    "elements are within %g times the tolerance of 0",
	    output_name(a, t), 100 * worst, NEAR);
}

/* Over the drawings of a case, element by element: the standard deviation in
 * units of the root mean square. */
static double
spread_over_seeds(struct admission *a, size_t layout, size_t t)
{
	int64_t n = a->epoch->cases[layout].count[t];
	double *sum = ke_calloc((size_t)n, sizeof(*sum)), sum2 = 0, mean2 = 0;
	size_t k = 0;
	int slot;

	for (; (slot = admission_declared(&a->epoch->cases[layout], k)) != -1;
	    k++) {
		admission_at(a, layout, (size_t)slot);
		for (int64_t i = 0; i < n; i++) {
			double v = value(&a->self.k->out[t], i);

			sum[i] += v;
			sum2 += v * v;
		}
	}
	for (int64_t i = 0; i < n; i++)
		mean2 += sum[i] * sum[i] / (double)k;
	free(sum);
	return sum2 > 0 ? sqrt(fmax(0, sum2 - mean2) / sum2) : 0;
}

static void
test_seeds(struct admission *a, size_t t)
{
	double most = 0;

	for (size_t l = 0; l < a->epoch->n_cases; l++)
		if (!a->epoch->cases[l].timed)
			most = fmax(most, spread_over_seeds(a, l, t));
	admission_found(a, "seeds", most > VARIES, "%s: its standard deviation "
	    "over %d drawings is at most %.3g of its size", output_name(a, t),
	    EPOCH_SEEDS, most);
}

/* Along one axis: deviation from the mean along it, over the size. */
static double
spread_along(const struct admission *a, size_t t, size_t axis)
{
	const int64_t *shape = a->self.layout->shape[t];
	int64_t n = a->self.layout->count[t], inner = 1;
	double sum2 = 0, mean2 = 0;

	for (size_t i = axis + 1; i < a->epoch->op->tensors[t].rank; i++)
		inner *= shape[i];
	for (int64_t i = 0; i < n; i++) {
		double sum = 0;

		if (i / inner % shape[axis] != 0)
			continue;
		for (int64_t k = 0; k < shape[axis]; k++) {
			double v = value(&a->self.k->out[t], i + k * inner);

			sum += v;
			sum2 += v * v;
		}
		mean2 += sum * sum / (double)shape[axis];
	}
	return sum2 > 0 ? sqrt(fmax(0, sum2 - mean2) / sum2) : 0;
}

static void
test_axes(struct admission *a, size_t t)
{
	for (size_t axis = 0; axis < a->epoch->op->tensors[t].rank; axis++) {
		double most = 0;
		bool long_enough = false;

		for (size_t l = 0; l < a->epoch->n_cases; l++) {
			admission_at(a, l, 0);
			if (a->self.layout->shape[t][axis] < 2)
				continue;
			long_enough = true;
			most = fmax(most, spread_along(a, t, axis));
		}
		if (long_enough && most <= VARIES) {
			admission_found(a, "axes", false, "%s: it does not "
			    "vary along axis %zu (%.3g of its size)",
			    output_name(a, t), axis, most);
			return;
		}
	}
	admission_found(a, "axes", true, "%s", output_name(a, t));
}

void
admit_outputs(struct admission *a)
{
	for (size_t t = 0; t < a->epoch->op->n_tensors; t++) {
		if (!admission_out(a, t))
			continue;
		test_finite(a, t);
		if (is_real(a, t))
			test_size(a, t);
		test_seeds(a, t);
		test_axes(a, t);
	}
}
