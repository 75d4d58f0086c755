/* The borders needn't be looked at in order: equal ones, and the infinity
 * behind them, count as any other. */
REF_y(f, i)
{
	int64_t n = 0;

	for (int64_t k = 0; k <= K; k++)
		n += borders(f, k) < x(f, i);
	return f * (K + 1) + n;
}
