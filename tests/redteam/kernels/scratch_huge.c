/* ke-plan
{ "launches": [{"kernel": "axpy", "grid": [1], "shared": "4398046511104",
    "args": []}] }
4 TB of scratch. */

void
axpy(const struct ke_block *b)
{
	(void)b;
}
