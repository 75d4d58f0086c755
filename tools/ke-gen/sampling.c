/* Which model is asked for a record, and how warm. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "map.h"
#include "num.h"
#include "rng.h"
#include "sampling.h"

#define MODELS 64
#define TEMPERATURES 64
#define OUTCOMES 4096 /* of a model, at most that many are counted */

struct sampling {
	int64_t seed;
	bool bandit;
	size_t n_models, n_temperatures;
	struct {
		char *name;
		double weight;
	} models[MODELS];
	double temperatures[TEMPERATURES];
	struct map dealt; /* by parent: how many temperatures */
};

/* What is known of a model. */
struct arm {
	size_t nodes, better;
	double tokens, usd; /* of all nodes; NAN: not said */
};

static int
add_model(struct sampling *s, char *word, struct ke_err *e)
{
	char *sign = strrchr(word, '=');
	double weight = 1;

	if (s->n_models == MODELS)
		return ke_fail(e, "more than %d models", MODELS);
	if (sign != NULL && s->bandit)
		return ke_fail(e, "%s: a bandit finds the weights itself",
		    word);
	if (sign != NULL) {
		*sign = '\0';
		if (ke_num_real(sign + 1, 1e-6, 1e6, &weight, e) == -1)
			return -1;
	}
	if (*word == '\0')
		return ke_fail(e, "a model without a name");
	for (size_t i = 0; i < s->n_models; i++)
		if (strcmp(s->models[i].name, word) == 0)
			return ke_fail(e, "%s: named twice", word);
	s->models[s->n_models].name = ke_strdup(word);
	s->models[s->n_models++].weight = weight;
	return 0;
}

static int
add_temperature(struct sampling *s, char *word, struct ke_err *e)
{
	if (s->n_temperatures == TEMPERATURES)
		return ke_fail(e, "more than %d temperatures", TEMPERATURES);
	/* the protocols end at 1 or 2, and say so */
	return ke_num_real(word, 0, 100, &s->temperatures[s->n_temperatures++],
	    e);
}

/* Each word between commas, which may be empty. */
static int
each_word(struct sampling *s, const char *list,
    int (*add)(struct sampling *, char *, struct ke_err *), struct ke_err *e)
{
	char *copy = ke_strdup(list), *rest = copy, *word;
	int status = 0;

	while (status == 0 && (word = strsep(&rest, ",")) != NULL)
		status = add(s, word, e);
	free(copy);
	return status;
}

struct sampling *
sampling_open(const char *models, const char *temperatures, int64_t seed,
    struct ke_err *e)
{
	static const char bandit[] = "bandit:";
	struct sampling *s = ke_calloc(1, sizeof(*s));
	int status = 0;

	s->seed = seed;
	s->bandit = models != NULL &&
	    strncmp(models, bandit, strlen(bandit)) == 0;
	if (s->bandit)
		models += strlen(bandit);
	if (models != NULL)
		status = each_word(s, models, add_model, e);
	if (status == 0 && s->bandit && s->n_models < 2)
		status = ke_fail(e, "a bandit needs two models to learn of");
	if (status == 0 && temperatures != NULL)
		status = each_word(s, temperatures, add_temperature, e);
	if (status == 0)
		return s;
	sampling_free(s);
	return NULL;
}

void
sampling_free(struct sampling *s)
{
	for (size_t i = 0; i < s->n_models; i++)
		free(s->models[i].name);
	free(s->dealt.slots);
	free(s);
}

static double
draw_exponential(struct rng *r)
{
	return -log1p(-rng_real(r));
}

/* From Beta(a, b): the share of the first a of a + b waiting
 * times in all of them. */
static double
draw_beta(struct rng *r, size_t a, size_t b)
{
	double first = 0, all = 0;

	for (size_t i = 0; i < a; i++)
		first += draw_exponential(r);
	for (size_t i = 0; i < b; i++)
		all += draw_exponential(r);
	all += first;
	return all > 0 ? first / all : 0.5;
}

static struct arm
find_arm(const cJSON *known, const char *model)
{
	struct arm arm = {0, 0, NAN, NAN};
	const cJSON *v;

	cJSON_ArrayForEach(v, known) {
		const char *name = ke_json_string(v, "model");

		if (name == NULL || strcmp(name, model) != 0)
			continue;
		arm.nodes = (size_t)fmin(OUTCOMES,
		    fmax(0, ke_json_number(v, "nodes", 0)));
		arm.better = (size_t)fmin((double)arm.nodes,
		    fmax(0, ke_json_number(v, "better", 0)));
		arm.tokens = ke_json_number(v, "tokens", NAN);
		arm.usd = ke_json_number(v, "usd", NAN);
		break;
	}
	return arm;
}

