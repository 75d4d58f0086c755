/* What ROCm SMI tells of a device. */
#ifndef KE_EVAL_RSMI_H
#define KE_EVAL_RSMI_H

#include "gpu_state.h"

/* As of struct gpu_vendor; where there is no library nothing is told. */
void rsmi_open(const char *uuid);
void rsmi_read(struct gpu_state *);
double rsmi_joules(void);

#endif
