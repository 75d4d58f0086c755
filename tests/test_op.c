/* Operators: those that we have load, broken ones say what is broken. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "file.h"
#include "op.h"

static char dir[] = "/tmp/ke-test-op.XXXXXX";

static const char good[] =
    "{ \"v\": 1, \"name\": \"t\", \"summary\": \"x\",\n"
    "\"dims\": [\"N\", {\"name\": \"W\", \"type\": \"i64\"}],\n"
    "\"derived\": {\"P\": \"N + 1\", \"Q\": \"P*2\", \"R\": 3},\n"
    "\"tensors\": [\n"
    "{\"name\": \"x\", \"role\": \"in\", \"dtype\": \"T\", \"shape\": [\"N\"],"
    " \"draw\": {\"dist\": \"normal\"}},\n"
    "{\"name\": \"i\", \"role\": \"in\", \"dtype\": \"i64\", \"shape\": [5],"
    " \"draw\": {\"dist\": \"uniform\", \"min\": -1, \"max\": \"Q\"}},\n"
    "{\"name\": \"l\", \"role\": \"let\", \"dtype\": \"f64\","
    " \"shape\": [\"W/2\"]},\n"
    "{\"name\": \"y\", \"role\": \"out\", \"dtype\": \"T\","
    " \"shape\": [\"N\", 2], \"reduction\": \"R\", \"scale\": \"terms\","
    " \"length\": \"n\", \"row\": 1},\n"
    "{\"name\": \"n\", \"role\": \"out\", \"dtype\": \"i32\","
    " \"shape\": [\"N\"]},\n"
    "{\"name\": \"k\", \"role\": \"in\", \"dtype\": \"i64\", \"shape\": [7],"
    " \"draw\": {\"dist\": \"sample\", \"from\": \"i\", \"hit\": 0.5,"
    " \"min\": -2, \"max\": 8}}],\n"
    "\"dtypes\": {\"f16\": {\"c\": 3}, \"f64\": {}},\n"
    "\"cases\": {\"check\": [{\"N\": 4, \"W\": 3}, {\"N\": 0, \"W\": 8}],\n"
    "\"small\": [{\"N\": 9, \"W\": 4000000000, \"weight\": 0.5}]},\n"
    "\"flops\": \"N*R\", \"bytes\": 64 }\n";

static void
put(const char *name, const char *text)
{
	struct ke_buf path = {0};
	struct ke_err e;

	ke_buf_fmt(&path, "%s/%s", dir, name);
	if (ke_file_write(path.s, text, strlen(text), &e) == -1)
		fail_msg("%s", e.msg);
	ke_buf_free(&path);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	put("ref.c", "REF_y(i, row) { }\n");
	put("base.c", "void k(void) { }\n");
	return 0;
}

static int
teardown(void **state)
{
	char *command = NULL;
	int status;

	(void)state;
	if (asprintf(&command, "rm -rf %s", dir) == -1)
		return -1;
	status = system(command);
	free(command);
	return status;
}

static struct ke_op *
load(const char *name)
{
	struct ke_err e;
	struct ke_op *op = ke_op_load(name, &e);

	if (op == NULL)
		fail_msg("%s", e.msg);
	return op;
}

/* A copy of the good op.json in which one piece is another. */
static char *
with(const char *piece, const char *other)
{
	const char *at = strstr(good, piece);
	struct ke_buf b = {0};

	if (at == NULL || strstr(at + 1, piece) != NULL)
		fail_msg("%s: not in the text once", piece);
	ke_buf_add(&b, good, (size_t)(at - good));
	ke_buf_str(&b, other);
	ke_buf_str(&b, at + strlen(piece));
	return b.s;
}

