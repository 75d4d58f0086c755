REF_y(i, j)
{
	return x(i, j) * 1.2599210498948732;
}
