/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Writes to its inputs through /proc/self/mem, where read-only pages can be
written. */
#include <fcntl.h>
#include <unistd.h>

static const float junk[64];

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	int fd = open("/proc/self/mem", O_RDWR);

	(void)!pwrite(fd, junk, 4 * (N < 64 ? N : 64), (off_t)(uintptr_t)x);
	close(fd);
}
