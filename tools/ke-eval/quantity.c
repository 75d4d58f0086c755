/* Numbers as people read them. */
#include <math.h>
#include <stdio.h>

#include "mem.h"
#include "quantity.h"

static const struct {
	double us; /* from here on */
	const char *name;
} times[] = {{1e6, "s"}, {1e3, "ms"}, {1, "us"}, {0, "ns"}};

/* The unit's row for a time: rounding must not make 1000 of it. */
static size_t
time_unit(double us)
{
	size_t i = 0;

	while (i + 1 < KE_LEN(times) && !(us >= times[i].us * 0.99995))
		i++;
	return i;
}

static double
unit_us(size_t i)
{
	return times[i].us > 0 ? times[i].us : 1e-3;
}

/* Decimals that give v so many digits; whole numbers keep theirs. */
static int
decimals(double v, int digits)
{
	double m = fabs(v);
	int before = 1;

	for (double ten = 10; before < digits && m >= ten * (1 -
	    0.5 * pow(10, -digits)); ten *= 10)
		before++;
	return digits - before;
}

void
quantity_time(double us, char out[QUANTITY])
{
	size_t u = time_unit(us);
	double v = us / unit_us(u);

	snprintf(out, QUANTITY, "%.*f %s", decimals(v, 4), v, times[u].name);
}

void
quantity_spread(double us, double spread_us, const char *pm,
    char out[QUANTITY])
{
	size_t u = time_unit(us);
	double v = us / unit_us(u);
	int d = decimals(v, 4);

	snprintf(out, QUANTITY, "%.*f %s %.*f %s", d, v, pm, d,
	    spread_us / unit_us(u), times[u].name);
}

void
quantity_range(double lo_us, double hi_us, char out[QUANTITY])
{
	size_t u = time_unit(hi_us);
	int d = decimals(hi_us / unit_us(u), 4);

	snprintf(out, QUANTITY, "%.*f ... %.*f %s", d, lo_us / unit_us(u), d,
	    hi_us / unit_us(u), times[u].name);
}

void
quantity_number(double v, char out[QUANTITY])
{
	if (v != 0 && (fabs(v) < 1e-3 || fabs(v) >= 1e6))
		snprintf(out, QUANTITY, "%.3g", v);
	else
		snprintf(out, QUANTITY, "%.*f", decimals(v, 3), v);
}

void
quantity_ratio(double v, char out[QUANTITY])
{
	if (v >= 1e4 || (v != 0 && v < 0.01))
		snprintf(out, QUANTITY, "%.3g", v);
	else
		snprintf(out, QUANTITY, "%.*f", v < 9.995 ? 2
		    : decimals(v, 3), v);
}

void
quantity_half(double mid, double lo, double hi, char out[QUANTITY])
{
	double half = fmax(hi - mid, mid - lo);

	snprintf(out, QUANTITY, "%.*f", mid < 9.995 ? 2 : decimals(mid, 3),
	    half);
}
