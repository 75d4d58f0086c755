/* Inputs: what op.json declares, and the battery. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "draw.h"
#include "random.h"

#define SHARES_MAX 64
#define SHARE_ELEMENTS ((int64_t)1 << 18) /* a thread for fewer is a loss */

#define DRAW_NAME(name, text) text,
static const char *const kind_names[] = {DRAW_KINDS(DRAW_NAME)};

const char *
draw_kind_name(enum draw_kind k)
{
	return kind_names[k];
}

size_t
draw_kinds(const struct ke_op *op)
{
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].draw.special != 0)
			return DRAW_KIND_COUNT;
	return DRAW_SPECIAL;
}

double
draw_read(enum ke_dtype type, const void *p, int64_t i)
{
	switch (type) {
	case KE_F32:
		return (double)((const float *)p)[i];
	case KE_F64:
		return ((const double *)p)[i];
	case KE_I32:
		return ((const int32_t *)p)[i];
	case KE_I64:
		return (double)((const int64_t *)p)[i];
	case KE_U8:
		return ((const uint8_t *)p)[i];
	case KE_F16:
		return ke_f16(((const uint16_t *)p)[i]);
	case KE_BF16:
		return ke_bf16(((const uint16_t *)p)[i]);
	case KE_DTYPE_COUNT:
		break;
	}
	return NAN;
}

void
draw_write(enum ke_dtype type, void *p, int64_t i, double v)
{
	switch (type) {
	case KE_F32:
		((float *)p)[i] = (float)v;
		break;
	case KE_F64:
		((double *)p)[i] = v;
		break;
	case KE_I32:
		((int32_t *)p)[i] = (int32_t)v;
		break;
	case KE_I64:
		((int64_t *)p)[i] = (int64_t)v;
		break;
	case KE_U8:
		((uint8_t *)p)[i] = (uint8_t)v;
		break;
	case KE_F16:
		((uint16_t *)p)[i] = ke_f16_of(v);
		break;
	case KE_BF16:
		((uint16_t *)p)[i] = ke_bf16_of(v);
		break;
	case KE_DTYPE_COUNT:
		break;
	}
}

double
draw_rounded(enum ke_dtype type, double v)
{
	switch (type) {
	case KE_F32:
		return (double)(float)v;
	case KE_F16:
		return ke_f16(ke_f16_of(v));
	case KE_BF16:
		return ke_bf16(ke_bf16_of(v));
	default:
		return v;
	}
}

/* Box and Muller 1958: one normal from two words. */
static double
normal(uint64_t key, uint64_t i)
{
	double u = 1 - random_unit(key, 2 * i);
	double v = random_unit(key, 2 * i + 1);

	return (double)(sqrtf(-2 * logf((float)u)) *
	    cosf(6.2831853f * (float)v));
}

/* One in eight, of those that the operator defines. */
static double
special(const struct ke_draw *d, uint64_t key, uint64_t n)
{
	uint64_t r = random_word(~key, n);
	double sign = r & 1 ? 1 : -1;
	enum ke_special k = (enum ke_special)(r / 16 % KE_SPECIAL_COUNT);

	if (d->special == 0 || r / 2 % 8 != 0)
		return normal(key, n);
	while ((d->special & 1u << k) == 0)
		k = (enum ke_special)((k + 1) % KE_SPECIAL_COUNT);
	switch (k) {
	case KE_SPECIAL_NAN:
		return NAN;
	case KE_SPECIAL_INF:
		return sign * (double)INFINITY;
	case KE_SPECIAL_MINUS_0:
		return -0.0;
	case KE_SPECIAL_DENORMAL:
		return sign * 1e-40;
	case KE_SPECIAL_COUNT:
		break;
	}
	return 0;
}

static double
floating(const struct ke_draw *d, enum draw_kind kind, enum ke_dtype type,
    double a, double b, uint64_t key, int64_t i, int64_t count, int64_t last)
{
	uint64_t n = (uint64_t)i, hot;

	switch (kind) {
	case DRAW_DECLARED:
		return d->dist == KE_NORMAL ? a + b * normal(key, n)
		    : a + (b - a) * random_unit(key, n);
	case DRAW_NORMAL:
		return normal(key, n);
	case DRAW_TINY:
		return 1e-3 * normal(key, n);
	case DRAW_LARGE:
		return (type == KE_F16 ? 8 : 64) * normal(key, n);
	case DRAW_SHIFTED:
		return 5 + normal(key, n);
	case DRAW_OUTLIERS:
		return normal(key, n) *
		    (random_word(~key, n) % 1000 != 0 ? 1
		    : type == KE_F16 ? 100 : 1e4);
	case DRAW_ONE_HOT:
		hot = random_word(key, 0) % 3 == 0 ? (uint64_t)count - 1
		    : random_word(key, 1) % (uint64_t)count;
		return n == hot ? 1 : 0;
	case DRAW_INTEGERS:
		return (double)(random_word(key, n) % 5) - 2;
	case DRAW_TAIL: /* the last part of each row alone */
		return i % last >= last - 1 - (last - 1) / 8
		    ? normal(key, n) : 0;
	case DRAW_SPECIAL:
		return special(d, key, n);
	case DRAW_KIND_COUNT:
		break;
	}
	return 0;
}

