REF_y(i, j)
{
	return i + j + 1 + x(i, j) / 1000;
}
