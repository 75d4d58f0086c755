/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": [1], "block": [1],
    "args": [{"tensor": "z", "offset": "N+4096"}]}] }
An offset that lies in another buffer. */

extern "C" __global__ void
axpy(float *z)
{
	z[0] = 0;
}
