/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": [1], "block": [1],
    "args": [140737488355328, "N"]}] }
An address as an argument. */

extern "C" __global__ void
axpy(float *p, int N)
{
	p[0] = N;
}
