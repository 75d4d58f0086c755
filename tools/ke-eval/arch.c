/* The architecture that compilers for GPUs compile for. */
#include <stdio.h>
#include <string.h>

#include "arch.h"

/* A prefix, digits of so many kinds, and a letter behind them or none. */
static const struct {
	const char *prefix, *digits;
	size_t most; /* digits */
	bool letter;
} forms[GPU_MAKERS] = {
	[GPU_NVIDIA] = {"sm_", "0123456789", 7, true},
	[GPU_AMD] = {"gfx", "0123456789abcdef", 5, false},
};
static char archs[GPU_MAKERS][32];

bool
arch_is(enum gpu_maker m, const char *s)
{
	size_t prefix = strlen(forms[m].prefix), n;

	if (strncmp(s, forms[m].prefix, prefix) != 0)
		return false;
	s += prefix;
	n = strspn(s, forms[m].digits);
	s += n;
	if (forms[m].letter && *s >= 'a' && *s <= 'z')
		s++;
	return n > 0 && n <= forms[m].most && *s == '\0';
}

const char *
arch_of(enum gpu_maker m)
{
	return archs[m];
}

void
arch_set(enum gpu_maker m, const char *s)
{
	snprintf(archs[m], sizeof(archs[m]), "%s", s);
}
