/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["expected"]}] }
Asks for what is expected. */

void
axpy(const float *p)
{
	(void)p;
}
