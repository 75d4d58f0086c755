/* ke-plan
{ "launches": [{"kernel": "axpy", "args": [140737488355328]}] }
An address as an argument. */

void
axpy(const float *p)
{
	(void)p;
}
