/* ke-plan
{ "launches": [{"kernel": "unread", "args": ["x", "z", "y", "M", "N"]}] } */
void
unread(const float *restrict x, const float *restrict z, float *restrict y,
    int M, int N)
{
	(void)z;
	for (int i = 0; i < M * N; i++)
		y[i] = 2 * x[i];
}
