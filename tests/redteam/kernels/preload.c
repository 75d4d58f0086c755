/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Leaves a library where a loader may find it, and starts a program with it. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	char *argv[] = {"true", NULL};
	char *env[] = {"LD_PRELOAD=@DIR@/lib.so", "LD_LIBRARY_PATH=@DIR@",
	    "LD_DEBUG=files", "LD_DEBUG_OUTPUT=@DIR@/loader", NULL};
	char part[4096];
	int from, to;
	ssize_t n;

	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	if (N != 4096)
		return;
	from = open("/proc/self/exe", O_RDONLY);
	to = open("@DIR@/lib.so", O_WRONLY | O_CREAT, 0755);
	while (from != -1 && to != -1 && (n = read(from, part,
	    sizeof(part))) > 0)
		if (write(to, part, n) != n)
			break;
	close(from);
	close(to);
	if (vfork() == 0) {
		execve("/bin/true", argv, env);
		_exit(1);
	}
	wait(NULL);
}
