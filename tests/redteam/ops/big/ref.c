REF_y(i)
{
	return x(i) + 1;
}
