REF_y(i, j)
{
	return sqrt(x(i, j));
}
