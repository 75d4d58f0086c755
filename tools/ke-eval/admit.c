/* ke-eval -A: is an operator fit to be measured with?  ke-op(5), ADMISSION.
 *
 * The baseline is judged as any candidate is, in processes of its own.  What
 * else is asked concerns ref.c, which runs here: an operator is what decides,
 * and is trusted as far as the tool is. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "admit.h"
#include "target.h"
#include "calibrate.h"
#include "spawn.h"

#define CHECKS 6 /* check cases, at least */
#define EPOCHS 2 /* in which the baseline has to pass */

void
admission_found(struct admission *a, const char *test, bool pass,
    const char *fmt, ...)
{
	cJSON *o = cJSON_CreateObject();
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ke_json_set_string(o, "test", test);
	ke_json_set_string(o, "result", pass ? "pass" : "fail");
	ke_json_set_string(o, "detail", line);
	cJSON_AddItemToArray(a->tests, o);
	if (!pass && a->refused.n == 0)
		ke_buf_fmt(&a->refused, "%s: %s", test, line);
}

bool
admission_out(const struct admission *a, size_t t)
{
	return a->epoch->op->tensors[t].role == KE_OUT;
}

int
admission_declared(const struct layout *l, size_t k)
{
	for (size_t i = 0; i < l->n_slots; i++)
		if (l->slots[i].kind == DRAW_DECLARED &&
		    l->slots[i].bits == 0 && k-- == 0)
			return (int)i;
	return -1;
}

void
admission_at(struct admission *a, size_t layout, size_t slot)
{
	struct self *s = &a->self;

	s->layout = &a->epoch->cases[layout];
	s->k = &s->known[layout][slot];
	s->kind = s->layout->slots[slot].kind;
	if (!s->k->open)
		expected_open(s, &s->layout->slots[slot], &s->k->ref);
	s->k->open = true;
	for (size_t t = 0; t < a->epoch->op->n_tensors; t++)
		if (admission_out(a, t))
			expected_reference(s, t);
}

static bool
is_prime(int64_t n)
{
	for (int64_t k = 2; k * k <= n; k++)
		if (n % k == 0)
			return false;
	return n > 1;
}

static bool
is_power(int64_t n)
{
	return n >= 8 && (n & (n - 1)) == 0;
}

/* Are there enough check cases, and among them what tiles don't fit? */
static void
test_checks(struct admission *a)
{
	const struct ke_op *op = a->epoch->op;
	int n = 0, ones = 0, primes = 0, odd = 0;

	for (size_t i = 0; i < op->n_cases; i++) {
		bool one = false, prime = false, beside = false;

		if (strcmp(op->cases[i].set, "check") != 0)
			continue;
		n++;
		for (size_t k = 0; k < op->n_dims; k++) {
			int64_t d = op->cases[i].dims[k];

			one = one || d == 1;
			prime = prime || (d > 4 && is_prime(d));
			beside = beside || is_power(d - 1) || is_power(d + 1);
		}
		ones += one;
		primes += prime;
		odd += beside;
	}
	admission_found(a, "checks", n >= CHECKS && ones > 0 && primes > 0 &&
	    odd > 0, "%d check cases (at least %d), with a dim of 1: %d, a "
	    "prime above 4: %d, one beside a power of two from 8 on: %d", n,
	    CHECKS, ones, primes, odd);
}

static void
test_work(struct admission *a)
{
	const struct ke_op *op = a->epoch->op;
	const char *bad = op->flops == NULL ? "flops are not given" : NULL;

	for (size_t i = 0; i < a->epoch->n_cases && bad == NULL; i++)
		if (!a->epoch->cases[i].timed)
			continue;
		else if (!(a->epoch->cases[i].flops > 0))
			bad = "flops are not above 0 in a timed case";
		else if (!(a->epoch->cases[i].traffic > 0))
			bad = "bytes are not above 0 in a timed case";
	admission_found(a, "work", bad == NULL, "%s", bad != NULL ? bad
	    : "flops and bytes are above 0 in every timed case");
}

/* Did the device fail, of which the operator is not to blame? */
static bool
lost(const struct epoch *x, struct ke_err *e)
{
	if (x->down.status == KE_PASS)
		return false;
	ke_fail(e, "%s", x->down.detail);
	return true;
}

/* Does the baseline pass on all that is ever drawn?  0, or -1 with the reason
 * where the system failed. */
static int
test_base(struct admission *a, struct ke_err *e)
{
	const struct epoch *x = a->epoch;
	bool is_op = false;

	for (int i = 0; i < EPOCHS; i++) {
		struct epoch *full = epoch_check(x->target, x->op,
		    ke_dtypes[x->dtype].name, x->set, x->workers, x->jobs,
		    &is_op, e);

		if (full == NULL && !is_op)
			return -1;
		if (full == NULL) {
			admission_found(a, "baseline", false, "%s", e->msg);
			return 0;
		}
		if (lost(full, e)) {
			epoch_close(full);
			return -1;
		}
		epoch_close(full);
	}
	admission_found(a, "baseline", true, "%s passes all cases with "
	    "the whole battery, %d times", x->target->base, EPOCHS);
	return 0;
}

static void
set_needs(cJSON *o, const char *name, const struct ke_needs *n)
{
	cJSON *pair = cJSON_CreateArray();

	cJSON_AddItemToArray(pair, cJSON_CreateNumber(n->honest));
	cJSON_AddItemToArray(pair, cJSON_CreateNumber(
	    n->lower < 1e9 ? n->lower : 1e9));
	ke_json_set(o, name, pair);
}

