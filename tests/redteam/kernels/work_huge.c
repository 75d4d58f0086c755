/* ke-plan
{ "workspace": {"w": {"dtype": "f32", "shape": ["1099511627776"]}},
  "launches": [{"kernel": "axpy", "args": ["w"]}] }
A workspace of 4 TB. */

void
axpy(float *w)
{
	(void)w;
}
