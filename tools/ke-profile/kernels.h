/* Loops that nothing can be faster than: what a ceiling is measured with. */
#ifndef KE_KERNELS_H
#define KE_KERNELS_H

#include <stddef.h>

#define PEAK_CHAINS 12

struct kernels {
	const char *name; /* of the instruction set */
	int bits;         /* of its vectors */
	/* n steps of PEAK_CHAINS independent multiply-adds of vectors */
	float (*peak)(size_t n);
	/* a[i] = b[i] + c[i] s over n floats, a multiple of 16, each array
	 * 64-byte aligned */
	void (*triad)(float *a, const float *b, const float *c, size_t n);
};

#define KERNELS_MAX 3

/* Those that this processor can run, by width of their vectors, the widest
 * first; how many there are. */
size_t kernels_here(const struct kernels *out[KERNELS_MAX]);

#endif
