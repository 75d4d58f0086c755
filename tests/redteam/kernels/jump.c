/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Leaves the call through the frame of an earlier one. */
#include <setjmp.h>

static jmp_buf before;
static int calls;

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	if (calls++ == 0) {
		if (setjmp(before) != 0)
			return;
	} else {
		longjmp(before, 1);
	}
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
}
