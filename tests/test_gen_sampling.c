/* Models and temperatures: what may be asked for, who is asked, and that the
 * bandit finds who is worth it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-gen/rng.h"
#include "../tools/ke-gen/sampling.h"

static cJSON *
record(const char *pid, int n)
{
	cJSON *rec = cJSON_CreateObject(), *select = cJSON_CreateObject();
	char xid[32];

	snprintf(xid, sizeof(xid), "x%d", n);
	ke_json_set_string(rec, "xid", xid);
	if (pid != NULL)
		ke_json_set_string(rec, "pid", pid);
	ke_json_set_number(select, "draft", n);
	ke_json_set(rec, "select", select);
	return rec;
}

static struct pick
pick(struct sampling *s, const char *pid, int n)
{
	cJSON *rec = record(pid, n);
	struct pick p = sampling_pick(s, rec);

	cJSON_Delete(rec);
	return p;
}

static struct sampling *
must_open(const char *models, const char *temperatures, int64_t seed)
{
	struct ke_err e;
	struct sampling *s = sampling_open(models, temperatures, seed, &e);

	if (s == NULL)
		fail_msg("%s", e.msg);
	return s;
}

static void
test_refused(void **state)
{
	static const struct {
		const char *models, *temperatures, *why;
	} all[] = {
		{"", NULL, "a model without a name"},
		{"a,", NULL, "a model without a name"},
		{"=1", NULL, "a model without a name"},
		{"a,b,a=2", NULL, "a: named twice"},
		{"a=0", NULL, NULL},
		{"a=-1", NULL, NULL},
		{"a=x", NULL, NULL},
		{"a=nan", NULL, NULL},
		{"bandit:a", NULL, "a bandit needs two models to learn of"},
		{"bandit:a,b=2", NULL,
		    "b=2: a bandit finds the weights itself"},
		{"a", "", NULL},
		{"a", "0.5,", NULL},
		{"a", "-0.1", NULL},
		{"a", "warm", NULL},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(all); i++) {
		struct ke_err e = {""};

		assert_null(sampling_open(all[i].models, all[i].temperatures,
		    0, &e));
		assert_string_not_equal(e.msg, "");
		if (all[i].why != NULL)
			assert_string_equal(e.msg, all[i].why);
	}
}

static void
test_one(void **state)
{
	struct sampling *s = must_open("org/model:8b", NULL, 0);
	struct pick p = pick(s, NULL, 0);

	(void)state;
	assert_string_equal(p.model, "org/model:8b");
	assert_true(isnan(p.temperature));
	sampling_free(s);
	s = must_open(NULL, NULL, 0);
	p = pick(s, NULL, 0);
	assert_null(p.model);
	sampling_free(s);
}

/* Drafts by their number, the rest by their turn at their parent. */
static void
test_temperatures(void **state)
{
	static const double want[] = {0.2, 0.7, 1, 0.2};
	struct sampling *s = must_open("m", "0.2,0.7,1", 0);
	cJSON *passing = record("p", 9);

	(void)state;
	for (int i = 3; i >= 0; i--)
		assert_true(pick(s, NULL, i).temperature == want[i]);
	for (int i = 0; i < 4; i++) {
		assert_true(pick(s, "p", i).temperature == want[i]);
		assert_true(pick(s, "q", 7).temperature == want[i]);
	}
	sampling_skip(s, passing);
	assert_true(pick(s, "p", 0).temperature == want[2]);
	cJSON_Delete(passing);
	sampling_free(s);
}

static int
count(const char *model, const char *models, int64_t seed)
{
	struct sampling *s = must_open(models, NULL, seed);
	int n = 0;

	for (int i = 0; i < 4000; i++)
		n += strcmp(pick(s, "p", i).model, model) == 0;
	sampling_free(s);
	return n;
}

static void
test_mixture(void **state)
{
	struct sampling *s = must_open("a=0.7,b=0.3", NULL, 1);
	struct sampling *again = must_open("a=0.7,b=0.3", NULL, 1);
	struct sampling *other = must_open("a=0.7,b=0.3", NULL, 2);
	int differ = 0, n = count("a", "a=0.7,b=0.3", 1);

	(void)state;
	/* the deviation of the count is 29 */
	assert_in_range(n, 2800 - 120, 2800 + 120);
	n = count("b", "a,b,c,d", 3);
	assert_in_range(n, 1000 - 110, 1000 + 110);
	for (int i = 0; i < 100; i++) {
		/* in any order */
		const char *one = pick(s, "p", i).model;

		differ += strcmp(one, pick(other, "p", i).model) != 0;
		assert_string_equal(one, pick(s, "q", i).model);
	}
	for (int i = 99; i >= 0; i--)
		assert_string_equal(pick(again, "p", i).model,
		    pick(s, "p", i).model);
	assert_true(differ > 20);
	sampling_free(s);
	sampling_free(again);
	sampling_free(other);
}

