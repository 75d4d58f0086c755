/* The verifier's verdict on one execution: against what is expected, in full
 * and at elements chosen after the run; the same bits every time; and the bytes
 * beside the buffers whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accept.h"
#include "defence.h"
#include "expected.h"
#include "random.h"

#define SAMPLES 64 /* elements, or ROW_SAMPLES rows, per output and question */
#define ROW_SAMPLES 4

/* The indices of an element, in words. */
static void
where(const struct ke_tensor *y, const int64_t *shape, int64_t i, char *out,
    size_t n)
{
	int64_t at[KE_RANK_MAX];
	struct ke_buf b = {0};

	reference_index(shape, y->rank, i, at);
	ke_buf_fmt(&b, "%s[", y->name);
	for (size_t k = 0; k < y->rank; k++)
		ke_buf_fmt(&b, "%s%lld", k > 0 ? "," : "", (long long)at[k]);
	snprintf(out, n, "%s]", b.s);
	ke_buf_free(&b);
}

int
judge_say(const struct ke_op *op, const int64_t *shape, size_t t,
    enum accepted a, const struct compared *c, const char *against,
    struct verdict *v)
{
	char at[128];

	where(&op->tensors[t], shape, c->worst < 0 ? 0 : c->worst, at,
	    sizeof(at));
	return verdict_set(v, a == WRONG ? KE_WRONG : KE_IMPRECISE,
	    c->mismatch ? "value" : c->ratio > 1 ? "element"
	    : c->bias > 1 ? "bias" : "norm",
	    "%s is %.9g, %s says %.9g; error %.3g of what rounding excuses, "
	    "%.3g in the 2-norm", at, c->got, against, c->want, c->ratio,
	    c->rms);
}

static int
report(struct self *s, size_t t, enum accepted a, const struct compared *c,
    const char *against)
{
	if (c->ratio > s->answer->ratio[t])
		s->answer->ratio[t] = c->ratio;
	if (c->rms > s->answer->rms[t])
		s->answer->rms[t] = c->rms;
	if (a == ACCEPT)
		return 0;
	return judge_say(s->epoch->op, s->layout->shape[t], t, a, c, against,
	    &s->answer->verdict);
}

static struct rule
rule_of(const struct self *s, size_t t, double slack)
{
	return accept_rule(&s->epoch->tolerance, epoch_type(s->epoch, t),
	    s->layout->reduction[t], s->kind, slack);
}

enum accepted
judge_compare(const struct self *s, size_t t, const void *y, double slack,
    struct compared *c)
{
	const struct expected *x = &s->k->out[t];
	enum ke_dtype type = epoch_type(s->epoch, t);
	struct rule rule = rule_of(s, t, slack);
	struct sums sums = {0};
	int64_t n = s->layout->count[t], last = expected_last_axis(s, t);
	int64_t step = x->length != NULL && last > 0 ? last : n;

	*c = (struct compared){.worst = -1};
	for (int64_t i = 0; i < n; i += step) {
		int64_t m = x->length != NULL ? x->length[i / step] : step;

		if (x->whole != NULL)
			accept_whole(type, y, x->whole + i, i, m, c);
		else
			accept_real(&rule, type, y, x->real + i, x->scale + i,
			    i, m, c, &sums);
	}
	return accept_close(&rule, &sums, c);
}

static int
compare_full(struct self *s, size_t t, double slack, const char *against)
{
	struct compared c;
	enum accepted a = judge_compare(s, t, expected_output(s, t), slack,
	    &c);

	return report(s, t, a, &c, against);
}

/* Rows of an output that comes in rows, chosen by the sample's key. */
static int
sample_rows(struct self *s, size_t t)
{
	int64_t last = expected_last_axis(s, t);
	int64_t rows = last > 0 ? s->layout->count[t] / last : 0;
	int64_t *whole = ke_calloc((size_t)last, sizeof(*whole));
	struct compared c = {.worst = -1};
	enum ke_dtype type = epoch_type(s->epoch, t);

	for (uint64_t i = 0; rows > 0 && i < ROW_SAMPLES; i++) {
		int64_t row = (int64_t)(random_word(s->ask->sample, i) %
		    (uint64_t)rows);
		int64_t m = expected_row(s, &s->k->ref, t, row, whole);

		accept_whole(type, expected_output(s, t), whole, row * last,
		    m < last ? m : last, &c);
	}
	free(whole);
	return report(s, t, c.mismatch ? WRONG : ACCEPT, &c, "ref.c");
}

static int
sample(struct self *s, size_t t)
{
	const struct ke_tensor *y = &s->epoch->op->tensors[t];
	struct expected *x = &s->k->out[t];
	enum ke_dtype type = epoch_type(s->epoch, t);
	struct rule rule = rule_of(s, t, 1);
	struct compared c = {.worst = -1};
	struct sums sums = {0};
	int64_t n = s->layout->count[t], at[KE_RANK_MAX];

	if (!defended(sample))
		return 0;
	if (y->row)
		return sample_rows(s, t);
	for (uint64_t i = 0; n > 0 && i < SAMPLES; i++) {
		int64_t e = (int64_t)(random_word(s->ask->sample, i) %
		    (uint64_t)n);

		reference_index(s->layout->shape[t], y->rank, e, at);
		if (x->whole != NULL) {
			int64_t want = s->reference.whole[t](&s->k->ref, at);

			accept_whole(type, expected_output(s, t), &want, e,
			    1, &c);
		} else {
			double want = s->reference.real[t](&s->k->ref, at);

			accept_real(&rule, type, expected_output(s, t), &want,
			    x->scale + e, e, 1, &c, &sums);
		}
	}
	/* of 64 elements neither norm nor bias says anything */
	return report(s, t, c.mismatch || c.ratio > 1
	    ? accept_close(&rule, &sums, &c) : ACCEPT, &c, "ref.c");
}

