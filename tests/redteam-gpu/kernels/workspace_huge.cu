/* ke-plan
{ "workspace": {"w": {"dtype": "f32", "shape": [1099511627776]}},
  "launches": [{"kernel": "axpy", "grid": [1], "block": [1], "args": ["w"]}] }
A workspace of 4 TB. */

extern "C" __global__ void
axpy(float *w)
{
	w[0] = 0;
}
