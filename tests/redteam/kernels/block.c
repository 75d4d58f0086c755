/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Blocks every signal, and goes on for ever. */
#include <signal.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	sigset_t all;

	if (N != 4096)
		return;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (volatile int i = 0;; i++)
		;
}
