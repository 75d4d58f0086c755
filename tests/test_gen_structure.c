/* Texts made of other texts: what each move may do to every seed that there
 * is, and that a constant can be taken back. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-gen/history.h"
#include "../tools/ke-gen/plan_text.h"
#include "../tools/ke-gen/signature.h"
#include "../tools/ke-gen/structure.h"
#include "../tools/ke-gen/structure_move.h"
#include "file.h"
#include "record.h"

#define ROUNDS 40 /* moves from each seed */

static char *
slurp(const char *path)
{
	struct ke_buf b = {0};
	struct ke_err e;

	if (ke_file_read(path, 1 << 20, &b, &e) == -1)
		fail_msg("%s", e.msg);
	return b.s;
}

/* The functions that the plan launches have as many parameters as the harness
 * passes. */
static void
check_signatures(const struct space *s)
{
	struct plan_text t;

	assert_true(plan_text_split(s->source, &t));
	for (size_t i = 0; i < s->plan->n_launches; i++) {
		const struct ke_launch *l = &s->plan->launches[i];
		const char *code = strstr(t.after, "*/") + 2;
		struct signature f;

		if (signature_find(code, l->kernel, &f))
			assert_int_equal(f.n, l->n_args +
			    (!s->plan->gpu && l->n_grid > 0));
	}
	plan_text_free(&t);
}

/* The moves that were seen, by the first letters of their words. */
struct seen {
	int flags, rows, bounds, constants;
};

static void
count_kind(struct seen *n, const char *words)
{
	n->flags += strncmp(words, "with", 4) == 0;
	n->rows += strncmp(words, "where", 5) == 0 ||
	    strncmp(words, "row", 3) == 0;
	n->bounds += strstr(words, "blocks") != NULL;
	n->constants += strstr(words, "is a constant") != NULL;
}

static void
move_seed(const char *path, struct seen *n)
{
	const char *dot = strrchr(path, '.');
	char *source = slurp(path), dir[256];
	struct run run = {.language = language_find(
	    strcmp(dot, ".cu") == 0 ? "cuda" : "c")};
	cJSON *context = cJSON_CreateObject();
	struct space *parent;
	struct ke_err e;

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path),
	    path);
	run.op = ke_op_load(dir, &e);
	assert_non_null(run.op);
	parent = history_space(&run, source, &e);
	assert_non_null(parent);
	history_keep(&run, parent);
	for (int i = 0; i < ROUNDS; i++) {
		struct structured got = {0};
		struct rng rng;

		rng_seed(&rng, &i, sizeof(i));
		if (!structure_next(&run, parent, context, &rng, &got))
			continue;
		assert_ptr_not_equal(got.space, parent);
		assert_false(space_is_known(got.space, &got.point));
		assert_true(space_valid(got.space, &got.point));
		check_signatures(got.space);
		space_observe(got.space, &got.point, PASSED, 1.5);
		count_kind(n, got.words.s);
		ke_buf_free(&got.words);
		/* moves are made of what moves made, too */
		if (i % 4 == 3)
			parent = got.space;
	}
	cJSON_Delete(context);
	free(source);
}

