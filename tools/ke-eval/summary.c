/* The end of a table: how the candidates of one call compare.
 *
 * Where they were measured in one interleaved run the record has their ratios
 * (versus); else the ratio is that of their speedups over the baseline, whose
 * intervals are joined as those of independent quantities. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "quantity.h"
#include "table_parts.h"

struct table_ran {
	char *name, *shown;
	char *key; /* what can be compared with each other */
	char *status;     /* where it didn't pass */
	struct part_interval speedup; /* over the baseline */
	double noise;                 /* ratios within it are none */
	cJSON *versus;
	bool baseline, done;
};

static struct table_ran *
grow(struct table *t)
{
	t->ran = ke_grow(t->ran, t->n_ran + 1, sizeof(*t->ran));
	t->ran[t->n_ran] = (struct table_ran){0};
	return &t->ran[t->n_ran++];
}

void
summary_add(struct table *t, const cJSON *rec, const char *name)
{
	const cJSON *eval = ke_json_object(rec, "eval");
	const cJSON *base = ke_json_object(eval, "baseline");
	struct ke_buf key = {0};
	struct table_ran *r;
	struct part_interval s = {0};
	bool pass = strcmp(part_text(eval, "status"), "pass") == 0;

	if (ke_json_array(eval, "cases") == NULL ||
	    (pass && !part_interval(eval, "speedup", &s)))
		return;
	ke_buf_fmt(&key, "%s %s %s %s %.0f", part_text(rec, "target"),
	    part_text(rec, "dtype"), part_text(eval, "effort"),
	    part_text(base, "id"), ke_json_number(eval, "workers", 0));
	r = grow(t);
	r->name = ke_strdup(name);
	r->shown = columns_cut(name, t->width / 2);
	part_plain(r->shown);
	r->key = ke_strdup(key.s);
	r->status = pass ? NULL : ke_strdup(part_text(eval, "status"));
	r->speedup = s;
	r->noise = ke_json_number(eval, "noise", 0);
	r->versus = cJSON_Duplicate(ke_json_array(eval, "versus"), 1);
	for (size_t i = 0; pass && i < t->n_ran; i++)
		if (t->ran[i].baseline && strcmp(t->ran[i].key, key.s) == 0)
			pass = false; /* it is there already */
	if (pass) {
		struct table_ran *b = grow(t);

		b->name = ke_strdup(part_text(base, "name"));
		b->shown = ke_strdup(b->name);
		part_plain(b->shown);
		b->key = ke_strdup(key.s);
		b->speedup = (struct part_interval){1, 1, 1};
		b->baseline = true;
	}
	ke_buf_free(&key);
}

/* How many times as fast as b a is. */
static struct part_interval
ratio(const struct table_ran *a, const struct table_ran *b)
{
	const struct part_interval *x = &a->speedup, *y = &b->speedup;
	struct part_interval r;
	const cJSON *v;

	cJSON_ArrayForEach(v, a->versus)
		if (!b->baseline && strcmp(part_text(v, "name"),
		    b->name) == 0 && part_interval(v, "speedup", &r))
			return r;
	r.mid = x->mid / y->mid;
	r.lo = r.mid * exp(-hypot(log(x->mid / x->lo), log(y->hi / y->mid)));
	r.hi = r.mid * exp(hypot(log(x->hi / x->mid), log(y->mid / y->lo)));
	return r;
}

/* The fastest of the key's that is not done. */
static struct table_ran *
fastest(struct table *t, const char *key)
{
	struct table_ran *best = NULL;

	for (size_t i = 0; i < t->n_ran; i++) {
		struct table_ran *r = &t->ran[i];

		if (!r->done && r->status == NULL && strcmp(r->key, key) == 0 &&
		    (best == NULL || r->speedup.mid > best->speedup.mid))
			best = r;
	}
	return best;
}

static void
print_line(struct table *t, const struct table_ran *best,
    const struct table_ran *r, int wide)
{
	struct part_interval s = ratio(best, r);
	char mid[QUANTITY], half[QUANTITY];

	quantity_ratio(s.mid, mid);
	quantity_half(s.mid, s.lo, s.hi, half);
	fprintf(t->f, "  %*s %s %s times %s %s\n", wide, mid, t->pm, half,
	    s.lo > 1 + fmax(best->noise, r->noise) ? "faster than"
	    : s.hi < 1 ? "as fast as" : "as fast as (within the noise)",
	    r->shown);
}

static void
print_group(struct table *t, const char *key)
{
	struct table_ran *best = fastest(t, key), *r;

	if (best == NULL)
		return;
	best->done = true;
	fprintf(t->f, "Summary\n  %s%s%s ran\n", t->colour ? "\033[1m" : "",
	    best->shown, t->colour ? "\033[0m" : "");
	while ((r = fastest(t, key)) != NULL) {
		r->done = true;
		print_line(t, best, r, 6);
	}
	for (size_t i = 0; i < t->n_ran; i++)
		if (t->ran[i].status != NULL &&
		    strcmp(t->ran[i].key, key) == 0)
			fprintf(t->f, "  %s failed: %s\n", t->ran[i].shown,
			    t->ran[i].status);
}

void
summary_print(struct table *t)
{
	for (size_t i = 0; i < t->n_ran; i++) {
		size_t n = 0;

		for (size_t k = 0; k < t->n_ran; k++)
			n += !t->ran[k].baseline &&
			    strcmp(t->ran[k].key, t->ran[i].key) == 0;
		if (n > 1 && !t->ran[i].done)
			print_group(t, t->ran[i].key);
	}
	for (size_t i = 0; i < t->n_ran; i++) {
		free(t->ran[i].name);
		free(t->ran[i].shown);
		free(t->ran[i].key);
		free(t->ran[i].status);
		cJSON_Delete(t->ran[i].versus);
	}
	free(t->ran);
}
