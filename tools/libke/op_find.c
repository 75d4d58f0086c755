/* Where an operator lies. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "op.h"

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The first of the colon-separated folders that holds name. */
static char *
find_in(const char *path, const char *name)
{
	while (path != NULL && *path != '\0') {
		size_t n = strcspn(path, ":");
		struct ke_buf b = {0};

		ke_buf_fmt(&b, "%.*s/%s", (int)n, path, name);
		if (n > 0 && is_dir(b.s))
			return b.s;
		ke_buf_free(&b);
		path += n + (path[n] == ':');
	}
	return NULL;
}

char *
ke_op_find(const char *name, struct ke_err *e)
{
	char *share, *found = NULL;

	if (strchr(name, '/') != NULL) {
		if (is_dir(name))
			return ke_strdup(name);
		ke_fail(e, "%s: no such operator", name);
		return NULL;
	}
	if (*name != '\0' && *name != '.') {
		share = ke_share_dir("ops");
		found = find_in(getenv("KE_OPS"), name);
		if (found == NULL)
			found = find_in("./ops", name);
		if (found == NULL)
			found = find_in(share, name);
		free(share);
	}
	if (found == NULL)
		ke_fail(e, "%s: no such operator (looked in KE_OPS, ./ops and "
		    "the installed ones)", name);
	return found;
}