static void
test_seeds(void **state)
{
	struct seen c = {0}, gpu = {0};
	glob_t g;

	(void)state;
	assert_int_equal(glob("ops/*/seed*.c", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		move_seed(g.gl_pathv[i], &c);
	globfree(&g);
	assert_int_equal(glob("ops/*/seed*.cu", 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		move_seed(g.gl_pathv[i], &gpu);
	globfree(&g);
	assert_true(c.flags > 20 && c.rows > 20 && c.constants > 5);
	assert_int_equal(c.bounds, 0);
	assert_true(gpu.flags > 20 && gpu.rows > 20 && gpu.bounds > 10 &&
	    gpu.constants > 5);
}

/* op has dims B, N, W (64 bits); see test_plan.c. */
static const char mix[] = "/* ke-plan {\"tune\":{\"T\":[1,2],\"U\":[4,8]},"
    "\"launches\":[{\"kernel\":\"k\",\"grid\":[\"cdiv(N, T)\"],"
    "\"args\":[\"x\",\"y\",\"N\",\"W\"]}]} k(1) */\n"
    "void\nk(const struct ke_block *b, const float *x, float *y, int n,\n"
    "    const int64_t w)\n{\n\ty[0] = n + w; /* k(2) */\n}\n";

struct mixed {
	struct run run;
	struct space *space;
	struct rng rng;
};

static void
open_mix(struct mixed *m, const char *source)
{
	struct ke_err e;

	*m = (struct mixed){.run = {.language = language_find("c"),
	    .op = ke_op_load("tests/data/ops/mix", &e)}};
	m->space = history_space(&m->run, source, &e);
	if (m->space == NULL)
		fail_msg("%s", e.msg);
	history_keep(&m->run, m->space);
}

/* The text after one of the moves, the rng of which is drawn again until its
 * words hold the one. */
static char *
after(struct mixed *m, bool (*move)(struct variant *), const char *word)
{
	for (int i = 0; i < 1000; i++) {
		struct variant v = {.from = m->space, .rng = &m->rng,
		    .choice = cJSON_CreateObject()};
		char *text = NULL;

		rng_seed(&m->rng, &i, sizeof(i));
		assert_true(plan_text_split(m->space->source, &v.text));
		if (move(&v) && strstr(v.words.s, word) != NULL)
			text = plan_text_join(&v.text);
		plan_text_free(&v.text);
		cJSON_Delete(v.choice);
		ke_buf_free(&v.words);
		if (text != NULL)
			return text;
	}
	return NULL;
}

static void
test_constant(void **state)
{
	struct mixed m, fixed;
	char *text, *back;

	(void)state;
	open_mix(&m, mix);
	text = after(&m, structure_constants, "W is a constant of k");
	assert_non_null(strstr(text, "int n)\n{\n\tconst int64_t w = KE_W;\n"));
	assert_non_null(strstr(text, "\"constants\": [\"W\"]"));
	assert_non_null(strstr(text, "\"args\":[\"x\",\"y\",\"N\"]"));
	open_mix(&fixed, text);
	back = after(&fixed, structure_constants, "W is an argument of k");
	assert_non_null(strstr(back, "int n, int64_t w)\n{\n\ty[0]"));
	assert_null(strstr(back, "constants"));
	assert_non_null(strstr(back, "\"args\":[\"x\",\"y\",\"N\",\"W\"]"));
	free(back);
	free(text);
	text = after(&m, structure_constants, "N is a constant of k");
	assert_non_null(strstr(text, "float *y,"));
	assert_non_null(strstr(text, "{\n\tconst int n = KE_N;\n"));
	free(text);
}

/* What can't be changed for sure is left alone. */
static void
test_no_constant(void **state)
{
	static const char plan[] = "/* ke-plan {\"launches\":[{\"kernel\":"
	    "\"k\",\"args\":[\"x\",\"y\",\"N\"]}]} */\n";
	static const char *const all[] = {
		"void k(const float *x, float *y, int n);\n"
		    "void k(const float *x, float *y, int n) { }\n",
		"void k(const float *x, float *y, int n) { k(x, y, 1); }\n",
		"void k(const float *x, float *y, int n);\n",
		"void k(const float *x, float *y) { }\n",
		"void k(const float *x, float *y, myint n) { }\n",
		"void k(const float *x, float *y, int *n) { }\n",
		"#define D(name) void name(const float *x, float *y, int n)\n"
		    "D(k) { }\n",
		"void k(const float *x, float *y, int n",
		"/* void k(const float *x, float *y, int n) { } */\n",
		"char s[] = \"k(\"; // k(\n",
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(all); i++) {
		struct ke_buf source = {0};
		struct mixed m;

		ke_buf_fmt(&source, "%s%s", plan, all[i]);
		open_mix(&m, source.s);
		assert_null(after(&m, structure_constants, ""));
		ke_buf_free(&source);
	}
}

static void
test_flags(void **state)
{
	static const struct {
		const char *had, *word, *want;
	} all[] = {
		{"", "with -Ofast", "\"flags\": [\"-Ofast\"]"},
		{"\"-Ofast\"", "with -O2 for -Ofast", "\"flags\": [\"-O2\"]"},
		{"\"-O2\"", "without -O2", "] }"},
		{"\"-funroll-loops\",\"-fno-math-errno\"", "with -ffast-math",
		    "\"flags\": [\"-ffast-math\",\"-funroll-loops\"]"},
		{"", "with -fassociative-math", "\"flags\": "
		    "[\"-fassociative-math\",\"-fno-trapping-math\","
		    "\"-fno-signed-zeros\"]"},
		/* nothing that is there anyway */
		{"\"-Ofast\"", "with -ffast-math", NULL},
		{"", "with -O3", NULL},
		{"", "with -ffp-contract=fast", NULL},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(all); i++) {
		struct ke_buf source = {0};
		struct mixed m;
		char *text;

		ke_buf_fmt(&source, "/* ke-plan {\"launches\":[{\"kernel\":"
		    "\"k\",\"args\":[\"x\",\"y\"]}],\"flags\":[%s]} */\n",
		    all[i].had);
		open_mix(&m, source.s);
		text = after(&m, structure_flags, all[i].word);
		if (all[i].want == NULL)
			assert_null(text);
		else
			assert_non_null(strstr(text, all[i].want));
		free(text);
		ke_buf_free(&source);
	}
}

/* The second parent's values and flags, also where the first one's plan did
 * not offer them. */
static void
test_cross(void **state)
{
	struct ke_err e;
	struct mixed m;
	struct structured got = {0};
	struct rng rng;
	cJSON *context = cJSON_Parse("{\"parent\":{\"choice\":{\"T\":2}},"
	    "\"parent2\":{\"choice\":{\"U\":6}}}");
	bool widened = false, flags = false;

	(void)state;
	ke_json_set_string(ke_json_object(context, "parent2"), "source",
	    "/* ke-plan {\"tune\":{\"U\":[2,6],\"V\":[1]},"
	    "\"launches\":[{\"kernel\":\"q\",\"args\":[\"y\"]}],"
	    "\"flags\":[\"-O2\"]} */ void q(float *y) { }");
	open_mix(&m, mix);
	assert_true(structure_crosses(m.space, context));
	for (int i = 0; i < 40; i++) {
		rng_seed(&rng, &i, sizeof(i));
		if (!structure_next(&m.run, m.space, context, &rng, &got))
			continue;
		space_observe(got.space, &got.point, PASSED, 1);
		if (strstr(got.words.s, "of the second parent") != NULL) {
			cJSON *choice = space_choice(got.space, &got.point);

			/* the parent's own override stays */
			assert_int_equal((int)ke_json_number(choice, "T", 0),
			    2);
			widened |= ke_json_number(choice, "U", 0) == 6 &&
			    strstr(got.space->source, "\"U\":[4,6,8]") != NULL;
			flags |= strstr(got.space->source,
			    "\"flags\": [\"-O2\"]") != NULL;
			cJSON_Delete(choice);
		}
		ke_buf_free(&got.words);
	}
	assert_true(widened);
	assert_true(flags);
	assert_non_null(history_space(&m.run, mix, &e));
	cJSON_Delete(context);
}

/* A text that says the same is the one that there is. */
static void
test_form(void **state)
{
	static const char other[] = "/* ke-plan\n{ \"launches\": [{\"kernel\":"
	    "\"k\", \"args\": [\"x\", \"y\"]}],\n  \"flags\": [],\n"
	    "  \"tune\": {} } */\nint a;\n";
	static const char same[] = "/* ke-plan\n{ \"launches\": [{\"kernel\":"
	    "\"k\",\"args\":[\"x\",\"y\"]}] } */\nint a;\n";
	char *a = plan_text_form(other), *b = plan_text_form(same);
	struct plan_text t;
	char *text;

	(void)state;
	assert_string_equal(a, b);
	assert_null(plan_text_form("int a;"));
	assert_true(plan_text_split(other, &t));
	text = plan_text_join(&t);
	assert_string_equal(text, same);
	free(text);
	plan_text_free(&t);
	free(a);
	free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_no_constant),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_cross),
		cmocka_unit_test(test_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
