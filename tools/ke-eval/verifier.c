/* The verifier. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accept.h"
#include "random.h"
#include "reference.h"
#include "verifier.h"

#define SAMPLES 64      /* elements, or 4 rows, per output and question */
#define ROW_SAMPLES 4

struct verifier {
	pid_t pid;
	int fd;
};

/* What is expected of one output for one slot. */
struct expected {
	double *real, *scale;
	int64_t *whole;
	int64_t *length; /* per row, where the output has one */
	bool have; /* ASK_CHECK: the reference in full */
	uint64_t hash; /* of the first outputs of a candidate */
	uint32_t hashed; /* of which candidate; 0: of none */
};

/* The verifier's own state: one per case and slot. */
struct known {
	bool open;
	struct ke_ref ref;
	struct expected out[KE_TENSORS_MAX];
};

struct self {
	struct epoch *epoch;
	struct reference reference;
	struct known **known; /* [layout][slot] */
	const struct ask *ask;
	const struct layout *layout;
	struct known *k;
	struct answer *answer;
};

static int64_t
last_axis(const struct self *s, size_t t)
{
	size_t rank = s->epoch->op->tensors[t].rank;

	return s->layout->shape[t][rank - 1];
}

static bool
is_whole(const struct self *s, size_t t)
{
	return ke_dtypes[epoch_type(s->epoch, t)].roundoff == 0;
}

/* The tensors as ref.c sees them.  Lets have room to be computed. */
static void
ref_open(const struct self *s, const struct slot *slot, struct ke_ref *r)
{
	const struct ke_op *op = s->epoch->op;

	for (size_t t = 0; t < op->n_tensors; t++) {
		memcpy(r->s[t], s->layout->shape[t], sizeof(r->s[t]));
		if (op->tensors[t].role == KE_IN)
			r->t[t] = file_at(&s->epoch->inputs, &slot->in[t]);
		if (op->tensors[t].role == KE_LET) {
			r->let[t] = ke_calloc((size_t)s->layout->count[t],
			    sizeof(double));
			r->have[t] = ke_calloc((size_t)s->layout->count[t], 1);
		}
	}
	for (size_t i = 0; i < op->n_dims + op->n_derived; i++)
		r->d[i] = s->layout->scope.names[i].value;
}

static void
ref_free(const struct self *s, struct ke_ref *r)
{
	for (size_t t = 0; t < s->epoch->op->n_tensors; t++) {
		free(r->let[t]);
		free(r->have[t]);
	}
}

/* One row of an output that comes in rows, into to; its length. */
static int64_t
ref_row(const struct self *s, struct ke_ref *r, size_t t, int64_t row,
    void *to)
{
	const struct ke_tensor *y = &s->epoch->op->tensors[t];
	int64_t at[KE_RANK_MAX] = {0};

	reference_index(s->layout->shape[t], y->rank - 1, row, at);
	return s->reference.row[t](r, at, to);
}

static void
ref_tensor(const struct self *s, struct ke_ref *r, size_t t, double *real,
    int64_t *whole, int64_t *length)
{
	const struct ke_tensor *y = &s->epoch->op->tensors[t];
	int64_t n = s->layout->count[t], last = last_axis(s, t);
	int64_t at[KE_RANK_MAX];

	if (y->row) {
		for (int64_t i = 0; last > 0 && i < n / last; i++) {
			int64_t got = ref_row(s, r, t, i, whole != NULL
			    ? (void *)(whole + i * last)
			    : (void *)(real + i * last));

			if (length != NULL)
				length[i] = got < last ? got : last;
		}
		return;
	}
	for (int64_t i = 0; i < n; i++) {
		reference_index(s->layout->shape[t], y->rank, i, at);
		if (whole != NULL)
			whole[i] = s->reference.whole[t](r, at);
		else
			real[i] = s->reference.real[t](r, at);
	}
}

/* Scale row: the larger of the magnitude and the row's root mean square. */
static void
scale_rows(double *scale, const double *y, int64_t n, int64_t last)
{
	for (int64_t i = 0; last > 0 && i < n; i += last) {
		double sum = 0, rms;

		for (int64_t k = i; k < i + last; k++)
			sum += isfinite(y[k]) ? y[k] * y[k] : 0;
		rms = sqrt(sum / (double)last);
		for (int64_t k = i; k < i + last; k++)
			scale[k] = fmax(isfinite(y[k]) ? fabs(y[k]) : 0, rms);
	}
}