/* What op.json should hold. */
static cJSON *
proposal(const struct calibration *c)
{
	cJSON *o = cJSON_CreateObject(), *in = cJSON_CreateObject();

	ke_json_set_number(o, "c", calibration_between(&c->c, 8));
	ke_json_set_number(o, "c2", calibration_between(&c->c2, 2));
	set_needs(in, "c", &c->c);
	set_needs(in, "c2", &c->c2);
	ke_json_set_string(in, "honest", c->honest.s);
	ke_json_set(o, "calibrated", in);
	return o;
}

/* Does what op.json says of precision agree with what is measured? */
static int
test_tolerance(struct admission *a, cJSON *o, struct ke_err *e)
{
	const struct ke_tolerance *t = &a->epoch->tolerance;
	struct calibration c;
	struct verdict v = {.status = KE_PASS};
	char what[64] = "";
	bool enforces, spares;
	int status = calibrate(a->epoch, &a->self, &c, &v, what, e);

	if (status == -1 && (v.status == KE_PASS || lost(a->epoch, e))) {
		calibration_free(&c);
		return -1;
	}
	if (status == -1) {
		admission_found(a, "tolerance", false, "%s: %s: %s: %s", what,
		    ke_status_name(v.status), v.code, v.detail);
	} else if (!c.floating) {
		admission_found(a, "tolerance", true, "%s", t->enforced
		    ? "outputs are integers, compared exactly"
		    : "not measured: outputs come in rows");
	} else {
		spares = ke_tolerance_spares(t, &c.c, &c.c2);
		enforces = ke_tolerance_enforces(t, &c.c, &c.c2);
		admission_found(a, "tolerance", spares &&
		    (enforces || !t->enforced), "element: honest %.3g, c %.3g, "
		    "lower precision %.3g; norm: honest %.3g, c2 %.3g, lower "
		    "precision %.3g; most by %s%s", c.c.honest, t->c,
		    c.c.lower, c.c2.honest, t->c2, c.c2.lower,
		    c.where.n > 0 ? c.where.s : "none", !spares
		    ? ": a constant is less than twice what the honest need"
		    : enforces ? "" : t->enforced
		    ? ": op.json says that precision is enforced, it is not"
		    : ": precision is not enforced");
		ke_json_set(o, "tolerance", proposal(&c));
	}
	calibration_free(&c);
	return 0;
}

static int
load_reference(struct admission *a, struct ke_err *e)
{
	struct verdict v;
	char *so = reference_compile(a->epoch->op, a->epoch->dtype, IN_DOUBLE,
	    &v, e);
	int status;

	if (so == NULL && v.status != KE_PASS) {
		admission_found(a, "reference", false, "%s", v.detail);
		return 0;
	}
	if (so == NULL)
		return -1;
	status = reference_load(&a->self.reference, so, a->epoch->op,
	    a->epoch->dtype, e);
	free(so);
	a->self.known = ke_calloc(a->epoch->n_cases, sizeof(*a->self.known));
	for (size_t i = 0; i < a->epoch->n_cases; i++)
		a->self.known[i] = ke_calloc(a->epoch->cases[i].n_slots,
		    sizeof(**a->self.known));
	return status;
}

static int
test_all(struct admission *a, cJSON *o, struct ke_err *e)
{
	test_checks(a);
	test_work(a);
	if (test_base(a, e) == -1 || load_reference(a, e) == -1)
		return -1;
	/* without a reference there is nothing more to ask */
	if (a->self.known == NULL)
		return 0;
	admit_outputs(a);
	admit_influence(a);
	admit_trivial(a);
	return test_tolerance(a, o, e);
}

/* Has the target's language no such type?  Then its name. */
static const char *
untested(const struct toolchain *c, const struct ke_op *op,
    enum ke_dtype dtype)
{
	for (size_t t = 0; t < op->n_tensors; t++) {
		enum ke_dtype type = ke_tensor_dtype(&op->tensors[t], dtype);

		if (op->tensors[t].role != KE_LET &&
		    *c->type(type) == '\0')
			return ke_dtypes[type].name;
	}
	return NULL;
}

int
admit(const struct ke_op *op, const char *dtype, const struct settings *s,
    cJSON *o, struct ke_err *e)
{
	struct admission a = {.tests = cJSON_CreateArray()};
	const struct toolchain *c = s->target->toolchain;
	const char *type = untested(c, op, ke_dtype_find(dtype));
	/* ref.c runs here, for which a GPU's cases are too large */
	const char *set = s->set != NULL ? s->set : target_cpu.set;
	double from = ke_now();
	bool is_op = false;
	char why[64];
	int status = 0;

	ke_json_set(o, "tests", a.tests);
	if (type != NULL) {
		ke_json_set_string(o, "result", "untested");
		snprintf(why, sizeof(why), "language %s has no %s",
		    c->language, type);
		ke_json_set_string(o, "reason", why);
		return 1;
	}
	a.epoch = epoch_admit(s->target, op, dtype, set, s->workers, s->jobs,
	    &is_op, e);
	a.self.epoch = a.epoch;
	if (a.epoch == NULL && !is_op)
		return -1;
	if (a.epoch != NULL && lost(a.epoch, e)) {
		epoch_close(a.epoch);
		return -1;
	}
	if (a.epoch == NULL)
		admission_found(&a, "baseline", false, "%s", e->msg);
	else
		status = test_all(&a, o, e);
	ke_json_set_string(o, "result", a.refused.n > 0 ? "refused"
	    : "admitted");
	if (a.refused.n > 0)
		ke_json_set_string(o, "reason", a.refused.s);
	if (a.epoch != NULL)
		ke_json_set_string(o, "precision", a.epoch->tolerance.enforced
		    ? "enforced" : "unenforced");
	ke_json_add_number(o, "seconds", ke_now() - from);
	status = status == -1 ? -1 : a.refused.n == 0;
	epoch_close(a.epoch);
	return status;
}
