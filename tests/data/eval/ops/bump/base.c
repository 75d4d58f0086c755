/* ke-plan
{ "launches": [{"kernel": "bump", "args": ["x", "y", "m", "N"]}] } */
void
bump(const int64_t *restrict x, int64_t *restrict y, uint8_t *restrict m,
    int N)
{
	for (int i = 0; i < N; i++) {
		y[i] = x[i] + 1;
		m[i] = x[i] & 1;
	}
}