/* Whole numbers in [lo, hi].  The battery's kinds keep the declared range and
 * lean to its ends. */
static int64_t
whole(enum draw_kind kind, int64_t lo, int64_t hi, uint64_t key, uint64_t i)
{
	uint64_t span = (uint64_t)hi - (uint64_t)lo + 1;
	uint64_t r = random_word(key, i);

	if (kind == DRAW_TINY || (kind == DRAW_ONE_HOT && r % 8 != 0))
		return lo;
	if (kind == DRAW_LARGE)
		return hi;
	if (kind == DRAW_OUTLIERS || kind == DRAW_TAIL)
		return r & 1 ? lo : hi;
	return span == 0 ? (int64_t)r : (int64_t)((uint64_t)lo + r % span);
}

/* Ascending and distinct: the k-th of n strata of the range gives one. */
static int64_t
stratum(int64_t lo, int64_t hi, uint64_t key, int64_t k, int64_t n)
{
	uint64_t width = ((uint64_t)hi - (uint64_t)lo + 1) / (uint64_t)n;

	return (int64_t)((uint64_t)lo + (uint64_t)k * width +
	    random_word(key, (uint64_t)k) % width);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Rows ascend and end in infinity. */
static void
make_borders(enum ke_dtype type, void *to, int64_t count, int64_t last)
{
	double *row = ke_calloc((size_t)last, sizeof(*row));

	for (int64_t from = 0; from < count; from += last) {
		for (int64_t i = 0; i < last; i++)
			row[i] = draw_read(type, to, from + i);
		qsort(row, (size_t)last, sizeof(*row), compare);
		row[last - 1] = INFINITY;
		for (int64_t i = 0; i < last; i++)
			draw_write(type, to, from + i, row[i]);
	}
	free(row);
}

static int
end_value(const char *expr, double number, const struct ke_scope *s,
    double *out, struct ke_err *e)
{
	int64_t v;

	*out = number;
	if (expr == NULL)
		return 0;
	if (ke_expr(expr, s, &v, e) == -1)
		return -1;
	*out = (double)v;
	return 0;
}

/* The type's next value in that direction (1 or -1); v itself where that would
 * be infinite or denormal.  1.25 roundoffs of v are 0.6 to 1.25 of what lies
 * between it and the next. */
static double
beside(enum ke_dtype type, double v, int direction)
{
	const struct ke_dtype_info *t = &ke_dtypes[type];
	double w = type == KE_F64 ? nextafter(v, direction * (double)INFINITY)
	    : draw_rounded(type, v + 1.25 * direction * t->roundoff * fabs(v));

	return isfinite(w) && fabs(w) >= t->spacing / (2 * t->roundoff) ? w : v;
}

/* Is the element one of another tensor, or one beside it?  Then it goes to *v. */
static bool
sampled(const struct ke_draw *d, enum ke_dtype type, const void *from,
    int64_t from_count, uint64_t key, int64_t i, double *v)
{
	uint64_t n = (uint64_t)i;
	double r = random_unit(~key, n);

	if (d->dist != KE_SAMPLE || from_count == 0 || r >= d->hit + d->near)
		return false;
	*v = draw_read(type, from, (int64_t)(random_word(key, n) %
	    (uint64_t)from_count));
	if (r >= d->hit)
		*v = beside(type, *v, r < d->hit + d->near / 2 ? 1 : -1);
	return true;
}

/* What the elements of a tensor are drawn from. */
struct from {
	const struct ke_tensor *tensor;
	enum ke_dtype type;
	enum draw_kind kind;
	double a, b;
	uint64_t key;
	void *to;
	int64_t count, last;
	const void *sample;
	int64_t sample_count;
};

static double
element(const struct from *f, int64_t i)
{
	const struct ke_draw *d = &f->tensor->draw;
	int64_t lo = (int64_t)f->a, hi = (int64_t)f->b;
	double v;

	if (d->dist == KE_SORTED_DISTINCT)
		return (double)stratum(lo, hi, random_key(f->key,
		    (uint64_t)(i / f->last)), i % f->last, f->last);
	if (sampled(d, f->type, f->sample, f->sample_count, f->key, i, &v))
		return v;
	if (ke_dtypes[f->type].roundoff == 0)
		return (double)whole(f->kind, lo, hi, f->key, (uint64_t)i);
	return floating(d, f->kind, f->type, f->a, f->b, f->key, i, f->count,
	    f->last);
}

/* Elements are drawn by themselves, so many threads may. */
struct share {
	const struct from *from;
	int64_t begin, end;
	pthread_t thread;
};

static void *
draw_share(void *arg)
{
	const struct share *s = arg;

	for (int64_t i = s->begin; i < s->end; i++)
		draw_write(s->from->type, s->from->to, i,
		    element(s->from, i));
	return NULL;
}

static void
draw_elements(const struct from *f)
{
	struct share shares[SHARES_MAX] = {{.from = f, .end = f->count}};
	int64_t n = f->count / SHARE_ELEMENTS, online =
	    sysconf(_SC_NPROCESSORS_ONLN);

	n = n > online ? online : n;
	n = n > SHARES_MAX ? SHARES_MAX : n < 1 ? 1 : n;
	for (int64_t i = 0; i < n; i++) {
		struct share *s = &shares[i];

		*s = (struct share){.from = f, .begin = f->count / n * i,
		    .end = i + 1 == n ? f->count : f->count / n * (i + 1)};
		if (i + 1 == n || pthread_create(&s->thread, NULL, draw_share,
		    s) != 0) {
			s->end = f->count;
			draw_share(s);
			n = i + 1;
		}
	}
	for (int64_t i = 0; i + 1 < n; i++)
		pthread_join(shares[i].thread, NULL);
}

static int
check_integers(const struct from *f, struct ke_err *e)
{
	int64_t lo = (int64_t)f->a, hi = (int64_t)f->b;

	if (hi < lo)
		return ke_fail(e, "%s: draw: max is below min",
		    f->tensor->name);
	if (f->tensor->draw.dist == KE_SORTED_DISTINCT &&
	    (uint64_t)hi - (uint64_t)lo + 1 < (uint64_t)f->last)
		return ke_fail(e, "%s: draw: %lld distinct values do not fit",
		    f->tensor->name, (long long)f->last);
	return 0;
}

int
draw_tensor(const struct ke_op *op, size_t t, enum ke_dtype type,
    enum draw_kind kind, const struct ke_scope *s, uint64_t key, void *to,
    int64_t count, int64_t last, void *const *drawn, const int64_t *counts,
    struct ke_err *e)
{
	const struct ke_tensor *tensor = &op->tensors[t];
	const struct ke_draw *d = &tensor->draw;
	struct from f = {.tensor = tensor, .type = type, .kind = kind,
	    .key = random_key(key, t), .to = to, .count = count, .last = last,
	    .sample = d->from == -1 ? NULL : drawn[d->from],
	    .sample_count = d->from == -1 ? 0 : counts[d->from]};

	if (end_value(d->lo, d->a, s, &f.a, e) == -1 ||
	    end_value(d->hi, d->b, s, &f.b, e) == -1)
		return -1;
	if (ke_dtypes[type].roundoff == 0 && check_integers(&f, e) == -1)
		return -1;
	draw_elements(&f);
	if (d->dist == KE_BORDERS && ke_dtypes[type].roundoff > 0)
		make_borders(type, to, count, last);
	return 0;
}

void
draw_absolute(enum ke_dtype type, void *p, int64_t count)
{
	if (ke_dtypes[type].roundoff == 0)
		return;
	for (int64_t i = 0; i < count; i++)
		draw_write(type, p, i, fabs(draw_read(type, p, i)));
}

static double
round_bits(double v, int bits)
{
	int exponent;
	double m = frexp(v, &exponent);

	return isfinite(v) ? ldexp(nearbyint(ldexp(m, bits)), exponent - bits)
	    : v;
}

void
draw_round(enum ke_dtype type, void *p, int64_t count, int bits)
{
	if (ke_dtypes[type].roundoff == 0)
		return;
	for (int64_t i = 0; i < count; i++)
		draw_write(type, p, i, round_bits(draw_read(type, p, i), bits));
}
