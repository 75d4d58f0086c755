/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Forks, and each fork outlives it: 32 of them, named, for twenty seconds; a
real one would not count. */
#include <sys/prctl.h>
#include <unistd.h>

static int forked;

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	if (N != 1 || forked++ > 0)
		return;
	for (int i = 0; i < 32; i++)
		if (fork() == 0) {
			setsid();
			prctl(PR_SET_NAME, "@MARK@");
			sleep(20);
			_exit(0);
		}
}
