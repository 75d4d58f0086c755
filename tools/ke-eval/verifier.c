/* The verifier's process, and the parent's end of it. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expected.h"
#include "random.h"
#include "verifier.h"

struct verifier {
	pid_t pid;
	int fd;
};

/* The question about one of its executions. */
static void
ask_one(const struct epoch *e, const struct ask *q, uint32_t x,
    struct ask *one)
{
	const struct slot *s;

	*one = *q;
	one->slot = q->stride == 0 ? q->slot : (q->slot + x) % q->n_slots;
	one->sample = random_word(q->sample, x);
	s = &e->cases[q->layout].slots[one->slot];
	for (size_t i = 0; i < WIRE_BUFFERS_MAX; i++) {
		struct wire_region *r = &one->out[i];

		if (r->bytes == 0)
			continue;
		r->offset += x * q->stride;
		r->data = file_data(q->bytes[i], r->bytes, s->flip);
	}
}

/* Execution by execution, up to the first that is wrong. */
static void
answer_all(struct self *s, const struct ask *q, struct answer *all)
{
	static struct answer one;
	static struct ask ask;

	*all = (struct answer){.verdict.status = KE_PASS};
	for (size_t t = 0; t < KE_TENSORS_MAX; t++)
		all->ratio[t] = -1;
	s->ask = &ask;
	s->answer = &one;
	for (uint32_t x = 0; x < q->n_execs &&
	    all->verdict.status == KE_PASS; x++) {
		ask_one(s->epoch, q, x, &ask);
		judge_answer(s);
		for (size_t t = 0; t < KE_TENSORS_MAX; t++) {
			all->ratio[t] = fmax(all->ratio[t], one.ratio[t]);
			all->rms[t] = fmax(all->rms[t], one.rms[t]);
		}
		all->verdict = one.verdict;
	}
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
	do {
		if (send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(reply))
			_exit(1);
		if (recv(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
			_exit(0);
		answer_all(&s, &ask, &reply);
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