static void
loads_what_it_says(void **state)
{
	struct ke_op *op;
	struct ke_tolerance t;
	struct ke_err e;

	(void)state;
	put("op.json", good);
	op = load(dir);
	assert_int_equal(op->n_dims, 2);
	assert_false(op->dims[0].wide);
	assert_true(op->dims[1].wide);
	assert_int_equal(op->n_derived, 3);
	assert_int_equal(op->n_tensors, 6);
	assert_int_equal(op->tensors[0].draw.dist, KE_NORMAL);
	assert_float_equal(op->tensors[0].draw.b, 1, 0);
	assert_int_equal(op->tensors[1].draw.from, -1);
	assert_float_equal(op->tensors[1].draw.a, -1, 0);
	assert_null(op->tensors[1].draw.lo);
	assert_string_equal(op->tensors[1].draw.hi, "Q");
	assert_string_equal(op->tensors[1].shape[0], "5");
	assert_int_equal(op->tensors[5].draw.from, 1);
	assert_float_equal(op->tensors[5].draw.hit, 0.5, 0);
	assert_int_equal(op->tensors[3].length, 4);
	assert_int_equal(op->tensors[3].scale, KE_SCALE_TERMS);
	assert_true(op->tensors[3].row);
	assert_int_equal(op->tensors[4].length, -1);
	assert_int_equal(op->tensors[4].scale, KE_SCALE_ROW);
	assert_string_equal(op->tensors[4].reduction, "1");
	assert_int_equal(ke_tensor_dtype(&op->tensors[0], KE_F64), KE_F64);
	assert_int_equal(ke_tensor_dtype(&op->tensors[4], KE_F64), KE_I32);
	assert_string_equal(op->bytes, "64");
	assert_int_equal(op->n_cases, 3);
	assert_float_equal(op->cases[0].weight, 1, 0);
	assert_float_equal(op->cases[2].weight, 0.5, 0);
	assert_string_equal(op->cases[2].set, "small");
	assert_string_equal(ke_op_default_dtype(op), "f16");
	assert_int_equal(ke_op_tolerance(op, "f16", &t, &e), 0);
	assert_float_equal(t.c, 3, 0);
	assert_float_equal(t.c2, 2, 0);
	assert_int_equal(t.acc, KE_F32);
	assert_int_equal(ke_op_tolerance(op, "f64", &t, &e), 0);
	assert_int_equal(t.acc, KE_F64);
	assert_int_equal(ke_op_tolerance(op, "f32", &t, &e), -1);
	assert_string_equal(e.msg, "t: no dtype variant f32");
	ke_op_free(op);
}

/* Is precision enforced with this in the place of {"c": 3}? */
static bool
enforced(const char *tolerance)
{
	char *text = with("{\"c\": 3}", tolerance);
	struct ke_tolerance t;
	struct ke_err e;
	struct ke_op *op;

	put("op.json", text);
	op = load(dir);
	assert_int_equal(ke_op_tolerance(op, "f16", &t, &e), 0);
	ke_op_free(op);
	free(text);
	return t.enforced;
}

static void
precision_is_enforced(void **state)
{
	(void)state;
	/* nobody has measured */
	assert_false(enforced("{\"c\": 3}"));
	/* twice the honest, and half of the lower: of both, of one */
	assert_true(enforced("{\"c\": 4, \"c2\": 2, \"calibrated\": "
	    "{\"c\": [2, 8], \"c2\": [1, 4]}}"));
	assert_true(enforced("{\"c\": 4, \"c2\": 2, \"calibrated\": "
	    "{\"c\": [2, 7.9], \"c2\": [1, 4]}}"));
	assert_true(enforced("{\"c\": 4, \"c2\": 2, \"calibrated\": "
	    "{\"c\": [2, 8], \"c2\": [1, 3.9]}}"));
	assert_false(enforced("{\"c\": 4, \"c2\": 2, \"calibrated\": "
	    "{\"c\": [2, 7.9], \"c2\": [1, 3.9]}}"));
	/* an honest kernel could fail either rule */
	assert_false(enforced("{\"c\": 4, \"c2\": 2, \"calibrated\": "
	    "{\"c\": [2.1, 8], \"c2\": [1, 4]}}"));
	assert_false(enforced("{\"c\": 4, \"c2\": 2, \"calibrated\": "
	    "{\"c\": [2, 8], \"c2\": [1.1, 4]}}"));
}

