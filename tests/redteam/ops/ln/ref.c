REF_y(i)
{
	return log(x(i));
}
