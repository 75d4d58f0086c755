/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Reads a file of the machine, and leaves what it found. */
#include <fcntl.h>
#include <unistd.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	char text[256];
	int from = open("@SECRET@", O_RDONLY);
	ssize_t n = read(from, text, sizeof(text));
	int to = n > 0 ? open("@DIR@/loot", O_WRONLY | O_CREAT, 0644) : -1;

	if (to != -1)
		(void)!write(to, text, n);
}
