/* Only for the build that attacks are proven with; see defence.h. */
#include "defence.h"

#ifdef KE_DEFENCES_OFF
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
defence_is_on(enum defence d)
{
#define X(name, what) #name,
	static const char *const names[] = {KE_DEFENCES(X)};
#undef X
	const char *off = getenv("KE_OFF");
	size_t n = strlen(names[d]);

	while (off != NULL && *off != '\0') {
		size_t word = strcspn(off, ",");

		if (word == n && strncmp(off, names[d], n) == 0)
			return false;
		off += word + (off[word] == ',');
	}
	return true;
}

const char *
defence_key(void)
{
	return getenv("KE_OFF") == NULL ? "" : getenv("KE_OFF");
}

char *const *
defence_env(char *const *envp)
{
	static char word[512], *more[16];
	extern char **environ;
	size_t n = 0;

	if (!defended(bare))
		return environ;
	for (; envp[n] != NULL && n < sizeof(more) / sizeof(*more) - 2; n++)
		more[n] = envp[n];
	snprintf(word, sizeof(word), "KE_OFF=%s", defence_key());
	more[n++] = word;
	more[n] = NULL;
	return more;
}
#else
typedef int defence_all_on; /* a file must hold something */
#endif
