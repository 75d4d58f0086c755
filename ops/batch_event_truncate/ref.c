/*
 * Of row f of inner_lengths the first sum of outer_lengths(f, u) over u are
 * meant, of values as many as those sum up to.
 */

REF_outer_out(f, u)
{
	return outer_lengths(f, u) < N ? outer_lengths(f, u) : N;
}

REF_inner_out(f, row)
{
	int64_t i = 0, n = 0;

	for (int64_t u = 0; u < U; u++)
		for (int64_t e = 0; e < outer_lengths(f, u); e++, i++)
			if (e < N)
				row[n++] = inner_lengths(f, i);
	return n;
}

REF_values_out(f, row)
{
	int64_t i = 0, v = 0, n = 0;

	for (int64_t u = 0; u < U; u++)
		for (int64_t e = 0; e < outer_lengths(f, u); e++, i++)
			for (int64_t a = 0; a < inner_lengths(f, i); a++, v++)
				if (e < N)
					row[n++] = values(f, v);
	return n;
}

REF_n_inner(f)
{
	int64_t n = 0;

	for (int64_t u = 0; u < U; u++)
		n += outer_lengths(f, u) < N ? outer_lengths(f, u) : N;
	return n;
}

REF_n_values(f)
{
	int64_t i = 0, n = 0;

	for (int64_t u = 0; u < U; u++)
		for (int64_t e = 0; e < outer_lengths(f, u); e++, i++)
			if (e < N)
				n += inner_lengths(f, i);
	return n;
}
