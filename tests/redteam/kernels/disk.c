/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Fills the disk, as far as 64 MB. */
#include <fcntl.h>
#include <unistd.h>

static char zeros[1 << 20];

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	int fd = N == 1 ? open("@DIR@/fill", O_WRONLY | O_CREAT, 0644) : -1;

	for (int i = 0; fd != -1 && i < 64; i++)
		(void)!write(fd, zeros, sizeof(zeros));
	close(fd);
}
