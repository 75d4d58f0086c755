/* Loops that nothing can be faster than: what a ceiling is measured with. */
#ifndef KE_KERNELS_H
#define KE_KERNELS_H

#include <stddef.h>

/* flops per step of peak(), and lane */
#define PEAK_CHAINS 12

struct kernels {
	const char *name; /* of the instruction set */
	int bits;         /* of its vectors */
	/* n steps of PEAK_CHAINS independent multiply-adds of whole vectors.
	 */
	float (*peak)(size_t n);
	/* a[i] = b[i] + c[i] s over n floats, a multiple of 16; 64-byte
	 * aligned. */
	void (*triad)(float *a, const float *b, const float *c, size_t n);
};

/* Those with the widest vectors that this processor has. */
const struct kernels *kernels_best(void);

#endif
