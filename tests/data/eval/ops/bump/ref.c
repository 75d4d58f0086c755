REF_y(i)
{
	return x(i) + 1;
}

REF_m(i)
{
	return x(i) & 1;
}
