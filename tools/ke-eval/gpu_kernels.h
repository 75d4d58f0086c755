/* Structs that the harness's kernels and its processes share; and the kernels'
 * text, gpu_kernels.cu. */
#ifndef KE_EVAL_GPU_KERNELS_H
#define KE_EVAL_GPU_KERNELS_H

#include <stdint.h>

#define GPU_STRUCTS \
	struct found { \
		unsigned long long hash, spilled; \
	}; \
	struct part { \
		double error2, ref2, size2, error, bound, ratio; \
		int64_t n, worst, mismatch; \
	}; \
	struct device_rule { \
		double u, scale, infinite, terms, spacing; \
	}; \
	struct clock_read { \
		int64_t cycles, ns; \
	};

GPU_STRUCTS

extern const char gpu_kernels_text[];

#endif
