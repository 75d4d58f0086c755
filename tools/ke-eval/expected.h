/* What must come out: the verifier's memory, by case, slot and output. */
#ifndef KE_EVAL_EXPECTED_H
#define KE_EVAL_EXPECTED_H

#include "accept.h"
#include "reference.h"
#include "verifier.h"

/* What is expected of one output for one slot. */
struct expected {
	double *real, *scale;
	int64_t *whole;
	int64_t *length; /* per row, where the output has one */
	bool have; /* ASK_CHECK: the reference in full */
	struct {
		uint64_t hash; /* of a candidate's last outputs */
		uint32_t candidate; /* which; 0: none */
	} seen[GROUP_MAX + 1]; /* by candidate modulo GROUP_MAX; the last is
				* the baseline's */
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
	enum draw_kind kind; /* k's */
	struct answer *answer;
};

/* The slot's tensors as ref.c sees them; lets have room to be computed. */
void expected_open(const struct self *, const struct slot *, struct ke_ref *);

void expected_close(const struct self *, struct ke_ref *);

/* The same with copies of the inputs, which may be altered. */
struct copied {
	struct ke_ref ref;
	void *in[KE_TENSORS_MAX];
};
void expected_copy(const struct self *, const struct ke_ref *,
    struct copied *);
void expected_copy_free(const struct self *, struct copied *);

/* The output by ref.c: into real, or whole where it is of integers; length (may
 * be NULL) per row where it comes in rows. */
void expected_compute(const struct self *, struct ke_ref *, size_t t,
    double *real, int64_t *whole, int64_t *length);

/* The extent of the output's last axis. */
int64_t expected_last_axis(const struct self *, size_t t);

/* One row of an output that comes in rows, by ref.c, into to; its length. */
int64_t expected_row(const struct self *, struct ke_ref *, size_t t,
    int64_t row, void *to);

/* The output that the question is about. */
const void *expected_output(const struct self *, size_t t);

/* Scale row, of n elements in rows of last. */
void expected_scale_rows(double *scale, const double *y, int64_t n,
    int64_t last);

/* Computes the reference in full, once. */
void expected_reference(struct self *, size_t t);
/* Takes the baseline's outputs as what is expected. */
void expected_from_base(struct self *, size_t t);
/* Takes them as the elements' scale. */
void expected_scale(struct self *, size_t t);

/* Holds y against what is expected of the output, every element that is meant
 * (judge.c).  slack as in accept_rule(). */
enum accepted judge_compare(const struct self *, size_t t, const void *y,
    double slack, struct compared *);

/* What became of output t, in words: sets the verdict, returns -1. */
int judge_say(const struct ke_op *, const int64_t *shape, size_t t,
    enum accepted, const struct compared *, const char *against,
    struct verdict *);

/* Answers s->ask in s->answer (judge.c). */
void judge_answer(struct self *);

#endif