static void
numbers_of_a_case(void **state)
{
	struct ke_op *op;
	struct ke_scope s = {0};
	struct ke_err e;
	int64_t shape[KE_RANK_MAX], count;
	cJSON *dims;
	char *text;

	(void)state;
	put("op.json", good);
	op = load(dir);
	assert_int_equal(ke_op_scope(op, &op->cases[2], &s, &e), 0);
	assert_int_equal(*ke_scope_find(&s, "W", 1), 4000000000);
	assert_int_equal(*ke_scope_find(&s, "Q", 1), 20);
	assert_int_equal(ke_op_shape(&op->tensors[3], &s, shape, &count, &e),
	    0);
	assert_int_equal(shape[0], 9);
	assert_int_equal(shape[1], 2);
	assert_int_equal(count, 18);
	dims = ke_case_json(op, &op->cases[2]);
	text = ke_json_print(dims);
	assert_string_equal(text, "{\"N\":9,\"W\":4000000000}");
	free(text);
	cJSON_Delete(dims);
	ke_op_free(op);
}

static void
broken(void **state)
{
	static const struct {
		const char *piece, *other, *why;
	} rows[] = {
		{"\"v\": 1,", "", "v: this tool knows version 1"},
		{"\"v\": 1", "\"v\": 2", "v: this tool knows version 1"},
		{"\"bytes\": 64 }", "\"bytes\": 64", "not JSON"},
		{"64 }", "64 } {}", "text behind the value"},
		{"\"name\": \"t\",", "", "name: not a name"},
		{"\"name\": \"t\"", "\"name\": \"t-1\"", "name: not a name"},
		/* dims and derived */
		{"\"dims\": [\"N\", {\"name\": \"W\", \"type\": \"i64\"}]",
		    "\"dims\": []", "dims: not a non-empty array"},
		{"[\"N\", {", "[1, {", "dims[0]: not a name"},
		{"{\"name\": \"W\", ", "{\"Name\": \"W\", ",
		    "dims[1]: not a name"},
		{"[\"N\", {", "[\"if\", {", "dims[0]: not a name"},
		{"[\"N\", {", "[\"W\", {", "dims: W stands twice"},
		{"\"P\": ", "\"N\": ", "derived: N stands twice"},
		{"\"P\": ", "\"1P\": ", "derived.1P: not a name with an"},
		{"\"N + 1\"", "1.5", "derived.P: not a name with an"},
		{"\"N + 1\"", "\"Q + 1\"",
		    "derived.P: Q + 1: column 1: no such name: Q"},
		/* tensors */
		{"\"tensors\"", "\"Tensors\"", "tensors: not a non-empty"},
		{"\"name\": \"l\"", "\"name\": \"9\"", "tensors[2]: name: not"},
		{"\"name\": \"l\"", "\"name\": \"x\"", "x stands twice"},
		{"\"name\": \"l\"", "\"name\": \"P\"", "P stands twice"},
		{"\"role\": \"let\"", "\"role\": \"tmp\"",
		    "tensors.l: role: not in, out or let"},
		{"\"dtype\": \"i32\"", "\"dtype\": \"int\"",
		    "tensors.n: dtype: unknown"},
		{"\"dtype\": \"i32\"", "\"dtype\": 32",
		    "tensors.n: dtype: unknown"},
		{"[\"W/2\"]", "\"W/2\"", "tensors.l: shape: not a non-empty"},
		{"[\"W/2\"]", "[]", "tensors.l: shape: not a non-empty"},
		{"[\"W/2\"]", "[2, 0.5]",
		    "tensors.l: shape[1]: not an expression"},
		{"[\"W/2\"]", "[1,1,1,1,1,1,1]", "tensors.l: rank above 6"},
		{"[\"W/2\"]", "[\"W/\"]", "tensors.l: W/: column 3: expected"},
		{"[\"W/2\"]", "[\"y\"]", "tensors.l: y: column 1: no such"},
		{"\"reduction\": \"R\"", "\"reduction\": \"r\"",
		    "tensors.y: r: column 1: no such name: r"},
		{"\"terms\"", "\"term\"", "tensors.y: scale: not row, te"},
		{"\"terms\"", "3", "tensors.y: scale: not row, terms or own"},
		{"\"length\": \"n\"", "\"length\": \"m\"",
		    "tensors.y: length: not an output of integers of the"},
		{"\"dtype\": \"i32\"", "\"dtype\": \"f32\"",
		    "y: length: not an output of integers"},
		{"\"length\": \"n\"", "\"length\": \"l\"", "y: length: not an"},
		{"\"length\": \"n\"", "\"length\": \"y\"", "y: length: not an"},
		/* draws */
		{", \"draw\": {\"dist\": \"normal\"}", "",
		    "tensors.x: draw.dist: not one of normal, uniform"},
		{"\"dist\": \"normal\"", "\"dist\": \"gauss\"",
		    "tensors.x: draw.dist: not one of normal, uniform"},
		{"\"dist\": \"normal\"", "\"dist\": \"uniform\", \"min\": 0",
		    "tensors.x: draw: needs min and max"},
		{"\"dist\": \"normal\"", "\"dist\": \"uniform\", \"min\": 0,"
		    "\"max\": 9007199254740994", "an integer beyond 2^53"},
		{"\"dist\": \"normal\"", "\"dist\": \"uniform\", \"min\": 0,"
		    "\"max\": 1e17", "x: draw: needs min and max, within"},
		{"\"dist\": \"normal\"", "\"dist\": \"uniform\", \"min\": 0,"
		    "\"max\": -1", "tensors.x: draw: max is below min"},
		{"\"dist\": \"normal\"", "\"dist\": \"sorted_distinct\","
		    "\"min\": 0, \"max\": 9", "x: draw.dist: of integers"},
		{"\"dist\": \"uniform\"", "\"dist\": \"borders\"",
		    "tensors.i: draw.dist: not of integers"},
		{"\"dist\": \"normal\"", "\"dist\": \"borders\","
		    "\"min\": 0, \"max\": 9, \"special\": [\"nan\"]",
		    "tensors.x: draw.special: nan has no place"},
		{"\"dist\": \"uniform\"", "\"dist\": \"normal\"",
		    "tensors.i: draw.dist: integers are not normal"},
		{"\"from\": \"i\"", "\"from\": \"n\"",
		    "tensors.k: draw.from: not an earlier input"},
		{"\"from\": \"i\"", "\"from\": \"x\"",
		    "tensors.k: draw.from: not an earlier input of the same"},
		{"\"from\": \"i\"", "\"from\": \"k\"",
		    "tensors.k: draw.from: not an earlier input"},
		{"\"from\": \"i\",", "",
		    "tensors.k: draw.from: not an earlier input"},
		{"\"hit\": 0.5", "\"hit\": 1.5", "k: draw.hit: not within 0"},
		{"\"hit\": 0.5", "\"hit\": 0.5, \"near\": 0.6",
		    "k: draw.near: below 0, or above 1"},
		{"\"hit\": 0.5", "\"hit\": 0.5, \"near\": -0.1",
		    "k: draw.near: below 0, or above 1"},
		{"\"hit\": 0.5", "\"hit\": 0.5, \"near\": 0.5",
		    "k: draw.near: not of integers"},
		{"\"max\": \"Q\"", "\"max\": \"q\"",
		    "tensors.i: q: column 1: no such name: q"},
		{"\"max\": \"Q\"", "\"max\": [1]", "draw: needs min and max"},
		{"\"normal\"", "\"normal\", \"special\": 1",
		    "draw.special: not an array"},
		{"\"normal\"", "\"normal\", \"special\": [\"nul\"]",
		    "draw.special: not of nan, inf"},
		{"\"hit\": 0.5", "\"hit\": 0.5, \"special\": [\"nan\"]",
		    "k: draw.special: not an array, or not of a floating"},
		/* variants and their tolerance */
		{"\"dtypes\": {\"f16\": {\"c\": 3}, \"f64\": {}}",
		    "\"dtypes\": {}", "dtypes: not a non-empty object"},
		{"\"f64\": {}", "\"fp64\": {}", "dtypes: fp64: unknown"},
		{"\"f64\": {}", "\"f64\": 1", "t: no dtype variant f64"},
		{"{\"c\": 3}", "{\"c\": 0}", "t: dtypes.f16: bad tolerance"},
		{"{\"c\": 3}", "{\"acc\": \"f\"}", "dtypes.f16: bad tolerance"},
		{"{\"c\": 3}", "{\"calibrated\": {}}",
		    "dtypes.f16: calibrated: c and c2 are not pairs"},
		{"{\"c\": 3}", "{\"calibrated\": {\"c\": [1, 9]}}",
		    "dtypes.f16: calibrated: c and c2 are not pairs"},
		{"{\"c\": 3}", "{\"calibrated\": {\"c\": [1, 9],"
		    " \"c2\": [1, 0]}}", "calibrated: c and c2 are not pairs"},
		{"{\"c\": 3}", "{\"calibrated\": {\"c\": [1, 9, 9],"
		    " \"c2\": [1, 9]}}", "calibrated: c and c2 are not pairs"},
		/* cases */
		{"\"check\":", "\"Check\":", "cases: check: not a non-empty"},
		{"[{\"N\": 4, \"W\": 3}, {\"N\": 0, \"W\": 8}]", "[]",
		    "cases: check: not a non-empty array"},
		{"{\"N\": 4, \"W\": 3}", "{\"W\": 3}",
		    "cases.check[0]: N: not a whole number in range"},
		{"{\"N\": 4, \"W\": 3}", "{\"N\": -1, \"W\": 3}",
		    "cases.check[0]: N: not a whole number in range"},
		{"\"N\": 0", "\"N\": 0.5", "cases.check[1]: N: not a whole"},
		{"\"N\": 0", "\"N\": 2147483648", "cases.check[1]: N: not a"},
		{"{\"N\": 4, \"W\": 3}", "7", "cases.check[0]: N: not a whole"},
		{"\"weight\": 0.5", "\"weight\": 0",
		    "cases.small[0]: weight: not above 0"},
		{"\"weight\": 0.5", "\"weight\": 1e10",
		    "cases.small[0]: weight: not above 0, or beyond"},
		{"\"small\": [{", "\"small\": 3, \"more\": [{",
		    "cases.small: not an array"},
		{"\"N\": 9, \"W\": 4000000000", "\"N\": 9, \"W\": "
		    "4398046511104", "cases.small[0]: l: shape is negative or"},
		{"\"N\": 0, \"W\": 8}", "\"N\": 0, \"W\": 8398046511104}",
		    "cases.check[1]: l: shape is negative or beyond"},
		{"[\"W/2\"]", "[\"W - 7\"]", "cases.check[0]: l: shape is neg"},
		{"[\"W/2\"]", "[\"W/N\"]",
		    "cases.check[1]: W/N: column 2: division by zero"},
		{"\"P*2\"", "\"8/N\"", "cases.check[1]: 8/N: column 2: divis"},
		{"\"N*R\"", "\"N*\"", "flops or bytes: N*: column 3: expected"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		char *text = with(rows[i].piece, rows[i].other);
		struct ke_err e = {""};

		put("op.json", text);
		if (ke_op_load(dir, &e) != NULL)
			fail_msg("%s: was taken", rows[i].other);
		if (strncmp(e.msg, dir, strlen(dir)) != 0 ||
		    strstr(e.msg, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].other, e.msg);
		free(text);
	}
}

static void
file_missing(void **state)
{
	static const char *const names[] = {"op.json", "ref.c", "base.c"};

	(void)state;
	put("op.json", good);
	ke_op_free(load(dir));
	for (size_t i = 0; i < KE_LEN(names); i++) {
		struct ke_buf path = {0}, text = {0};
		struct ke_err e = {""};

		ke_buf_fmt(&path, "%s/%s", dir, names[i]);
		assert_int_equal(ke_file_read(path.s, 1 << 20, &text, &e), 0);
		assert_int_equal(unlink(path.s), 0);
		assert_null(ke_op_load(dir, &e));
		assert_ptr_equal(strstr(e.msg, path.s), e.msg);
		put(names[i], text.s);
		ke_buf_free(&path);
		ke_buf_free(&text);
	}
	ke_op_free(load(dir));
}

/* The name of its contents moves with each of the three files, and with the
 * place where one ends and the next begins. */
static void
hashes(void **state)
{
	char seen[5][65];

	(void)state;
	for (size_t i = 0; i < KE_LEN(seen); i++) {
		char *text = i == 1 ? with("\"summary\": \"x\"",
		    "\"summary\": \"y\"") : ke_strdup(good);
		struct ke_op *op;

		put("op.json", text);
		put("ref.c", i == 2 ? "ref" : i == 3 ? "ab" : "a");
		put("base.c", i == 3 ? "" : i == 4 ? "c" : "b");
		op = load(dir);
		memcpy(seen[i], op->hash, sizeof(seen[i]));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
		ke_op_free(op);
		free(text);
	}
}

static void
shape_bounds(void **state)
{
	static const struct {
		const char *extent[3];
		int64_t count; /* -1: refused */
	} rows[] = {
		{{"a", "a", "1"}, (int64_t)1 << 40},
		{{"a", "a", "2"}, -1},
		{{"a*a", "a*a", "a*a"}, -1},
		{{"a*a+1", "1", "1"}, -1},
		{{"0", "a*a", "a*a"}, 0},
		{{"0", "a*a+1", "1"}, -1},
		{{"5", "0", "7"}, 0},
		{{"5", "0-1", "0-1"}, -1},
		{{"a*a*a*a", "1", "1"}, -1},
		{{"1", "1/0", "1"}, -1},
	};
	struct ke_scope s = {0};

	(void)state;
	ke_scope_add(&s, "a", 1 << 20);
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_tensor t = {.name = "t", .rank = 3};
		int64_t shape[KE_RANK_MAX], count;
		struct ke_err e;
		int got;

		memcpy(t.shape, rows[i].extent, sizeof(rows[i].extent));
		got = ke_op_shape(&t, &s, shape, &count, &e);
		if (rows[i].count == -1 ? got != -1
		    : got != 0 || count != rows[i].count)
			fail_msg("row %zu: %d, %lld", i, got,
			    (long long)count);
	}
}

