/* The defences of ke-eval by name.  In the product each is simply there:
 * defended(x) is true.  The build with KE_DEFENCES_OFF (make redteam, nothing
 * else) leaves out those named in the environment's KE_OFF, so that each attack
 * of tests/redteam is also seen to succeed without what stops it. */
#ifndef KE_EVAL_DEFENCE_H
#define KE_EVAL_DEFENCE_H

#include <stdbool.h>

#define KE_DEFENCES(X) \
	/* where candidate code runs */ \
	X(process, "in a process, not a thread of ke-eval") \
	X(fork, "in a process of its own for each segment") \
	X(load, "whose loading runs nothing of the candidate") \
	X(seccomp, "with the system calls that computing needs") \
	X(namespaces, "in name spaces of its own, with no file system") \
	X(landlock, "without the right to open a file") \
	X(user, "as another user, where we are root") \
	X(limits, "under limits of memory, processes, files") \
	X(bare, "with no environment and no descriptor of ours") \
	X(deadline, "for so long and no longer") \
	X(end, "and dies when it says that it is done") \
	X(sender, "whose word is taken only as its own") \
	X(state, "on a GPU: without variables that outlive a launch") \
	/* what it sees */ \
	X(seal, "inputs are sealed and can't be written") \
	X(hash, "on a GPU: and are what they were") \
	X(guard, "buffers lie between unmapped pages") \
	X(place, "on a GPU: where nobody can guess") \
	X(canary, "the bytes beside outputs are looked at") \
	X(poison, "outputs and workspaces are poisoned before each segment") \
	X(slots, "each execution has inputs and outputs of its own") \
	X(seed, "seeds are secret") \
	X(fpu, "the floating-point mode is the one we set") \
	X(scrub, "on a GPU: nothing is left in shared and local memory") \
	X(flush, "nor in its second-level cache") \
	/* what is verified */ \
	X(timed, "every timed execution") \
	X(shapes, "shapes that are not timed") \
	X(battery, "kinds of input beside the declared one") \
	X(sample, "elements chosen after the run, against ref.c") \
	X(element, "each element's error") \
	X(norm, "the error in the 2-norm") \
	X(bias, "the mean error") \
	X(class, "NaN and infinity as such") \
	X(repeat, "the same bits each time") \
	/* what is believed of its time */ \
	X(clocks, "what the processors' clock says too") \
	X(floor, "no less than the bytes take") \
	X(pairs, "only beside the baseline's, at the same moment") \
	/* the compiler */ \
	X(toolchain, "sees the toolchain's files and no others") \
	X(bombs, "and ends at its limits of time, memory and output")

#ifdef KE_DEFENCES_OFF
#define X(name, what) DEFENCE_##name,
enum defence { KE_DEFENCES(X) };
#undef X
bool defence_is_on(enum defence);
#define defended(name) defence_is_on(DEFENCE_##name)
/* The environment of a child that must know too. */
char *const *defence_env(char *const *);
/* What is off: part of the key of what is kept. */
const char *defence_key(void);
#else
#define defended(name) true
#define defence_env(envp) (envp)
#define defence_key() ""
#endif

#endif
