/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Takes the alarm and every other signal that could end it for its own, and goes
on for ever. */
#include <signal.h>
#include <sys/time.h>

static void
ignore(int sig)
{
}

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	struct sigaction own = {.sa_handler = ignore, .sa_flags = SA_RESTART};
	struct itimerval never = {0};

	for (int i = 0; i < N; i++)
		z[i] = a[0] * x[i] + y[i];
	if (N != 4096)
		return;
	setitimer(ITIMER_REAL, &never, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &own, NULL);
	for (volatile int i = 0;; i++)
		;
}