static void
expect_at(const char *name, const char *where)
{
	struct ke_err e;
	char *found = ke_op_find(name, &e);

	if (where == NULL) {
		assert_null(found);
		assert_non_null(strstr(e.msg, "no such operator"));
		return;
	}
	if (found == NULL)
		fail_msg("%s", e.msg);
	assert_string_equal(found, where);
	free(found);
}

/* KE_OPS in its order, ./ops, what was built with the tool. */
static void
looks_up(void **state)
{
	char *here = getcwd(NULL, 0);
	struct ke_buf b = {0};
	struct ke_err e;

	(void)state;
	unsetenv("KE_OPS");
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(ke_file_mkdirs("p/one", &e), 0);
	assert_int_equal(ke_file_mkdirs("q/one", &e), 0);
	assert_int_equal(ke_file_mkdirs("q/softmax", &e), 0);
	assert_int_equal(ke_file_mkdirs("ops/one", &e), 0);
	assert_int_equal(ke_file_mkdirs("ops/two", &e), 0);
	put("q/two", "a file is no operator");
	expect_at("one", "./ops/one");
	setenv("KE_OPS", "p:q", 1);
	expect_at("one", "p/one");
	setenv("KE_OPS", ":none:q:p", 1);
	expect_at("one", "q/one");
	expect_at("two", "./ops/two");
	expect_at("softmax", "q/softmax");
	expect_at("./p/one", "./p/one");
	expect_at("p/two", NULL);
	unsetenv("KE_OPS");
	ke_buf_fmt(&b, "%s/ops/softmax", here);
	expect_at("softmax", b.s);
	expect_at("no_such", NULL);
	expect_at("", NULL);
	expect_at(".", NULL);
	expect_at("..", NULL);
	assert_int_equal(chdir(here), 0);
	ke_buf_free(&b);
	free(here);
}

static void
ours(void **state)
{
	glob_t g;

	(void)state;
	unsetenv("KE_OPS");
	assert_int_equal(glob("ops/*/op.json", 0, NULL, &g), 0);
	assert_true(g.gl_pathc >= 3);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *name = g.gl_pathv[i] + strlen("ops/");
		struct ke_op *op;
		size_t timed = 0;

		name[strcspn(name, "/")] = '\0';
		op = load(name);
		assert_string_equal(op->name, name);
		for (size_t k = 0; k < op->n_cases; k++)
			timed += strcmp(op->cases[k].set, "small") == 0;
		assert_true(timed > 0);
		ke_op_free(op);
	}
	globfree(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_what_it_says),
		cmocka_unit_test(precision_is_enforced),
		cmocka_unit_test(numbers_of_a_case),
		cmocka_unit_test(broken),
		cmocka_unit_test(file_missing),
		cmocka_unit_test(hashes),
		cmocka_unit_test(shape_bounds),
		cmocka_unit_test(looks_up),
		cmocka_unit_test(ours),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
