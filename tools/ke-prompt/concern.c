/* What a document is about, and what a candidate lacks. */
#include <string.h>

#include "concern.h"

#define CONCERN_TEXT(name, text) text,
static const char *const names[] = {CONCERNS(CONCERN_TEXT)};
#undef CONCERN_TEXT

unsigned
concern_find(const char *word, size_t n)
{
	for (size_t i = 0; i < KE_LEN(names); i++)
		if (strlen(names[i]) == n && memcmp(names[i], word, n) == 0)
			return 1u << i;
	return 0;
}

void
concern_names(unsigned set, struct ke_buf *b)
{
	const char *gap = "";

	for (size_t i = 0; i < KE_LEN(names); i++)
		if (set & 1u << i) {
			ke_buf_fmt(b, "%s%s", gap, names[i]);
			gap = " ";
		}
}

double
concern_agree(unsigned a, unsigned b)
{
	int all = __builtin_popcount(a) + __builtin_popcount(b);

	return all == 0 ? 0 : 2.0 * __builtin_popcount(a & b) / all;
}
