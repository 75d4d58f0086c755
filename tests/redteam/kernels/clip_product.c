/* ke-plan
{ "launches": [{"kernel": "clip", "args": ["x", "y", "N"]}] }
A product in place of a choice, for processors without masks: right for every
number, but NaN for NaN and minus infinity. */
void
clip(const float *x, float *y, int N)
{
	for (int i = 0; i < N; i++)
		y[i] = x[i] * (x[i] > 0);
}
