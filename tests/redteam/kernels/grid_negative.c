/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": ["(0-N)/2"], "args": []}] }
A negative number of blocks. */

void
axpy(const struct ke_block *b)
{
	(void)b;
}
