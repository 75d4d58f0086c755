REF_y(i, j)
{
	return 2 * x(i, j);
}
