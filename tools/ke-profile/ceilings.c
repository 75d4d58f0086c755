/* What this machine can do at most, kept in a file whose name is a hash of what
 * the numbers hold for.  The file is read again once the lock is held: whoever
 * had it may have measured the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceilings.h"
#include "file.h"
#include "hash.h"
#include "lock.h"
#include "measure.h"

static cJSON *
peak_json(const struct peak *p)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set_number(o, "bits", p->bits);
	ke_json_set_number(o, "gflops", p->gflops);
	return o;
}

static cJSON *
level_json(const struct level *l)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set_string(o, "name", l->name);
	if (l->bytes > 0)
		ke_json_set_number(o, "bytes", l->bytes);
	ke_json_set_number(o, "gbps", l->gbps);
	return o;
}

cJSON *
ceilings_json(const struct machine *m, const struct ceilings *c)
{
	cJSON *o = cJSON_CreateObject(), *peaks = cJSON_CreateArray();
	cJSON *levels = cJSON_CreateArray();

	ke_json_set_string(o, "tool", "ke-profile " KE_VERSION);
	ke_json_set_string(o, "cpu", m->model);
	ke_json_set_number(o, "cpus", (double)m->n_cpus);
	ke_json_set_number(o, "workers", c->workers);
	for (size_t i = 0; i < c->n_peaks; i++)
		cJSON_AddItemToArray(peaks, peak_json(&c->peaks[i]));
	for (size_t i = 0; i < c->n_levels; i++)
		cJSON_AddItemToArray(levels, level_json(&c->levels[i]));
	ke_json_set(o, "peaks", peaks);
	ke_json_set(o, "levels", levels);
	return o;
}

static int
peaks_read(const cJSON *array, struct ceilings *c)
{
	const cJSON *p;

	cJSON_ArrayForEach(p, array) {
		struct peak *to = &c->peaks[c->n_peaks];

		if (c->n_peaks == PEAKS_MAX)
			return -1;
		c->n_peaks++;
		to->bits = (int)ke_json_number(p, "bits", 0);
		to->gflops = ke_json_number(p, "gflops", 0);
		if (!(to->gflops > 0))
			return -1;
	}
	return c->n_peaks > 0 ? 0 : -1;
}

static int
levels_read(const cJSON *array, struct ceilings *c)
{
	const cJSON *l;

	cJSON_ArrayForEach(l, array) {
		struct level *to = &c->levels[c->n_levels];
		const char *name = ke_json_string(l, "name");

		if (c->n_levels == LEVELS_MAX || name == NULL)
			return -1;
		c->n_levels++;
		snprintf(to->name, sizeof(to->name), "%s", name);
		to->bytes = ke_json_number(l, "bytes", 0);
		to->gbps = ke_json_number(l, "gbps", 0);
		if (!(to->gbps > 0))
			return -1;
	}
	return c->n_levels > 0 && c->levels[c->n_levels - 1].bytes == 0 ? 0
	    : -1;
}

/* What ceilings_json made; -1 for a file that is damaged. */
static int
from_json(const cJSON *o, struct ceilings *c)
{
	c->n_peaks = c->n_levels = 0;
	if (peaks_read(ke_json_array(o, "peaks"), c) == -1)
		return -1;
	return levels_read(ke_json_array(o, "levels"), c);
}

/* The file's path, of everything that the numbers depend on. */
static char *
ceilings_path(const struct machine *m, int workers, struct ke_err *e)
{
	char *dir = ke_cache_dir("ceilings", e), hex[KE_SHA256_HEX];
	struct ke_buf key = {0}, path = {0};

	if (dir == NULL)
		return NULL;
	ke_buf_fmt(&key, "%s %s %d %zu", KE_VERSION, m->model, workers,
	    m->n_cpus);
	for (size_t i = 0; i < m->n_cpus; i++)
		ke_buf_fmt(&key, " %d", m->cpus[i]);
	ke_sha256_hex(key.s, key.n, hex);
	ke_buf_fmt(&path, "%s/%.32s.json", dir, hex);
	ke_buf_free(&key);
	free(dir);
	return path.s;
}

static int
ceilings_read(const char *path, struct ceilings *c)
{
	struct ke_buf b = {0};
	struct ke_err e;
	cJSON *o = NULL;
	int status = -1;

	if (ke_file_read(path, 1 << 20, &b, &e) == 0)
		o = ke_json_parse(b.s, b.n, &e);
	if (o != NULL)
		status = from_json(o, c);
	cJSON_Delete(o);
	ke_buf_free(&b);
	return status;
}

static int
ceilings_write(const char *path, const struct machine *m,
    const struct ceilings *c, struct ke_err *e)
{
	cJSON *o = ceilings_json(m, c);
	char *text = ke_json_print(o);
	int status = ke_file_write(path, text, strlen(text), e);

	free(text);
	cJSON_Delete(o);
	return status;
}

int
ceilings_get(const struct machine *m, int workers, struct ceilings *c,
    struct ke_err *e)
{
	char *path = ceilings_path(m, workers, e);
	int status = 0, lock;

	*c = (struct ceilings){.workers = workers};
	if (path == NULL)
		return -1;
	if (ceilings_read(path, c) == 0)
		goto out;
	status = -1;
	lock = ke_lock_cpu(true, e);
	if (lock == -1)
		goto out;
	if (ceilings_read(path, c) == 0) {
		status = 0;
	} else {
		*c = (struct ceilings){.workers = workers};
		status = measure(m, c, e);
		if (status == 0)
			status = ceilings_write(path, m, c, e);
	}
	ke_unlock(lock);
out:
	free(path);
	return status;
}

const struct level *
ceilings_level(const struct ceilings *c, double bytes)
{
	size_t i = 0;

	while (i + 1 < c->n_levels && bytes > c->levels[i].bytes)
		i++;
	return &c->levels[i];
}

double
ceilings_peak(const struct ceilings *c)
{
	double best = 0;

	for (size_t i = 0; i < c->n_peaks; i++)
		if (c->peaks[i].gflops > best)
			best = c->peaks[i].gflops;
	return best;
}

double
ceilings_peak_at(const struct ceilings *c, int bits)
{
	for (size_t i = 0; i < c->n_peaks; i++)
		if (c->peaks[i].bits <= bits)
			return c->peaks[i].gflops;
	return 0;
}
