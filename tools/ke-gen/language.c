/* What differs by the language of candidates. */
#include <string.h>

#include "language.h"
#include "mem.h"

static const struct language languages[] = {
	{"c", ".c", "candidate.c", "cpu", "small"},
	{"cuda", ".cu", "candidate.cu", "cuda", "production"},
	{"hip", ".hip", "candidate.hip", "hip", "production"},
	{"triton", ".py", "candidate.py", "cuda", "production"},
};

const struct language *
language_find(const char *name)
{
	for (size_t i = 0; i < KE_LEN(languages); i++)
		if (name == NULL || strcmp(languages[i].name, name) == 0)
			return &languages[i];
	return NULL;
}