#define MIX 0x9e3779b97f4a7c15u

/* A hash of n bytes, in four lanes so that it runs at the speed of memory. */
static uint64_t
hash_bytes(const unsigned char *p, size_t n, uint64_t h)
{
	uint64_t lane[4] = {h, h + 1, h + 2, h + 3}, w[4];

	for (; n >= sizeof(w); n -= sizeof(w), p += sizeof(w)) {
		memcpy(w, p, sizeof(w));
		for (int k = 0; k < 4; k++) {
			lane[k] = (lane[k] ^ w[k]) * MIX;
			lane[k] ^= lane[k] >> 32;
		}
	}
	for (; n > 0; n--, p++)
		lane[0] = (lane[0] ^ *p) * MIX;
	return lane[0] ^ lane[1] * MIX ^ lane[2] * 3 ^ lane[3] * 7;
}

/* A keyed hash over the bytes that are meant. */
static uint64_t
hash_output(const struct self *s, size_t t)
{
	const struct expected *x = &s->k->out[t];
	size_t size = ke_dtypes[epoch_type(s->epoch, t)].bytes;
	int64_t n = s->layout->count[t], last = expected_last_axis(s, t);
	int64_t step = x->length != NULL && last > 0 ? last : n;
	const unsigned char *y = expected_output(s, t);
	uint64_t h = s->epoch->seed;

	for (int64_t i = 0; i < n; i += step)
		h = hash_bytes(y + (size_t)i * size, size *
		    (size_t)(x->length != NULL ? x->length[i / step] : step),
		    h);
	return h;
}

/* What an output of these inputs was when it was last found to be right; the
 * same bits are right again, and other bits are wrong whatever they are. */
static int
check_seen(struct self *s, size_t t, int (*check)(struct self *, size_t))
{
	struct expected *x = &s->k->out[t];
	uint32_t who = s->ask->candidate;
	uint32_t at = s->ask->base ? GROUP_MAX : who % GROUP_MAX;
	uint64_t h = hash_output(s, t);

	if (x->seen[at].candidate == who && x->seen[at].hash == h)
		return 0;
	if (check(s, t) == -1)
		return -1;
	if (x->seen[at].candidate == who && defended(repeat))
		return verdict_set(&s->answer->verdict, KE_NONDETERMINISTIC,
		    "bits", "%s: two runs on the same inputs differ",
		    s->epoch->op->tensors[t].name);
	x->seen[at].hash = h;
	x->seen[at].candidate = who;
	return 0;
}

static int
check_canaries(struct self *s)
{
	const struct epoch *e = s->epoch;
	const struct file *f = s->ask->base ? &e->base_outputs
	    : &e->outputs;

	if (!defended(canary) || !defended(poison))
		return 0;
	for (size_t i = 0; i < WIRE_BUFFERS_MAX; i++)
		if (s->ask->out[i].bytes > 0 && !file_canary_whole(f,
		    &s->ask->out[i], s->ask->bytes[i], s->ask->poison))
			return verdict_set(&s->answer->verdict, KE_FAULT,
			    "canary", "wrote beside %s",
			    i < e->op->n_tensors ? e->op->tensors[i].name
			    : "a workspace");
	return 0;
}

static int
against_reference(struct self *s, size_t t)
{
	return compare_full(s, t, 1, "ref.c");
}

static int
against_base(struct self *s, size_t t)
{
	return compare_full(s, t, 2, "the baseline") == -1 ? -1 : sample(s, t);
}

static int
judge(struct self *s, size_t t)
{
	switch (s->ask->question) {
	case ASK_CHECK:
		expected_reference(s, t);
		return check_seen(s, t, against_reference);
	case ASK_SCALE:
		expected_scale(s, t);
		return 0;
	case ASK_BASE:
		expected_from_base(s, t);
		return 0;
	case ASK_TIMED:
		return !defended(timed) ? 0 : check_seen(s, t, against_base);
	}
	return 0;
}

void
judge_answer(struct self *s)
{
	const struct ke_op *op = s->epoch->op;

	*s->answer = (struct answer){.verdict.status = KE_PASS};
	for (size_t t = 0; t < op->n_tensors; t++)
		s->answer->ratio[t] = -1;
	s->layout = &s->epoch->cases[s->ask->layout];
	s->k = &s->known[s->ask->layout][s->ask->slot];
	s->kind = s->layout->slots[s->ask->slot].kind;
	if (!s->k->open)
		expected_open(s, &s->layout->slots[s->ask->slot], &s->k->ref);
	s->k->open = true;
	if (check_canaries(s) == -1)
		return;
	for (size_t t = 0; t < op->n_tensors; t++)
		if (op->tensors[t].role == KE_OUT && judge(s, t) == -1)
			return;
	/* after all are kept: lengths and scales of one concern another */
	for (size_t t = 0; s->ask->question == ASK_BASE && t < op->n_tensors;
	    t++)
		if (op->tensors[t].role == KE_OUT && sample(s, t) == -1)
			return;
}