/* Scale terms: the reference on absolute inputs, which a copy holds. */
static void
ref_absolute(const struct self *s, struct ke_ref *r, size_t t, double *scale)
{
	const struct ke_op *op = s->epoch->op;
	struct ke_ref a = {0};
	void *copies[KE_TENSORS_MAX] = {0};

	memcpy(a.s, r->s, sizeof(a.s));
	memcpy(a.d, r->d, sizeof(a.d));
	for (size_t i = 0; i < op->n_tensors; i++) {
		size_t n = (size_t)s->layout->count[i];

		if (op->tensors[i].role == KE_LET) {
			a.let[i] = ke_calloc(n, sizeof(double));
			a.have[i] = ke_calloc(n, 1);
		}
		if (op->tensors[i].role != KE_IN)
			continue;
		copies[i] = ke_calloc(1, s->layout->bytes[i] + 1);
		memcpy(copies[i], r->t[i], s->layout->bytes[i]);
		draw_absolute(epoch_type(s->epoch, i), copies[i], (int64_t)n);
		a.t[i] = copies[i];
	}
	ref_tensor(s, &a, t, scale, NULL, NULL);
	for (size_t i = 0; i < op->n_tensors; i++)
		free(copies[i]);
	ref_free(s, &a);
}

static void
expected_alloc(const struct self *s, size_t t)
{
	struct expected *x = &s->k->out[t];
	size_t n = (size_t)s->layout->count[t];
	int64_t last = last_axis(s, t);

	if (x->whole != NULL || x->real != NULL)
		return;
	if (is_whole(s, t)) {
		x->whole = ke_calloc(n, sizeof(*x->whole));
	} else {
		x->real = ke_calloc(n, sizeof(*x->real));
		x->scale = ke_calloc(n, sizeof(*x->scale));
	}
	if (s->epoch->op->tensors[t].length != -1)
		x->length = ke_calloc(last > 0 ? n / (size_t)last : 0,
		    sizeof(*x->length));
}

/* The reference in full, once. */
static void
expect_reference(struct self *s, size_t t)
{
	struct expected *x = &s->k->out[t];

	if (x->have)
		return;
	expected_alloc(s, t);
	ref_tensor(s, &s->k->ref, t, x->real, x->whole, x->length);
	if (x->real != NULL &&
	    s->epoch->op->tensors[t].scale == KE_SCALE_TERMS)
		ref_absolute(s, &s->k->ref, t, x->scale);
	else if (x->real != NULL)
		scale_rows(x->scale, x->real, s->layout->count[t],
		    last_axis(s, t));
	x->have = true;
}

static const void *
output(const struct self *s, size_t t)
{
	const struct file *f = s->ask->base ? &s->epoch->base.outputs
	    : &s->epoch->candidate.outputs;

	return file_at(f, &s->ask->out[t]);
}

/* The baseline's outputs become what is expected. */
static void
expect_base(struct self *s, size_t t)
{
	struct expected *x = &s->k->out[t];
	enum ke_dtype type = epoch_type(s->epoch, t);
	int length = s->epoch->op->tensors[t].length;
	int64_t n = s->layout->count[t], last = last_axis(s, t);
	const void *y = output(s, t);

	expected_alloc(s, t);
	for (int64_t i = 0; i < n; i++)
		if (x->whole != NULL)
			x->whole[i] = type == KE_I64
			    ? ((const int64_t *)y)[i]
			    : (int64_t)draw_read(type, y, i);
		else
			x->real[i] = draw_read(type, y, i);
	for (int64_t i = 0; length != -1 && last > 0 && i < n / last; i++) {
		int64_t got = (int64_t)draw_read(
		    epoch_type(s->epoch, (size_t)length),
		    output(s, (size_t)length), i);

		x->length[i] = got < 0 ? 0 : got < last ? got : last;
	}
	if (x->real != NULL &&
	    s->epoch->op->tensors[t].scale == KE_SCALE_ROW)
		scale_rows(x->scale, x->real, n, last);
}

static void
keep_scale(struct self *s, size_t t)
{
	struct expected *x = &s->k->out[t];
	enum ke_dtype type = epoch_type(s->epoch, t);
	const void *y = output(s, t);

	expected_alloc(s, t);
	for (int64_t i = 0; x->scale != NULL && i < s->layout->count[t]; i++)
		x->scale[i] = fabs(draw_read(type, y, i));
}

