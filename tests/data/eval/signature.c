/* ke-plan
{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] }
Another signature than the plan says. */

void
axpy(float *a, const float *x, const float *y, float *z, int N)
{
}
