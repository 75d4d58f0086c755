/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Signals every process it can see.  Signal 0 asks whether it may, and ends
nobody: the others on this machine are not ours. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	if (kill(-1, 0) == 0)
		close(open("@DIR@/killed", O_WRONLY | O_CREAT, 0644));
}
