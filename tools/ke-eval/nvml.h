/* What NVML tells of a device. */
#ifndef KE_EVAL_NVML_H
#define KE_EVAL_NVML_H

#include "gpu_state.h"

/* As of struct gpu_vendor; where there is no library nothing is told. */
void nvml_open(const char *uuid);
void nvml_read(struct gpu_state *);
double nvml_joules(void);

#endif