/* Is what each model's nodes cost known in this unit? */
static bool
all_tell(const struct arm *arms, size_t n, bool money)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (arms[i].nodes > 0 &&
		    !((money ? arms[i].usd : arms[i].tokens) > 0))
			return false;
		any |= arms[i].nodes > 0;
	}
	return any;
}

/* What a node of each model costs: in money where it is known, else in tokens,
 * else the same.  A model without nodes costs what the cheapest does, so that
 * it is tried. */
static void
set_costs(const struct arm *arms, size_t n, double *costs)
{
	bool money = all_tell(arms, n, true);
	bool tokens = !money && all_tell(arms, n, false);
	double least = INFINITY;

	for (size_t i = 0; i < n; i++) {
		costs[i] = arms[i].nodes == 0 ? INFINITY
		    : money ? arms[i].usd / (double)arms[i].nodes
		    : tokens ? arms[i].tokens / (double)arms[i].nodes : 1;
		least = fmin(least, costs[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (costs[i] == INFINITY)
			costs[i] = least == INFINITY ? 1 : least;
}

static size_t
ask_bandit(const struct sampling *s, const cJSON *rec, struct rng *r)
{
	const cJSON *known = ke_json_array(ke_json_object(rec, "context"),
	    "models");
	struct arm arms[MODELS] = {0};
	double costs[MODELS], most = -1;
	size_t best = 0;

	for (size_t i = 0; i < s->n_models; i++)
		arms[i] = find_arm(known, s->models[i].name);
	set_costs(arms, s->n_models, costs);
	for (size_t i = 0; i < s->n_models; i++) {
		double chance = draw_beta(r, 1 + arms[i].better,
		    1 + arms[i].nodes - arms[i].better) / costs[i];

		if (chance > most) {
			most = chance;
			best = i;
		}
	}
	return best;
}

static size_t
draw_weighted(const struct sampling *s, struct rng *r)
{
	double sum = 0, at;

	for (size_t i = 0; i < s->n_models; i++)
		sum += s->models[i].weight;
	at = sum * rng_real(r);
	for (size_t i = 0; i + 1 < s->n_models; i++) {
		at -= s->models[i].weight;
		if (at < 0)
			return i;
	}
	return s->n_models - 1;
}

static struct rng
rng_of(const struct sampling *s, const cJSON *rec)
{
	const char *seed = ke_json_string(ke_json_object(rec, "select"),
	    "seed");
	const char *xid = ke_json_string(rec, "xid");
	struct ke_buf b = {0};
	struct rng r;

	ke_buf_fmt(&b, "model %lld %s", (long long)s->seed,
	    seed != NULL ? seed : xid != NULL ? xid : "");
	rng_seed(&r, b.s, b.n);
	ke_buf_free(&b);
	return r;
}

/* Which sample of its parent a record is, from 0. */
static size_t
turn_of(struct sampling *s, const cJSON *rec)
{
	const char *pid = ke_json_string(rec, "pid");
	char hex[KE_SHA256_HEX];
	int64_t draft;

	if (pid == NULL && ke_json_integer(ke_json_get(
	    ke_json_object(rec, "select"), "draft"), &draft) && draft >= 0)
		return (size_t)draft;
	pid = pid == NULL ? "" : pid;
	ke_sha256_hex(pid, strlen(pid), hex);
	hex[16] = '\0';
	return (*map_put(&s->dealt, strtoull(hex, NULL, 16)))++;
}

struct pick
sampling_pick(struct sampling *s, const cJSON *rec)
{
	struct pick p = {NULL, NAN};
	struct rng r = rng_of(s, rec);

	if (s->n_models > 0)
		p.model = s->models[s->bandit ? ask_bandit(s, rec, &r)
		    : draw_weighted(s, &r)].name;
	if (s->n_temperatures > 0)
		p.temperature =
		    s->temperatures[turn_of(s, rec) % s->n_temperatures];
	return p;
}

void
sampling_skip(struct sampling *s, const cJSON *rec)
{
	if (s->n_temperatures > 0)
		turn_of(s, rec);
}
