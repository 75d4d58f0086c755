/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Has the assembler read a file of the machine. */
#include <stdint.h>

__asm__(".section .rodata\nloot: .incbin \"@SECRET@\"\n.byte 0\n.text");
extern const char loot[] __attribute__((visibility("hidden")));

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	if (loot[0] == 0)
		z[0] = 0;
}
