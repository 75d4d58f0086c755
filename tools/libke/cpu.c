/* What the system says of its processors. */
#include <string.h>

#include "cpu.h"
#include "file.h"
#include "mem.h"

/* The value of the first line "name : value". */
static char *
field(const char *info, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = info; *s != '\0'; s += *s == '\n') {
		size_t len = strcspn(s, "\n");
		const char *colon = memchr(s, ':', len);

		if (colon != NULL && strncmp(s, name, n) == 0 &&
		    strchr(" \t:", s[n]) != NULL) {
			size_t skip = 1 + strspn(colon + 1, " \t");

			return ke_strndup(colon + skip,
			    len - (size_t)(colon - s) - skip);
		}
		s += len;
	}
	return NULL;
}

char *
ke_cpu_field(const char *name)
{
	struct ke_buf info = {0};
	struct ke_err e;
	char *value = NULL;

	if (ke_file_read("/proc/cpuinfo", (size_t)64 << 20, &info, &e) == 0)
		value = field(info.s, name);
	ke_buf_free(&info);
	return value;
}

char *
ke_cpu_model(void)
{
	static const char *const names[] = {"model name", "cpu model", "uarch",
	    "CPU part"};
	char *model = NULL;

	for (size_t i = 0; model == NULL && i < KE_LEN(names); i++)
		model = ke_cpu_field(names[i]);
	return model != NULL ? model : ke_strdup("unknown");
}
