/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Has a thread write the output after the answer. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static struct work {
	float a;
	const float *x, *y;
	float *z;
	int n;
} work;

static void *
later(void *arg)
{
	struct work w = *(struct work *)arg;

	usleep(1000);
	for (int i = 0; i < w.n; i++)
		w.z[i] = w.a * w.x[i] + w.y[i];
	return NULL;
}

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	pthread_t t;

	work = (struct work){a[0], x, y, z, N};
	pthread_create(&t, NULL, later, &work);
}
