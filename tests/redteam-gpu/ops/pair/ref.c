REF_z(i)
{
	return a(0) * x(i) + y(i);
}
