/* What the makers' own libraries tell of a device that others share. */
#ifndef KE_EVAL_GPU_STATE_H
#define KE_EVAL_GPU_STATE_H

#include <stdint.h>

/* What isn't told is negative. */
struct gpu_state {
	double sm_mhz, memory_mhz, power_w, limit_w, temperature_c;
	int64_t reasons;   /* why clocks are lower than they could be: bits */
	int64_t processes; /* that compute on it, ours among them */
};

#define GPU_STATE_NONE ((struct gpu_state){-1, -1, -1, -1, -1, -1, -1})

#endif
