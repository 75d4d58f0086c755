/* What a kernel does, as a number: kernels that do the same compete for one
 * place in an archive. */
#include <string.h>

#include "search.h"

/* Bottlenecks get numbers as they come, so that nobody has to keep a list of
 * what ke-profile may say; 0 is none, and the last stands for all further. */
static unsigned
limit_number(struct behaviours *b, const char *limit)
{
	unsigned i = 0;

	if (limit == NULL)
		return 0;
	for (; i < LIMITS - 2 && b->limits[i] != NULL; i++)
		if (strcmp(b->limits[i], limit) == 0)
			return i + 1;
	if (b->limits[i] == NULL)
		b->limits[i] = ke_strdup(limit);
	return i + 1;
}

/* Halves of what a thread may have, by which occupancy falls. */
static unsigned
registers_class(int64_t n)
{
	return n <= 0 ? 0 : n <= 32 ? 1 : n <= 64 ? 2 : n <= 128 ? 3 : 4;
}

uint16_t
behaviour_find(struct behaviours *b, const char *limit, int64_t registers,
    int64_t launches)
{
	unsigned fusion = launches <= 0 ? 0 : launches >= 3 ? 3
	    : (unsigned)launches;

	return (uint16_t)((limit_number(b, limit) * 5 +
	    registers_class(registers)) * 4 + fusion);
}
