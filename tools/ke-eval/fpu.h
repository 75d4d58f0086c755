/* The floating-point mode: rounding, flushing of denormals, traps; without the
 * flags that operations leave behind. */
#ifndef KE_EVAL_FPU_H
#define KE_EVAL_FPU_H

#include <fenv.h>
#include <stdint.h>

static inline uint64_t
fpu_mode(void)
{
#if defined(__x86_64__)
	uint32_t mxcsr;
	uint16_t x87;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(x87));
	return (uint64_t)x87 << 32 | (mxcsr & 0xffffffc0u);
#elif defined(__aarch64__)
	uint64_t fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	return fpcr;
#else
	return (uint64_t)fegetround();
#endif
}

#endif
