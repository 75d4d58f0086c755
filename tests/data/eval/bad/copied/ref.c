REF_y(i, j)
{
	return fmax(x(i, j), 0);
}
