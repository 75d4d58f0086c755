/* The architecture that compilers for GPUs compile for: that of the device, or
 * as the target says, "cuda:sm_90a".  One for each maker of GPUs. */
#ifndef KE_EVAL_ARCH_H
#define KE_EVAL_ARCH_H

#include <stdbool.h>

enum gpu_maker { GPU_NVIDIA, GPU_AMD, GPU_MAKERS };

/* Has it the form of one of the maker's? */
bool arch_is(enum gpu_maker, const char *);

/* Empty where it isn't known. */
const char *arch_of(enum gpu_maker);
void arch_set(enum gpu_maker, const char *);

#endif
