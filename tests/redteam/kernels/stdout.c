/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Prints: a gigabyte of results of its own. */
#include <string.h>
#include <unistd.h>

static char text[1 << 20];

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	memset(text, '}', sizeof(text));
	for (int i = 0; N == 1 && i < 1000; i++)
		(void)!write(1, text, sizeof(text));
}
