/* ke-plan
{ "launches": [{"kernel": "axpy",
    "args": [{"tensor": "z", "offset": "N+4096"}]}] }
An offset that lies in another buffer. */

void
axpy(float *z)
{
	(void)z;
}