/* A model of the made-up world: how often its nodes are better, and what one
 * costs. */
struct truth {
	const char *name;
	double chance, tokens, usd;
	double nodes, better;
};

static cJSON *
told(const struct truth *all, size_t n, bool tokens, bool money)
{
	cJSON *models = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++) {
		cJSON *o = cJSON_CreateObject();

		if (all[i].nodes == 0) {
			cJSON_Delete(o);
			continue;
		}
		ke_json_set_string(o, "model", all[i].name);
		ke_json_set_number(o, "nodes", all[i].nodes);
		ke_json_set_number(o, "better", all[i].better);
		if (tokens)
			ke_json_set_number(o, "tokens",
			    all[i].nodes * all[i].tokens);
		if (money)
			ke_json_set_number(o, "usd",
			    all[i].nodes * all[i].usd);
		cJSON_AddItemToArray(models, o);
	}
	return models;
}

/* The share of the last 200 of 600 nodes that the first model was asked for. */
static double
share_of_first(struct truth *all, size_t n, bool tokens, bool money)
{
	struct sampling *s = must_open("bandit:a,b,c", NULL, 0);
	struct rng world;
	int late = 0;

	rng_seed(&world, "world", 5);
	for (size_t k = 0; k < n; k++)
		all[k].nodes = all[k].better = 0;
	for (int i = 0; i < 600; i++) {
		cJSON *rec = record("p", i), *context = cJSON_CreateObject();
		const char *model;

		ke_json_set(rec, "context", context);
		ke_json_set(context, "models", told(all, n, tokens, money));
		model = sampling_pick(s, rec).model;
		for (size_t k = 0; k < n; k++)
			if (strcmp(all[k].name, model) == 0) {
				all[k].nodes++;
				all[k].better += rng_real(&world) <
				    all[k].chance;
			}
		late += i >= 400 && strcmp(model, all[0].name) == 0;
		cJSON_Delete(rec);
	}
	sampling_free(s);
	return late / 200.0;
}

static void
test_bandit(void **state)
{
	struct truth skill[] = {{"b", 0.4, 0, 0, 0, 0},
	    {"a", 0.1, 0, 0, 0, 0}, {"c", 0.15, 0, 0, 0, 0}};
	/* half as good for a tenth of the tokens, but for more money */
	struct truth cheap[] = {{"c", 0.15, 100, 9, 0, 0},
	    {"a", 0.3, 1000, 9, 0, 0}, {"b", 0.1, 1000, 9, 0, 0}};
	struct truth dear[] = {{"a", 0.3, 1000, 1, 0, 0},
	    {"c", 0.15, 100, 9, 0, 0}, {"b", 0.1, 1000, 9, 0, 0}};

	(void)state;
	assert_true(share_of_first(skill, 3, false, false) > 0.8);
	assert_true(share_of_first(cheap, 3, true, false) > 0.8);
	/* money, where it is known, is what counts */
	assert_true(share_of_first(dear, 3, true, true) > 0.8);
	/* every model was tried */
	assert_true(skill[1].nodes > 0 && skill[2].nodes > 0);
}

static void
test_bandit_of_odd_contexts(void **state)
{
	static const char *const all[] = {
		"{}", "{\"context\":[]}", "{\"context\":{\"models\":{}}}",
		"{\"context\":{\"models\":[1,{},{\"model\":3},"
		"{\"model\":\"a\",\"nodes\":-5,\"better\":9,\"usd\":\"x\"},"
		"{\"model\":\"b\",\"nodes\":1e300,\"better\":1e300,"
		"\"tokens\":0}]}}",
	};
	struct sampling *s = must_open("bandit:a,b", NULL, 0);

	(void)state;
	for (size_t i = 0; i < KE_LEN(all); i++) {
		cJSON *rec = cJSON_Parse(all[i]);

		assert_non_null(sampling_pick(s, rec).model);
		cJSON_Delete(rec);
	}
	sampling_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_temperatures),
		cmocka_unit_test(test_mixture),
		cmocka_unit_test(test_bandit),
		cmocka_unit_test(test_bandit_of_odd_contexts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
