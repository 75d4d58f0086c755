/* The Python that PATH finds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "python.h"

void
python_prefix(char *to, size_t n)
{
	const char *path = getenv("PATH");
	size_t len;

	*to = '\0';
	for (; path != NULL && *path != '\0';
	    path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		if (len + 16 > n)
			continue;
		snprintf(to, n, "%.*s/python3", (int)len, path);
		if (access(to, X_OK) == 0) {
			snprintf(to, n, "%.*s/..", (int)len, path);
			return;
		}
	}
	*to = '\0';
}
