/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Overflows the stack. */
static volatile int deep = 1;

static int
down(int n)
{
	volatile char big[4096];

	big[0] = (char)n;
	return deep ? down(n + 1) + big[0] : big[0];
}

void
axpy(const float *a, const float *x, const float *y, float *z, int N)
{
	z[0] = down(N);
}
