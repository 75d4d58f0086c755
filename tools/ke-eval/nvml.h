/* What NVML tells of a device that others share. */
#ifndef KE_EVAL_NVML_H
#define KE_EVAL_NVML_H

#include <stdint.h>

/* What isn't told is negative. */
struct nvml_state {
	double sm_mhz, memory_mhz, power_w, limit_w, temperature_c;
	int64_t reasons;   /* why clocks are lower than they could be: bits */
	int64_t processes; /* that compute on it, ours among them */
};

/* Loads the library for the device of that UUID, as gpu_info has it; where
 * there is none, nothing is told. */
void nvml_open(const char *uuid);
void nvml_read(struct nvml_state *);

#endif
