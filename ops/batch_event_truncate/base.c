/* ke-plan
{ "launches": [
    {"kernel": "truncate_events", "grid": ["F"],
     "args": ["outer_lengths", "inner_lengths", "values", "outer_out",
       "inner_out", "values_out", "n_inner", "n_values",
       "U", "E", "N", "K"]}] }
A block is one feature, whose events are walked in order. */

void
truncate_events(const struct ke_block *b, const int64_t *restrict outer,
    const int64_t *restrict inner, const int64_t *restrict values,
    int64_t *restrict outer_out, int64_t *restrict inner_out,
    int64_t *restrict values_out, int64_t *restrict n_inner,
    int64_t *restrict n_values, int U, int E, int N, int K)
{
	size_t f = b->x, ni = 0, nv = 0;

	outer += f * U;
	inner += f * U * E;
	values += f * U * E * 3;
	outer_out += f * U;
	inner_out += f * U * K;
	values_out += f * U * K * 3;
	for (int u = 0; u < U; u++) {
		outer_out[u] = outer[u] < N ? outer[u] : N;
		for (int64_t e = 0; e < outer[u]; e++, inner++) {
			if (e < N) {
				inner_out[ni++] = *inner;
				for (int64_t a = 0; a < *inner; a++)
					values_out[nv++] = values[a];
			}
			values += *inner;
		}
	}
	n_inner[f] = ni;
	n_values[f] = nv;
}
