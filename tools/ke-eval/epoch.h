/* An epoch: secret inputs for the cases of one operator, and who knows what
 * must come out.  In quick effort candidates share an epoch for a while (its
 * seed is drawn anew after as many as the target says); in full effort each has
 * its own. */
#ifndef KE_EVAL_EPOCH_H
#define KE_EVAL_EPOCH_H

#include "compile.h"
#include "draw.h"
#include "memory.h"
#include "op.h"
#include "runner.h"

#define SLOTS_MAX 512 /* distinct inputs of a case */
#define GROUP_MAX 32  /* candidates that are timed together */
#define BASE_NUMBER 1 /* the baseline's; candidates have those above */

/* One drawing of a case's inputs. */
struct slot {
	enum draw_kind kind;
	bool flip;
	size_t part; /* of the seed: slots of one part are drawn alike */
	int bits; /* floating inputs are rounded to so many bits of significand;
		   * 0: not */
	struct wire_region in[KE_TENSORS_MAX];
	struct wire_region absolute[KE_TENSORS_MAX]; /* timed, scale terms */
};

/* A case laid out. */
struct layout {
	const struct ke_case *kase;
	bool timed;
	int64_t shape[KE_TENSORS_MAX][KE_RANK_MAX], count[KE_TENSORS_MAX];
	uint64_t bytes[KE_TENSORS_MAX]; /* of the buffer */
	double reduction[KE_TENSORS_MAX];
	double flops, traffic; /* what the definition asks for */
	struct ke_scope scope;
	size_t n_slots;
	struct slot *slots;
	struct fitted base; /* how the baseline runs it */
	double pilot_s;     /* seconds of one execution, the first time */
	double base_s;      /* and the least so far */
	double usual_us;    /* the least median of a sample; 0: none yet */
};

/* A program that can be run: its process and where its outputs go.  The
 * candidates of a group share one file, since one runs at a time. */
struct side {
	struct program program;
	struct runner runner;
	struct file *outputs;
	uint64_t poison; /* key of the last one */
	uint32_t load;   /* on a GPU: the number of its modules; 0: none */
	pid_t loaded;    /* and the runner that has them */
};

struct verifier;
struct gpu;
struct target;

struct epoch {
	const struct target *target;
	const struct ke_op *op;
	enum ke_dtype dtype;
	struct ke_tolerance tolerance;
	const char *set; /* of the timed cases */
	bool full;
	bool admits; /* opened by epoch_admit */
	bool untimed; /* opened by epoch_check */
	bool opened; /* what verifies is there, or isn't wanted */
	int workers, jobs, used;
	uint64_t seed; /* secret */
	struct file inputs;
	int inputs_ro;
	size_t n_cases;
	struct layout *cases;
	char *base_source;
	struct side base;
	struct file base_outputs, outputs; /* the candidates' */
	struct verdict down; /* KE_LOST: nothing can be run in it any more */
	struct verifier *verifier; /* cpu */
	struct gpu *gpu; /* keeper and runners */
};

/* Draws inputs, starts the verifier, runs the baseline and has it verified.
 * NULL with the reason; *is_op says whether the operator is at fault rather
 * than the system.  Where it is the device that failed, the epoch is down. */
struct epoch *epoch_open(const struct target *, const struct ke_op *,
    const char *dtype, const char *set, bool full, int workers, int jobs,
    bool *is_op, struct ke_err *);
void epoch_close(struct epoch *);

/* As epoch_open in full effort, for the sake of what is verified: nothing may
 * be timed in it, so it needn't wait until the processors are ours. */
struct epoch *epoch_check(const struct target *, const struct ke_op *,
    const char *dtype, const char *set, int workers, int jobs, bool *is_op,
    struct ke_err *);

/* For ke-eval -A: inputs of every kind and EPOCH_SEEDS as declared; for timed
 * cases EPOCH_TIMED as declared, then the same rounded to the next lower
 * precision.  The baseline is compiled and ready to run, but nothing is
 * verified, and on a CPU there is no verifier. */
#define EPOCH_SEEDS 16
#define EPOCH_TIMED 4
struct epoch *epoch_admit(const struct target *, const struct ke_op *,
    const char *dtype, const char *set, int workers, int jobs, bool *is_op,
    struct ke_err *);

/* What it is evaluated with failed, of which no candidate is to blame: from
 * here on it is down, every play in it is KE_LOST, and whoever wants more needs
 * another epoch.  What was first said of it holds.  Returns -1 with the
 * verdict. */
int epoch_lose(struct epoch *, struct verdict *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A tensor's type in the epoch's variant. */
enum ke_dtype epoch_type(const struct epoch *, size_t tensor);

#endif
