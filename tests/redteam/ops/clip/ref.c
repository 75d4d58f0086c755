REF_y(i)
{
	return x(i) > 0 ? x(i) : 0;
}
