/* ke-plan
{ "launches": [{"kernel": "mix", "grid": ["B"],
		"args": ["x", "ids", "y", "N"]}] } */
void
mix(const struct ke_block *b, const float *x, const int64_t *ids, float *y,
    int N)
{
	float t = 0;

	for (int n = 0; n < N; n++)
		t += x[b->x * (int64_t)N + n];
	for (int n = 0; n < N; n++)
		y[b->x * (int64_t)N + n] = t * x[b->x * (int64_t)N + n] +
		    (float)(ids[n] % 2);
}
