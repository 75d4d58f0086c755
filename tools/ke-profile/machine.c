/* The processors that we may run on. */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "machine.h"

int
machine_read(struct machine *m, struct ke_err *e)
{
	cpu_set_t set;
	char *model = ke_cpu_model();

	*m = (struct machine){0};
	snprintf(m->model, sizeof(m->model), "%s", model);
	free(model);
	if (sched_getaffinity(0, sizeof(set), &set) == -1)
		return ke_fail(e, "sched_getaffinity: %s", strerror(errno));
	for (int i = 0; i < CPU_SETSIZE && m->n_cpus < CPUS_MAX; i++)
		if (CPU_ISSET(i, &set))
			m->cpus[m->n_cpus++] = i;
	return 0;
}

/* A file of a cache in sysfs, without its newline; empty where there is none.
 */
static void
cache_file(int cpu, int index, const char *name, char *out, size_t size)
{
	struct ke_buf path = {0};
	FILE *f;

	*out = '\0';
	ke_buf_fmt(&path, "/sys/devices/system/cpu/cpu%d/cache/index%d/%s",
	    cpu, index, name);
	f = fopen(path.s, "re");
	if (f != NULL && fgets(out, (int)size, f) != NULL)
		out[strcspn(out, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
	ke_buf_free(&path);
}

/* Is cpu in a list such as 0-3,8? */
static bool
list_has(const char *list, int cpu)
{
	while (*list != '\0') {
		char *end;
		long from = strtol(list, &end, 10), to = from;

		if (end == list)
			return false;
		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		if (from <= cpu && cpu <= to)
			return true;
		list = *end == ',' ? end + 1 : end;
	}
	return false;
}

static double
size_bytes(const char *text)
{
	char *end;
	double n = strtod(text, &end);

	return *end == 'K' ? n * 1024 : *end == 'M' ? n * 1048576 : n;
}

/* Adds the cache to its level, once for all processors that share it. */
static void
cache_add(const struct machine *m, size_t at, int index, struct cache *out,
    size_t *n)
{
	char level[16], type[32], size[32], list[4096];
	size_t i = 0;

	cache_file(m->cpus[at], index, "level", level, sizeof(level));
	cache_file(m->cpus[at], index, "type", type, sizeof(type));
	cache_file(m->cpus[at], index, "size", size, sizeof(size));
	cache_file(m->cpus[at], index, "shared_cpu_list", list, sizeof(list));
	if (strcmp(type, "Instruction") == 0 || strtol(level, NULL, 10) < 2)
		return;
	for (size_t k = 0; k < at; k++)
		if (list_has(list, m->cpus[k]))
			return;
	while (i < *n && out[i].level != strtol(level, NULL, 10))
		i++;
	if (i == CACHES_MAX)
		return;
	if (i == *n)
		out[(*n)++] = (struct cache){(int)strtol(level, NULL, 10), 0};
	out[i].bytes += size_bytes(size);
}

size_t
machine_caches(const struct machine *m, size_t n,
    struct cache out[CACHES_MAX])
{
	size_t found = 0;

	for (size_t at = 0; at < n && at < m->n_cpus; at++)
		for (int index = 0; index < 8; index++)
			cache_add(m, at, index, out, &found);
	return found;
}
