/* Where AMD's ROCm is. */
#ifndef KE_EVAL_HIP_H
#define KE_EVAL_HIP_H

#include <limits.h>
#include <stdbool.h>

/* The file of HIP's runtime, which is the driver too; false where there is
 * none. */
bool hip_library(char to[PATH_MAX]);

#endif