/* The indices of an element, in words. */
static void
where(const struct self *s, size_t t, int64_t i, char *out, size_t n)
{
	const struct ke_tensor *y = &s->epoch->op->tensors[t];
	int64_t at[KE_RANK_MAX];
	struct ke_buf b = {0};

	reference_index(s->layout->shape[t], y->rank, i, at);
	ke_buf_fmt(&b, "%s[", y->name);
	for (size_t k = 0; k < y->rank; k++)
		ke_buf_fmt(&b, "%s%lld", k > 0 ? "," : "", (long long)at[k]);
	snprintf(out, n, "%s]", b.s);
	ke_buf_free(&b);
}

static int
report(struct self *s, size_t t, enum accepted a, const struct compared *c,
    const char *against)
{
	char at[128];

	if (c->ratio > s->answer->ratio[t])
		s->answer->ratio[t] = c->ratio;
	if (c->rms > s->answer->rms[t])
		s->answer->rms[t] = c->rms;
	if (a == ACCEPT)
		return 0;
	where(s, t, c->worst < 0 ? 0 : c->worst, at, sizeof(at));
	return verdict_set(&s->answer->verdict,
	    a == WRONG ? KE_WRONG : KE_IMPRECISE,
	    c->mismatch ? "value" : c->ratio > 1 ? "element"
	    : c->bias > 1 ? "bias" : "norm",
	    "%s is %.9g, %s says %.9g; error %.3g of what rounding excuses, "
	    "%.3g in the 2-norm", at, c->got, against, c->want, c->ratio,
	    c->rms);
}

static struct rule
rule_of(const struct self *s, size_t t, double slack)
{
	return accept_rule(&s->epoch->tolerance, epoch_type(s->epoch, t),
	    s->layout->reduction[t], slack);
}

/* Every element that is meant. */
static int
compare_full(struct self *s, size_t t, double slack, const char *against)
{
	const struct expected *x = &s->k->out[t];
	enum ke_dtype type = epoch_type(s->epoch, t);
	struct rule rule = rule_of(s, t, slack);
	struct compared c = {.worst = -1};
	struct sums sums = {0};
	int64_t n = s->layout->count[t], last = last_axis(s, t);
	int64_t step = x->length != NULL && last > 0 ? last : n;
	const void *y = output(s, t);

	for (int64_t i = 0; i < n; i += step) {
		int64_t m = x->length != NULL ? x->length[i / step] : step;

		if (x->whole != NULL)
			accept_whole(type, y, x->whole + i, i, m, &c);
		else
			accept_real(&rule, type, y, x->real + i, x->scale + i,
			    i, m, &c, &sums);
	}
	return report(s, t, accept_close(&rule, &sums, &c), &c, against);
}

/* Rows of an output that comes in rows, chosen by the sample's key. */
static int
sample_rows(struct self *s, size_t t)
{
	int64_t last = last_axis(s, t);
	int64_t rows = last > 0 ? s->layout->count[t] / last : 0;
	int64_t *whole = ke_calloc((size_t)last, sizeof(*whole));
	struct compared c = {.worst = -1};
	enum ke_dtype type = epoch_type(s->epoch, t);

	for (uint64_t i = 0; rows > 0 && i < ROW_SAMPLES; i++) {
		int64_t row = (int64_t)(random_word(s->ask->sample, i) %
		    (uint64_t)rows);
		int64_t m = ref_row(s, &s->k->ref, t, row, whole);

		accept_whole(type, output(s, t), whole, row * last,
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

	if (y->row)
		return sample_rows(s, t);
	for (uint64_t i = 0; n > 0 && i < SAMPLES; i++) {
		int64_t e = (int64_t)(random_word(s->ask->sample, i) %
		    (uint64_t)n);

		reference_index(s->layout->shape[t], y->rank, e, at);
		if (x->whole != NULL) {
			int64_t want = s->reference.whole[t](&s->k->ref, at);

			accept_whole(type, output(s, t), &want, e, 1, &c);
		} else {
			double want = s->reference.real[t](&s->k->ref, at);

			accept_real(&rule, type, output(s, t), &want,
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

/* Over the bytes that are meant: the same inputs must give the same bits,
 * whatever the poison and the addresses. */
static int
check_repeat(struct self *s, size_t t)
{
	struct expected *x = &s->k->out[t];
	size_t size = ke_dtypes[epoch_type(s->epoch, t)].bytes;
	int64_t n = s->layout->count[t], last = last_axis(s, t);
	int64_t step = x->length != NULL && last > 0 ? last : n;
	const unsigned char *y = output(s, t);
	uint64_t h = 0x6b65;

	for (int64_t i = 0; i < n; i += step)
		h = hash_bytes(y + (size_t)i * size, size *
		    (size_t)(x->length != NULL ? x->length[i / step] : step),
		    h);
	if (x->hashed == s->ask->candidate && x->hash != h)
		return verdict_set(&s->answer->verdict, KE_NONDETERMINISTIC,
		    "bits", "%s: two runs on the same inputs differ",
		    s->epoch->op->tensors[t].name);
	x->hash = h;
	x->hashed = s->ask->candidate;
	return 0;
}

static int
check_canaries(struct self *s)
{
	const struct epoch *e = s->epoch;
	const struct file *f = s->ask->base ? &e->base.outputs
	    : &e->candidate.outputs;

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
judge(struct self *s, size_t t)
{
	switch (s->ask->question) {
	case ASK_CHECK:
		expect_reference(s, t);
		if (compare_full(s, t, 1, "ref.c") == -1)
			return -1;
		return check_repeat(s, t);
	case ASK_SCALE:
		keep_scale(s, t);
		return 0;
	case ASK_BASE:
		expect_base(s, t);
		return 0;
	case ASK_TIMED:
		if (compare_full(s, t, 2, "the baseline") == -1 ||
		    sample(s, t) == -1)
			return -1;
		return check_repeat(s, t);
	}
	return 0;
}

static void
answer(struct self *s)
{
	const struct ke_op *op = s->epoch->op;

	*s->answer = (struct answer){.verdict.status = KE_PASS};
	for (size_t t = 0; t < op->n_tensors; t++)
		s->answer->ratio[t] = -1;
	s->layout = &s->epoch->cases[s->ask->layout];
	s->k = &s->known[s->ask->layout][s->ask->slot];
	if (!s->k->open)
		ref_open(s, &s->layout->slots[s->ask->slot], &s->k->ref);
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

static void
serve(struct epoch *e, const char *so, int fd)
{
	struct self s = {.epoch = e};
	static struct ask ask;
	static struct answer reply;
	struct ke_err why;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	reply.verdict.status = KE_PASS;
	if (reference_load(&s.reference, so, e->op, e->dtype, &why) == -1)
		verdict_set(&reply.verdict, KE_INVALID, "load", "%s", why.msg);
	s.known = ke_calloc(e->n_cases, sizeof(*s.known));
	for (size_t i = 0; i < e->n_cases; i++)
		s.known[i] = ke_calloc(e->cases[i].n_slots,
		    sizeof(**s.known));
	s.ask = &ask;
	s.answer = &reply;
	do {
		if (send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(reply))
			_exit(1);
		if (recv(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
			_exit(0);
		answer(&s);
	} while (1);
}

static int
hear(struct verifier *v, struct answer *a, struct ke_err *e)
{
	ssize_t got;

	do
		got = recv(v->fd, a, sizeof(*a), 0);
	while (got == -1 && errno == EINTR);
	return got == (ssize_t)sizeof(*a) ? 0
	    : ke_fail(e, "the verifier ended");
}

struct verifier *
verifier_start(struct epoch *epoch, const char *so, struct ke_err *e)
{
	struct verifier *v;
	struct answer hello = {0};
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1) {
		ke_fail(e, "socketpair: %s", strerror(errno));
		return NULL;
	}
	v = ke_calloc(1, sizeof(*v));
	v->fd = fds[0];
	v->pid = fork();
	if (v->pid == 0) {
		close(fds[0]);
		serve(epoch, so, fds[1]);
	}
	close(fds[1]);
	if (v->pid == -1)
		ke_fail(e, "fork: %s", strerror(errno));
	else if (hear(v, &hello, e) == 0 && hello.verdict.status == KE_PASS)
		return v;
	else if (v->pid > 0 && hello.verdict.status == KE_INVALID)
		ke_fail(e, "%s", hello.verdict.detail);
	verifier_stop(v);
	return NULL;
}

int
verifier_ask(struct verifier *v, const struct ask *q, struct answer *a,
    struct ke_err *e)
{
	if (send(v->fd, q, sizeof(*q), MSG_NOSIGNAL) != (ssize_t)sizeof(*q))
		return ke_fail(e, "the verifier ended");
	return hear(v, a, e);
}

void
verifier_stop(struct verifier *v)
{
	if (v == NULL)
		return;
	close(v->fd);
	if (v->pid > 0) {
		kill(v->pid, SIGKILL);
		waitpid(v->pid, NULL, 0);
	}
	free(v);
}
