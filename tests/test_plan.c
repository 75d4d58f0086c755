/* Plans: which are taken, what is wrong with the others, and their numbers. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "file.h"
#include "plan.h"

#define RUN "\"launches\":[{\"kernel\":\"k\",\"args\":[\"x\",\"y\"]}]"
#define ARGS(args) "/* ke-plan {\"tune\":{\"BM\":[2,4]}, \"workspace\":" \
	"{\"wp\":{\"dtype\":\"f32\",\"shape\":[\"N\"]}}, \"launches\":" \
	"[{\"kernel\":\"k\",\"args\":[" args "]}]} */"
#define LAUNCH(more) "/* ke-plan {\"launches\":[{\"kernel\":\"k\"," \
	"\"args\":[\"x\",\"y\"]," more "}]} */"
#define TWICE(a, b) "/* ke-plan {\"workspace\":" \
	"{\"f\":{\"dtype\":\"f32\",\"shape\":[1]}," \
	"\"g\":{\"dtype\":\"f32\",\"shape\":[1]}," \
	"\"i\":{\"dtype\":\"i32\",\"shape\":[1]}},\"launches\":[" \
	"{\"kernel\":\"k\",\"args\":[" a "]},{\"kernel\":\"k\",\"args\":[" b \
	"]}]} */"
#define PLAN(members) "/* ke-plan {" members "} */"
#define GPU_RUN "\"launches\":[{\"kernel\":\"k\",\"grid\":[1]," \
	"\"block\":[1],\"args\":[]}]"
#define GPU(more) LAUNCH("\"grid\":[\"N\"],\"block\":[256]" more)
/* the map m of the workspace f, N by B, or of a tensor */
#define MAP(members) "/* ke-plan {\"workspace\":{\"f\":{\"dtype\":\"f32\"," \
	"\"shape\":[\"N\",\"B\"]}},\"maps\":{\"m\":{" members "}}," \
	"\"launches\":[{\"kernel\":\"k\",\"grid\":[1],\"block\":[32]," \
	"\"args\":[\"m\",\"y\"]}]} */"
#define MAP_X(more) MAP("\"tensor\":\"x\",\"shape\":[\"B\",\"N\"]," \
	"\"box\":[1,8]" more)

/* op has dims B, N, W (64 bits), derived P = B*N and Q = W*2, tensors x, ids,
 * y and the let s; its cases are 3x40x8, 1x1x1 and 64x1000x4e9. */
static struct ke_op *op;

static int
load(void **state)
{
	struct ke_err e;

	(void)state;
	op = ke_op_load("tests/data/ops/mix", &e);
	if (op == NULL)
		print_error("%s\n", e.msg);
	return op == NULL ? -1 : 0;
}

static int
unload(void **state)
{
	(void)state;
	ke_op_free(op);
	return 0;
}

static struct ke_plan *
parse(const char *source)
{
	struct ke_err e;
	struct ke_plan *p = ke_plan_parse(source, op, &e);

	if (p == NULL)
		fail_msg("%s: %s", source, e.msg);
	return p;
}

static cJSON *
json(const char *text)
{
	struct ke_err e;
	cJSON *v = ke_json_parse(text, strlen(text), &e);

	assert_non_null(v);
	return v;
}

static void
accepts(void **state)
{
	static const char *const rows[] = {
		PLAN(RUN),
		"/*ke-plan{" RUN "}*/",
		"/*\n *\n*/\n/*\r\n\tke-plan\r\n{\r\n" RUN "}\r\n*/\r\n",
		"int ke_plan; // ke-plan\n/* not ke-plan { */ " PLAN(RUN),
		"/* ke-planet */ /* ke-plan-2 {} */" PLAN(RUN),
		"/* ke-plan {" RUN "} text, \xff, \"ke-plan {\" and so on */",
		"/* ke-plan {" RUN "} ke-plan */ // ke-plan {}\n",
		PLAN("\"tune\":{},\"choice\":{},\"require\":[],\"domain\":[],"
		    "\"constants\":[],\"workspace\":{},\"flags\":[]," RUN),
		PLAN("\"tune\":{\"BM\":[3]},\"choice\":{\"BM\":3},"
		    "\"require\":[\"BM <= N*W + Q\"],\"domain\":[\"P > 1\"],"
		    "\"constants\":[\"N\",\"P\"],\"flags\":[\"-O2\"]," RUN),
		PLAN("\"tune\":{\"BM\":[3,-1,3]},\"choice\":[{\"when\":"
		    "\"N > 3\"},{\"BM\":-1}]," RUN),
		PLAN("\"require\":[1],\"domain\":[1],\"choice\":[{\"when\":0}],"
		    RUN),
		LAUNCH("\"grid\":[1]"),
		LAUNCH("\"grid\":[\"N\",\"B\",3],\"shared\":64"),
		ARGS(""),
		ARGS("\"x\",\"ids\",\"y\",\"wp\",\"B\",\"W\",\"P\",\"BM\""),
		ARGS("{\"tensor\":\"x\",\"offset\":\"N*BM\"}"),
		ARGS("{\"tensor\":\"x\",\"offset\":0}"),
		TWICE("\"x\",\"y\",\"N\"", "\"x\",\"y\",\"B\""),
		TWICE("\"f\",\"g\"", "\"g\",\"f\""),
		TWICE("\"x\"", "{\"tensor\":\"x\",\"offset\":\"N\"}"),
		GPU(""), GPU(",\"shared\":\"4*N\""),
		GPU(",\"cluster\":[2],\"cooperative\":true"),
		GPU(",\"cluster\":[1,\"B\",1],\"cooperative\":false"),
		LAUNCH("\"grid\":[1],\"block\":[\"N\",1,2]"),
		LAUNCH("\"cooperative\":false"),
		LAUNCH("\"grid\":[1],\"num_warps\":\"N\""),
		LAUNCH("\"grid\":[1],\"num_warps\":4,\"num_stages\":2,"
		    "\"constexpr\":{\"BN\":\"pow2(N)\",\"Z\":0}"),
		"\"\"\"ke-plan {" RUN "}\n\"\"\"\nimport triton\n",
		"r\"\"\"\n ke-plan\n{" RUN "} text\n\"\"\"",
		"\"ke-plan\" \"\" ke-plan {} " PLAN(RUN),
		MAP_X(""), MAP_X(",\"stride\":[\"2*N\"]"),
		MAP_X(",\"stride\":[]"),
		MAP_X(",\"swizzle\":128,\"promotion\":256"),
		MAP_X(",\"swizzle\":0,\"promotion\":0"),
		MAP("\"tensor\":\"f\",\"shape\":[1,1,1,\"N\",\"B\"],\"box\":"
		    "[1,1,1,1,4],\"stride\":[1,2,3,\"B\"]"),
		MAP("\"tensor\":\"ids\",\"shape\":[\"N\"],\"box\":[8]"),
		PLAN("\"maps\":{}," RUN),
		PLAN("\"flags\":[\"-O3\",\"-ffast-math\"]," RUN),
		PLAN("\"flags\":[\"--use_fast_math\",\"--fmad=false\"],"
		    GPU_RUN),
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++)
		ke_plan_free(parse(rows[i]));
}

static void
refuses(void **state)
{
	static const struct {
		const char *source, *why;
	} rows[] = {
		{"", "no ke-plan comment"},
		{"ke-plan {" RUN "}", "no ke-plan comment"},
		{"// ke-plan {" RUN "}", "no ke-plan comment"},
		{"/* see ke-plan {" RUN "} */", "no ke-plan comment"},
		{"/* ke-plans {" RUN "} */", "no ke-plan comment"},
		{"/* ke-plan", "no ke-plan comment"},
		{"/* ke-plan */", "ke-plan: line 1: not JSON"},
		{"\n/* ke-plan\n{ \"launches\":\n[ } */",
		    "ke-plan: line 4: not JSON"},
		{"/* ke-plan\n{ \"tune\":\n {\"a\": [9007199254740993]},\n"
		    RUN "} */", "ke-plan: line 3: an integer beyond 2^53"},
		{"/* ke-plan [] */", "ke-plan: not an object"},
		{PLAN(RUN) PLAN(RUN), "a second ke-plan"},
		{PLAN(RUN) "\n/* ke-plan\r\n*/", "a second ke-plan"},
		{PLAN(""), "launches: not a non-empty array"},
		{PLAN("\"launches\":[]"), "launches: not a non-empty array"},
		{PLAN("\"Tune\":{}," RUN), "Tune: unknown member"},
		{PLAN("\"stream\":1," RUN), "stream: unknown member"},
		{PLAN("\"tune\":[]," RUN), "tune: wrong type"},
		{PLAN("\"choice\":1," RUN), "choice: wrong type"},
		{PLAN("\"require\":\"N\"," RUN), "require: wrong type"},
		{PLAN("\"launches\":{}"), "launches: wrong type"},
		/* tunables */
		{PLAN("\"tune\":{\"BM\":[]}," RUN), "tune.BM: not a name with"},
		{PLAN("\"tune\":{\"BM\":3}," RUN), "tune.BM: not a name with"},
		{PLAN("\"tune\":{\"B M\":[1]}," RUN), "not a name with"},
		{PLAN("\"tune\":{\"min\":[1]}," RUN), "not a name with"},
		{PLAN("\"tune\":{\"BM\":[1.5]}," RUN), "not whole numbers"},
		{PLAN("\"tune\":{\"BM\":[\"1\"]}," RUN), "not whole numbers"},
		{PLAN("\"tune\":{\"BM\":[1],\"BM\":[2]}," RUN),
		    "ke-plan: line 1: the name BM stands twice"},
		{PLAN("\"tune\":{\"N\":[1]}," RUN),
		    "tune.N: the name is taken"},
		{PLAN("\"tune\":{\"P\":[1]}," RUN),
		    "tune.P: the name is taken"},
		{PLAN("\"tune\":{\"x\":[1]}," RUN),
		    "tune.x: the name is taken"},
		{PLAN("\"tune\":{\"s\":[1]}," RUN),
		    "tune.s: the name is taken"},
		/* workspaces */
		{PLAN("\"workspace\":{\"w\":{\"dtype\":\"f32\"}}," RUN),
		    "workspace.w: shape: empty"},
		{PLAN("\"workspace\":{\"w\":{\"shape\":[1]}}," RUN),
		    "workspace.w: needs a name, dtype and shape"},
		{PLAN("\"workspace\":{\"w\":[\"f32\"]}," RUN),
		    "workspace.w: needs a name, dtype and shape"},
		{PLAN("\"workspace\":{\"w\":{\"dtype\":\"T\",\"shape\":[1]}},"
		    RUN), "workspace.w: needs a name, dtype and shape"},
		{PLAN("\"workspace\":{\"w\":{\"dtype\":\"f32\",\"shape\":"
		    "[1,1,1,1,1,1,1]}}," RUN), "workspace.w: shape: not"},
		{PLAN("\"workspace\":{\"w\":{\"dtype\":\"f32\",\"shape\":"
		    "[\"M\"]}}," RUN), "M: column 1: no such name: M"},
		{PLAN("\"workspace\":{\"y\":{\"dtype\":\"f32\",\"shape\":[1]}},"
		    RUN), "workspace.y: the name is taken"},
		{PLAN("\"tune\":{\"w\":[1]},\"workspace\":{\"w\":{\"dtype\":"
		    "\"f32\",\"shape\":[1]}}," RUN), "w: the name is taken"},
		{PLAN("\"workspace\":{\"w\":{\"dtype\":\"f32\",\"shape\":[1]},"
		    "\"w\":{\"dtype\":\"f64\",\"shape\":[1]}}," RUN),
		    "ke-plan: line 1: the name w stands twice"},
		{PLAN(RUN "," RUN), "line 1: the name launches stands twice"},
		/* choices */
		{PLAN("\"choice\":{\"BM\":1}," RUN),
		    "choice: BM: no such tunable"},
		{PLAN("\"tune\":{\"BM\":[1]},\"choice\":{\"BM\":2}," RUN),
		    "choice: BM: 2 is not among its values"},
		{PLAN("\"tune\":{\"BM\":[1]},\"choice\":{\"BM\":\"1\"}," RUN),
		    "choice: BM: not a whole number"},
		{PLAN("\"tune\":{\"BM\":[1]},\"choice\":{\"when\":\"N\"}," RUN),
		    "choice: when: no such tunable"},
		{PLAN("\"tune\":{\"BM\":[1]},\"choice\":[1]," RUN),
		    "choice: not objects"},
		{PLAN("\"choice\":[{\"when\":true}]," RUN),
		    "choice: when: not an expression"},
		{PLAN("\"choice\":[{\"when\":\"N >\"}]," RUN),
		    "choice: N >: column 4: expected a value"},
		{PLAN("\"tune\":{\"BM\":[1]},\"choice\":[{\"when\":\"BM\"}],"
		    RUN), "choice: BM: column 1: no such name: BM"},
		/* expressions and words */
		{PLAN("\"require\":[null]," RUN), "require: not expressions"},
		{PLAN("\"require\":[\"x > 1\"]," RUN),
		    "require: x > 1: column 1: no such name: x"},
		{PLAN("\"tune\":{\"BM\":[1]},\"domain\":[\"BM\"]," RUN),
		    "domain: BM: column 1: no such name: BM"},
		{PLAN("\"tune\":{\"BM\":[1]},\"constants\":[\"BM\"]," RUN),
		    "constants: not a dimension: BM"},
		{PLAN("\"constants\":[1]," RUN), "constants: not a dimension"},
		{PLAN("\"flags\":[\"-fplugin=x.so\"]," RUN),
		    "flags: not allowed: -fplugin=x.so"},
		{PLAN("\"flags\":[\"-O2 -o/x\"]," RUN), "flags: not allowed"},
		{PLAN("\"flags\":[2]," RUN), "flags: not allowed"},
		{PLAN("\"flags\":[\"--use_fast_math\"]," RUN),
		    "flags: not allowed: --use_fast_math"},
		{PLAN("\"flags\":[\"-O3\"]," GPU_RUN),
		    "flags: not allowed: -O3"},
		{PLAN("\"flags\":[\"--gpu-architecture=sm_70\"]," GPU_RUN),
		    "flags: not allowed: --gpu"},
		/* launches */
		{PLAN("\"launches\":[1]"), "launches[0]: not an object"},
		{PLAN("\"launches\":[[1]]"), "launches[0]: not an object"},
		{PLAN("\"launches\":[{\"args\":[]}]"), "kernel: not a name"},
		{PLAN("\"launches\":[{\"kernel\":\"f()\",\"args\":[]}]"),
		    "launches[0]: kernel: not a name of a function"},
		{PLAN("\"launches\":[{\"kernel\":\"ke_f\",\"args\":[]}]"),
		    "launches[0]: kernel: not a name of a function"},
		{PLAN("\"launches\":[{\"kernel\":\"f\"}]"),
		    "launches[0]: args: not an array"},
		{LAUNCH("\"stream\":1"), "launches[0]: stream: unknown member"},
		{LAUNCH("\"grid\":3"), "launches[0]: grid: not a non-empty"},
		{LAUNCH("\"grid\":[]"), "launches[0]: grid: not a non-empty"},
		{LAUNCH("\"grid\":[1,1,1,1]"), "grid: not one to three"},
		{LAUNCH("\"grid\":[1.5]"), "grid: not one to three"},
		{LAUNCH("\"grid\":[\"M\"]"), "launches[0]: M: column 1: no"},
		{LAUNCH("\"shared\":64"), "shared: not an expression of a "
		    "launch with grid"},
		{LAUNCH("\"grid\":[1],\"shared\":[64]"), "shared: not an"},
		{LAUNCH("\"grid\":[1],\"shared\":\"(\""), "launches[0]: (: "},
		{ARGS("\"z\""), "launches[0]: no such name: z"},
		{ARGS("\"s\""), "launches[0]: no such name: s"},
		{ARGS("1"), "launches[0]: not a name or"},
		{ARGS("{\"tensor\":\"x\"}"), "x: needs an offset, and only"},
		{ARGS("{\"tensor\":\"x\",\"offset\":\"1\",\"n\":1}"),
		    "x: needs an offset, and only that"},
		{ARGS("{\"tensor\":\"x\",\"offset\":\"M\"}"),
		    "no such name: M"},
		{ARGS("{\"tensor\":\"wp\",\"offset\":1}"),
		    "wp: only a tensor has an offset"},
		{ARGS("{\"tensor\":\"N\",\"offset\":1}"),
		    "N: only a tensor has an offset"},
		/* prototypes of one function that differ */
		{TWICE("\"x\",\"N\"", "\"x\""), "launches[1]: k is launched"},
		{TWICE("\"N\"", "\"W\""), "launches[1]: k is launched"},
		{TWICE("\"x\"", "\"y\""), "launches[1]: k is launched"},
		{TWICE("\"x\"", "\"ids\""), "launches[1]: k is launched"},
		{TWICE("\"f\"", "\"i\""), "launches[1]: k is launched"},
		{TWICE("\"x\"", "\"N\""), "launches[1]: k is launched"},
		{PLAN("\"launches\":[{\"kernel\":\"k\",\"args\":[]},"
		    "{\"kernel\":"
		    "\"k\",\"grid\":[1],\"args\":[]}]"),
		    "k is launched before"},
		/* warps */
		{LAUNCH("\"num_warps\":4"),
		    "num_warps: without grid"},
		{LAUNCH("\"grid\":[1],\"num_stages\":2"),
		    "num_stages: without num_warps"},
		{LAUNCH("\"grid\":[1],\"constexpr\":{}"),
		    "constexpr: without num_warps"},
		{LAUNCH("\"grid\":[1],\"num_warps\":4,\"block\":[32]"),
		    "block: with num_warps"},
		{LAUNCH("\"grid\":[1],\"num_warps\":4,\"shared\":64"),
		    "shared: with num_warps"},
		{LAUNCH("\"grid\":[1],\"num_warps\":[4]"),
		    "num_warps: not an expression"},
		{LAUNCH("\"grid\":[1],\"num_warps\":\"M\""),
		    "M: column 1: no such name"},
		{LAUNCH("\"grid\":[1],\"num_warps\":4,\"constexpr\":[]"),
		    "constexpr: not an object"},
		{LAUNCH("\"grid\":[1],\"num_warps\":4,\"constexpr\":{\"N\":1}"),
		    "constexpr.N: the name is taken"},
		{LAUNCH("\"grid\":[1],\"num_warps\":4,"
		    "\"constexpr\":{\"a-b\":1}"),
		    "constexpr.a-b: not a name with"},
		{LAUNCH("\"grid\":[1],\"num_warps\":4,"
		    "\"constexpr\":{\"C\":\"M\"}"),
		    "M: column 1: no such name"},
		{PLAN("\"flags\":[\"--fmad=false\"],\"launches\":[{\"kernel\":"
		    "\"k\",\"grid\":[1],\"num_warps\":1,\"args\":[]}]"),
		    "flags: not allowed: --fmad=false"},
		{PLAN("\"launches\":[{\"kernel\":\"k\",\"grid\":[1],"
		    "\"num_warps\":1,\"args\":[]},{\"kernel\":\"k\",\"grid\":"
		    "[1],\"block\":[1],\"args\":[]}]"),
		    "launches[1]: num_warps: all launches have it, or none"},
		/* threads */
		{LAUNCH("\"block\":[256]"), "launches[0]: block: without grid"},
		{LAUNCH("\"grid\":[1],\"block\":[]"),
		    "launches[0]: block: not a non-empty array"},
		{LAUNCH("\"grid\":[1],\"block\":256"),
		    "launches[0]: block: not a non-empty array"},
		{LAUNCH("\"grid\":[1],\"block\":[1,1,1,1]"),
		    "block: not one to three expressions"},
		{LAUNCH("\"grid\":[1],\"block\":[null]"),
		    "block: not one to three expressions"},
		{LAUNCH("\"grid\":[1],\"block\":[\"M\"]"),
		    "launches[0]: M: column 1: no such name"},
		{GPU(",\"cluster\":[]"), "cluster: not a non-empty array"},
		{GPU(",\"cluster\":[1,1,1,1]"), "cluster: not one to three"},
		{LAUNCH("\"grid\":[2],\"cluster\":[2]"),
		    "launches[0]: cluster: without block"},
		{LAUNCH("\"grid\":[2],\"cooperative\":true"),
		    "launches[0]: cooperative: without block"},
		{GPU(",\"cooperative\":1"), "cooperative: not true or false"},
		{PLAN("\"launches\":[{\"kernel\":\"k\",\"grid\":[1],\"block\":"
		    "[1],\"args\":[]},{\"kernel\":\"l\",\"grid\":[1],\"args\":"
		    "[]}]"), "launches[1]: block: all launches have one, or"},
		{PLAN("\"launches\":[{\"kernel\":\"k\",\"args\":[]},"
		    "{\"kernel\":\"l\",\"grid\":[1],\"block\":[1],"
		    "\"args\":[]}]"), "launches[1]: block: all launches have"},
		/* maps */
		{PLAN("\"maps\":[]," RUN), "maps: wrong type"},
		{PLAN("\"maps\":{\"m\":1}," RUN), "maps.m: not a name with an"},
		{PLAN("\"maps\":{\"m n\":{}}," RUN), "not a name with an"},
		{PLAN("\"maps\":{\"N\":{}}," RUN), "maps.N: the name is taken"},
		{PLAN("\"maps\":{\"x\":{}}," RUN), "maps.x: the name is taken"},
		{PLAN("\"tune\":{\"m\":[1]},\"maps\":{\"m\":{}}," RUN),
		    "maps.m: the name is taken"},
		{PLAN("\"workspace\":{\"m\":{\"dtype\":\"f32\",\"shape\":[1]}},"
		    "\"maps\":{\"m\":{}}," RUN), "maps.m: the name is taken"},
		{MAP(""), "maps.m: tensor: not a tensor or workspace"},
		{MAP("\"tensor\":\"z\""), "maps.m: tensor: not a tensor"},
		{MAP("\"tensor\":\"s\""), "maps.m: tensor: not a tensor"},
		{MAP("\"tensor\":\"m\""), "maps.m: tensor: not a tensor"},
		{MAP_X(",\"boxes\":[1]"), "maps.m: boxes: unknown member"},
		{MAP("\"tensor\":\"x\""), "maps.m: shape and box need as many"},
		{MAP("\"tensor\":\"x\",\"shape\":[],\"box\":[]"),
		    "maps.m: shape and box need as many"},
		{MAP("\"tensor\":\"x\",\"shape\":[1],\"box\":[1,1]"),
		    "maps.m: shape and box need as many"},
		{MAP_X(",\"stride\":[1,1]"), "stride one less"},
		{MAP("\"tensor\":\"x\",\"shape\":[1],\"box\":[1],"
		    "\"stride\":[1]"), "stride one less"},
		{MAP_X(",\"stride\":\"N\""), "maps.m: stride: not an array"},
		{MAP("\"tensor\":\"x\",\"shape\":\"N\",\"box\":[1]"),
		    "maps.m: shape: not an array"},
		{MAP("\"tensor\":\"x\",\"shape\":[1,1,1,1,1,1],\"box\":[1]"),
		    "maps.m: shape: not one to 5 expressions"},
		{MAP("\"tensor\":\"x\",\"shape\":[1],\"box\":[true]"),
		    "maps.m: box: not one to 5 expressions"},
		{MAP("\"tensor\":\"x\",\"shape\":[\"M\"],\"box\":[1]"),
		    "maps.m: M: column 1: no such name"},
		{MAP_X(",\"swizzle\":16"), "swizzle: not 0, 32, 64 or 128"},
		{MAP_X(",\"swizzle\":32.5"), "swizzle: not 0, 32, 64 or 128"},
		{MAP_X(",\"swizzle\":\"128\""), "swizzle: not 0, 32, 64 or"},
		{MAP_X(",\"promotion\":32"), "promotion: not 0, 64, 128 or"},
		{MAP_X(",\"promotion\":null"), "promotion: not 0, 64, 128"},
		{PLAN("\"maps\":{\"m\":{\"tensor\":\"x\",\"shape\":[1],"
		    "\"box\":[1]}},\"launches\":[{\"kernel\":\"k\",\"args\":["
		    "{\"tensor\":\"m\",\"offset\":1}]}]"),
		    "m: only a tensor has an offset"},
		{PLAN("\"maps\":{\"m\":{\"tensor\":\"x\",\"shape\":[1],"
		    "\"box\":[1]}},\"launches\":["
		    "{\"kernel\":\"k\",\"grid\":[1],\"block\":[1],"
		    "\"args\":[\"m\"]},{\"kernel\":\"k\",\"grid\":[1],"
		    "\"block\":[1],\"args\":[\"N\"]}]"),
		    "launches[1]: k is launched before"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e = {""};

		if (ke_plan_parse(rows[i].source, op, &e) != NULL)
			fail_msg("%s was taken", rows[i].source);
		if (strstr(e.msg, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].source, e.msg);
	}
}

/* n times the piece, with a letter for each #, between before and after */
static char *
repeat(const char *before, const char *piece, int n, const char *after)
{
	struct ke_buf b = {0};

	ke_buf_str(&b, before);
	for (int i = 0; i < n; i++) {
		if (i > 0)
			ke_buf_str(&b, ",");
		for (const char *c = piece; *c != '\0'; c++)
			ke_buf_fmt(&b, "%c", *c == '#' ? 'a' + i : *c);
	}
	ke_buf_str(&b, after);
	return b.s;
}

static void
limits(void **state)
{
	static const struct {
		const char *before, *piece, *after;
		int most;
		const char *why;
	} rows[] = {
		{"/* ke-plan {" RUN ",\"tune\":{", "\"#_\":[1]", "}} */", 24,
		    "tune: more than 24"},
		{"/* ke-plan {" RUN ",\"workspace\":{",
		    "\"#_\":{\"dtype\":\"u8\",\"shape\":[1]}", "}} */", 12,
		    "workspace: more than 12"},
		{"/* ke-plan {\"launches\":[",
		    "{\"kernel\":\"#_\",\"args\":[]}",
		    "]} */", 16, "launches: more than 16"},
		{"/* ke-plan {\"launches\":[{\"kernel\":\"k\",\"args\":[",
		    "\"x\"", "]}]} */", 24, "args: more than 24"},
		{"/* ke-plan {" RUN ",\"maps\":{",
		    "\"#_\":{\"tensor\":\"x\",\"shape\":[1],\"box\":[1]}",
		    "}} */", 8, "maps: more than 8"},
		{"/* ke-plan {" RUN ",\"flags\":[", "\"-O2\"", "]} */", 16,
		    "flags: more than 16"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e = {""};
		char *s = repeat(rows[i].before, rows[i].piece, rows[i].most,
		    rows[i].after);

		ke_plan_free(parse(s));
		free(s);
		s = repeat(rows[i].before, rows[i].piece, rows[i].most + 1,
		    rows[i].after);
		assert_null(ke_plan_parse(s, op, &e));
		assert_non_null(strstr(e.msg, rows[i].why));
		free(s);
	}
}

static void
args(void **state)
{
	struct ke_plan *p = parse(ARGS("\"y\",\"wp\",\"N\",\"W\",\"BM\","
	    "{\"tensor\":\"ids\",\"offset\":7}"));
	const struct ke_arg *a = p->launches[0].args;

	(void)state;
	assert_int_equal(p->launches[0].n_args, 6);
	assert_int_equal(a[0].kind, KE_ARG_TENSOR);
	assert_string_equal(op->tensors[a[0].index].name, "y");
	assert_int_equal(a[1].kind, KE_ARG_WORKSPACE);
	assert_int_equal(a[1].index, 0);
	for (size_t i = 2; i < 5; i++) {
		assert_int_equal(a[i].kind, KE_ARG_SCALAR);
		assert_int_equal(a[i].wide, i == 3);
	}
	assert_string_equal(op->tensors[a[5].index].name, "ids");
	assert_string_equal(a[5].offset, "7");
	assert_int_equal(ke_plan_tune(p, "BM"), 0);
	assert_int_equal(ke_plan_tune(p, "N"), -1);
	ke_plan_free(p);
}

static const char rich[] = PLAN(
    "\"tune\":{\"BM\":[2,4,8],\"S\":[1,3]},"
    "\"choice\":[{\"when\":\"N > 500\",\"BM\":8},{\"when\":\"N > 30\",\"S\":3},"
    "{\"when\":\"B == 2\",\"BM\":4}],"
    "\"require\":[\"BM*S <= 12\"],\"domain\":[\"N != 7\"],"
    "\"workspace\":{\"wp\":{\"dtype\":\"f64\",\"shape\":[\"P\",\"S\",2]}},"
    "\"launches\":[{\"kernel\":\"k\",\"args\":[\"wp\"]},{\"kernel\":\"l\","
    "\"grid\":[\"cdiv(N,BM)\",\"B\"],\"shared\":\"S*100\",\"args\":[\"y\","
    "{\"tensor\":\"x\",\"offset\":\"N*(B-1)\"},\"BM\"]}]");

static void
resolves(void **state)
{
	static const struct {
		int64_t dims[3]; /* B, N, W */
		const char *choice;
		int64_t bm, s, grid[2], shared, offset, workspace;
	} rows[] = {
		{{3, 40, 1}, NULL, 2, 3, {20, 3}, 300, 80, 720},
		{{3, 1000, 1}, NULL, 8, 1, {125, 3}, 100, 2000, 6000},
		{{1, 1, 1}, NULL, 2, 1, {1, 1}, 100, 0, 2},
		{{2, 5, 1}, NULL, 4, 1, {2, 2}, 100, 5, 20},
		{{3, 40, 1}, "{\"BM\":4}", 4, 3, {10, 3}, 300, 80, 720},
		{{3, 41, 1}, "{\"S\":1,\"BM\":8}", 8, 1, {6, 3}, 100, 82, 246},
	};
	struct ke_plan *p = parse(rich);

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_case c = {.set = "check"};
		cJSON *choice = rows[i].choice == NULL ? NULL
		    : json(rows[i].choice);
		struct ke_resolved r;
		struct ke_err e;

		memcpy(c.dims, rows[i].dims, sizeof(rows[i].dims));
		if (ke_plan_resolve(p, op, &c, choice, &r, &e) == -1)
			fail_msg("row %zu: %s", i, e.msg);
		assert_false(r.outside);
		assert_int_equal(r.tune[0], rows[i].bm);
		assert_int_equal(r.tune[1], rows[i].s);
		assert_int_equal(*ke_scope_find(&r.scope, "BM", 2), rows[i].bm);
		assert_int_equal(r.grid[0][0], 1);
		assert_int_equal(r.grid[1][0], rows[i].grid[0]);
		assert_int_equal(r.grid[1][1], rows[i].grid[1]);
		assert_int_equal(r.grid[1][2], 1);
		assert_int_equal(r.shared[0], 0);
		assert_int_equal(r.shared[1], rows[i].shared);
		assert_int_equal(r.offset[1][0], 0);
		assert_int_equal(r.offset[1][1], rows[i].offset);
		assert_int_equal(r.workspace[0], rows[i].workspace);
		cJSON_Delete(choice);
	}
	ke_plan_free(p);
}

static void
resolves_not(void **state)
{
	static const struct {
		const char *source;
		int64_t dims[3];
		const char *why; /* NULL: outside the domain */
	} rows[] = {
		{rich, {3, 7, 1}, NULL},
		{PLAN("\"domain\":[\"N > 1\",\"B > 1\"]," RUN), {1, 2, 1},
		    NULL},
		/* outside, what else is wrong is not asked */
		{PLAN("\"domain\":[\"N\"],\"require\":[\"1/N\"]," RUN),
		    {1, 0, 1}, NULL},
		{PLAN("\"domain\":[\"1/N\"]," RUN), {1, 0, 1},
		    "1/N: column 2: division by zero"},
		{PLAN("\"choice\":[{\"when\":\"1/N\"}]," RUN), {1, 0, 1},
		    "1/N: column 2: division by zero"},
		{PLAN("\"require\":[\"1\",\"N < 9\",\"0\"]," RUN), {1, 9, 1},
		    "require: N < 9 does not hold"},
		{PLAN("\"require\":[\"1/N\"]," RUN), {1, 0, 1}, "1/N: column"},
		{LAUNCH("\"grid\":[\"N\"]"), {1, 0, 1},
		    "launches[0]: grid: 0 blocks"},
		{LAUNCH("\"grid\":[1,\"N-2\"]"), {1, 1, 1},
		    "launches[0]: grid: -1 blocks"},
		{LAUNCH("\"grid\":[\"W\"]"), {1, 1, (int64_t)1 << 31},
		    "launches[0]: grid: 2147483648 blocks"},
		{LAUNCH("\"grid\":[\"W\",\"W\"]"), {1, 1, 1 << 16},
		    "launches[0]: grid: 65536 blocks"},
		{LAUNCH("\"grid\":[1],\"shared\":\"N\""), {1, 16777217, 1},
		    "launches[0]: shared: 16777217 bytes"},
		{LAUNCH("\"grid\":[1],\"shared\":\"0-N\""), {1, 1, 1},
		    "launches[0]: shared: -1 bytes"},
		{ARGS("{\"tensor\":\"x\",\"offset\":\"B*N+1\"}"), {2, 3, 1},
		    "launches[0]: x: offset 7 is outside the tensor"},
		{ARGS("{\"tensor\":\"x\",\"offset\":\"N-4\"}"), {2, 3, 1},
		    "launches[0]: x: offset -1 is outside the tensor"},
		{ARGS("\"Q\""), {1, 1, (int64_t)1 << 30},
		    "launches[0]: Q: 2147483648 is no int"},
		{PLAN("\"tune\":{\"T\":[-2147483649]},"
		    "\"launches\":[{\"kernel\":"
		    "\"k\",\"args\":[\"T\"]}]"), {1, 1, 1},
		    "launches[0]: T: -2147483649 is no int"},
		{PLAN("\"workspace\":{\"w\":{\"dtype\":\"u8\",\"shape\":[\"W\","
		    "\"W\"]}}," RUN), {1, 1, (int64_t)1 << 32},
		    "workspace.w: shape is negative or too large"},
		{PLAN("\"workspace\":{\"w\":{\"dtype\":\"u8\",\"shape\":["
		    "\"N-2\"]}}," RUN), {1, 1, 1},
		    "workspace.w: shape is negative or too large"},
		/* threads and clusters */
		{LAUNCH("\"grid\":[1],\"block\":[\"N\"]"), {1, 0, 1},
		    "launches[0]: block: 0 threads"},
		{LAUNCH("\"grid\":[1],\"block\":[\"N\"]"), {1, 1025, 1},
		    "launches[0]: block: 1025 threads"},
		{LAUNCH("\"grid\":[1],\"block\":[32,\"N\"]"), {1, 33, 1},
		    "launches[0]: block: 33 threads"},
		{LAUNCH("\"grid\":[1],\"block\":[32,\"1/N\"]"), {1, 0, 1},
		    "launches[0]: block: 1/N: column 2: division by zero"},
		{GPU(",\"cluster\":[\"B\"]"), {17, 17, 1},
		    "launches[0]: cluster: 17 blocks"},
		{GPU(",\"cluster\":[\"B\"]"), {0, 8, 1},
		    "launches[0]: cluster: 0 blocks"},
		{GPU(",\"cluster\":[\"B\"]"), {2, 7, 1},
		    "launches[0]: cluster: 2 does not divide the grid's 7"},
		{GPU(",\"cluster\":[1,\"B\"]"), {2, 8, 1},
		    "launches[0]: cluster: 2 does not divide the grid's 1"},
		/* maps */
		{MAP("\"tensor\":\"x\",\"shape\":[\"B\",\"N+1\"],\"box\":"
		    "[1,1]"), {2, 3, 1}, "maps.m: reaches beyond x"},
		{MAP_X(",\"stride\":[\"N+1\"]"), {2, 3, 1},
		    "maps.m: reaches beyond x"},
		{MAP("\"tensor\":\"f\",\"shape\":[\"N*B+1\"],\"box\":[1]"),
		    {2, 3, 1}, "maps.m: reaches beyond f"},
		{MAP_X(""), {0, 3, 1}, "maps.m: shape: 0"},
		{MAP("\"tensor\":\"x\",\"shape\":[\"N\"],\"box\":[\"N-2\"]"),
		    {1, 1, 1}, "maps.m: box: -1"},
		{MAP("\"tensor\":\"x\",\"shape\":[\"N\"],\"box\":[\"W\"]"),
		    {1, 1, (int64_t)1 << 32}, "maps.m: box: 4294967296"},
		{MAP_X(",\"stride\":[\"N-4\"]"), {1, 3, 1},
		    "maps.m: stride: -1"},
		{MAP("\"tensor\":\"x\",\"shape\":[1,\"W\",\"W\",\"W\",\"W\"],"
		    "\"box\":[1,1,1,1,1]"), {1, 1, 4000000000},
		    "maps.m: shape: too large"},
		{MAP("\"tensor\":\"x\",\"shape\":[\"W\",\"W\",1],\"box\":"
		    "[1,1,1],\"stride\":[\"W\",\"W\"]"), {1, 1, 4000000000},
		    "maps.m: reaches beyond x"},
		{MAP("\"tensor\":\"x\",\"shape\":[\"1/N\"],\"box\":[1]"),
		    {1, 0, 1}, "maps.m: 1/N: column 2: division by zero"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_plan *p = parse(rows[i].source);
		struct ke_case c = {.set = "check"};
		struct ke_resolved r;
		struct ke_err e = {""};
		int got;

		memcpy(c.dims, rows[i].dims, sizeof(rows[i].dims));
		got = ke_plan_resolve(p, op, &c, NULL, &r, &e);
		if (rows[i].why == NULL ? got != 0 || !r.outside
		    : got != -1 || strstr(e.msg, rows[i].why) != e.msg)
			fail_msg("row %zu: %d: %s", i, got, e.msg);
		ke_plan_free(p);
	}
}

/* The edges of what is allowed: the last block, byte and element. */
static void
resolves_just(void **state)
{
	struct ke_plan *p = parse(PLAN("\"launches\":[{\"kernel\":\"k\","
	    "\"grid\":[\"W\",\"Q\"],\"shared\":16777216,\"args\":["
	    "{\"tensor\":\"x\",\"offset\":\"P\"},\"W\"]}]"));
	struct ke_case c = {.set = "check", .dims = {2, 3, 32768}};
	struct ke_resolved r;
	struct ke_err e;

	(void)state;
	if (ke_plan_resolve(p, op, &c, NULL, &r, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(r.grid[0][0] * r.grid[0][1], (int64_t)1 << 31);
	assert_int_equal(r.offset[0][0], 6);
	ke_plan_free(p);
	p = parse(ARGS("\"W\""));
	c.dims[2] = (int64_t)1 << 40;
	assert_int_equal(ke_plan_resolve(p, op, &c, NULL, &r, &e), 0);
	ke_plan_free(p);
}

/* Threads, clusters and maps in numbers. */
static void
resolves_gpu(void **state)
{
	struct ke_plan *p = parse(PLAN("\"tune\":{\"BN\":[8,16]},"
	    "\"workspace\":{\"f\":{\"dtype\":\"f16\",\"shape\":[\"W\"]}},"
	    "\"maps\":{\"dense\":{\"tensor\":\"x\",\"shape\":[\"B\",2,"
	    "\"N/2\"],\"box\":[1,1,\"BN\"],\"swizzle\":64},"
	    "\"view\":{\"tensor\":\"f\",\"shape\":[4,3],\"stride\":[0],"
	    "\"box\":[2,3],\"promotion\":64}},"
	    "\"launches\":[{\"kernel\":\"k\",\"grid\":[\"N\",\"B\"],"
	    "\"block\":[\"N\",\"B\",\"2*B\"],\"cluster\":[\"N/2\",\"B\"],"
	    "\"cooperative\":true,\"args\":[\"view\",\"y\",\"dense\"]},"
	    "{\"kernel\":\"l\",\"grid\":[3],\"block\":[1024],"
	    "\"shared\":\"BN*100\",\"args\":[\"f\"]}]"));
	struct ke_case c = {.set = "check", .dims = {2, 16, 3}};
	const struct ke_launch *l = p->launches;
	struct ke_resolved r;
	struct ke_err e;

	(void)state;
	assert_true(p->gpu);
	assert_true(l[0].cooperative);
	assert_false(l[1].cooperative);
	assert_int_equal(l[0].args[0].kind, KE_ARG_MAP);
	assert_int_equal(l[0].args[0].index, 1);
	assert_int_equal(l[0].args[2].index, 0);
	assert_int_equal(p->n_maps, 2);
	assert_false(p->maps[0].workspace);
	assert_int_equal(p->maps[0].rank, 3);
	assert_true(p->maps[0].dense);
	assert_int_equal(p->maps[0].swizzle, 64);
	assert_int_equal(p->maps[0].promotion, 128);
	assert_true(p->maps[1].workspace);
	assert_false(p->maps[1].dense);
	assert_int_equal(p->maps[1].swizzle, 0);
	assert_int_equal(p->maps[1].promotion, 64);
	if (ke_plan_resolve(p, op, &c, NULL, &r, &e) == -1)
		fail_msg("%s", e.msg);
	assert_memory_equal(r.block[0], ((int64_t[]){16, 2, 4}), 24);
	assert_memory_equal(r.cluster[0], ((int64_t[]){8, 2, 1}), 24);
	assert_memory_equal(r.block[1], ((int64_t[]){1024, 1, 1}), 24);
	assert_memory_equal(r.cluster[1], ((int64_t[]){0, 0, 0}), 24);
	assert_int_equal(r.shared[1], 800);
	assert_memory_equal(r.map[0].shape, ((int64_t[]){2, 2, 8}), 24);
	assert_memory_equal(r.map[0].stride, ((int64_t[]){16, 8, 1}), 24);
	assert_memory_equal(r.map[0].box, ((int64_t[]){1, 1, 8}), 24);
	assert_memory_equal(r.map[1].shape, ((int64_t[]){4, 3}), 16);
	assert_memory_equal(r.map[1].stride, ((int64_t[]){0, 1}), 16);
	/* a plan for a CPU has none of it */
	ke_plan_free(p);
	p = parse(rich);
	assert_false(p->gpu);
	assert_int_equal(p->n_maps, 0);
	c.dims[1] = 40;
	assert_int_equal(ke_plan_resolve(p, op, &c, NULL, &r, &e), 0);
	assert_int_equal(r.block[1][0], 1);
	ke_plan_free(p);
}

static void
defaults(void **state)
{
	static const struct {
		const char *source, *own;
	} rows[] = {
		{PLAN(RUN), "{}"},
		{PLAN("\"tune\":{\"a\":[3,1],\"b\":[5,6]}," RUN),
		    "{\"a\":3,\"b\":5}"},
		{PLAN("\"tune\":{\"a\":[3,1],\"b\":[5,6]},\"choice\":{\"b\":6},"
		    RUN), "{\"a\":3,\"b\":6}"},
		{rich, "{\"BM\":8,\"S\":1}"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_plan *p = parse(rows[i].source);
		cJSON *own = ke_plan_default(p);
		char *s = ke_json_print(own);

		assert_string_equal(s, rows[i].own);
		free(s);
		cJSON_Delete(own);
		ke_plan_free(p);
	}
}

static void
choices(void **state)
{
	static const struct {
		const char *choice, *why; /* NULL: fine */
		int allowed;
	} rows[] = {
		{"{}", NULL, 1},
		{"{\"BM\":4,\"S\":3}", NULL, 1},
		{"{\"BM\":8,\"S\":3}", NULL, 0},
		{"{\"S\":3}", NULL, 0}, /* BM is the first row's 8 */
		{"{\"BM\":3}", "choice: BM: 3 is not among its values", 1},
		{"{\"BM\":2.5}", "choice: BM: not a whole number", 1},
		{"{\"bm\":2}", "choice: bm: no such tunable", 1},
		{"{\"when\":\"1\"}", "choice: when: no such tunable", 1},
	};
	struct ke_plan *p = parse(rich);

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		cJSON *c = json(rows[i].choice);
		struct ke_err e = {""};
		int got = ke_plan_check_choice(p, c, &e);

		if (rows[i].why == NULL) {
			assert_int_equal(got, 0);
			assert_int_equal(ke_plan_allows(p, c, &e),
			    rows[i].allowed);
		} else {
			assert_int_equal(got, -1);
			assert_string_equal(e.msg, rows[i].why);
		}
		cJSON_Delete(c);
	}
	ke_plan_free(p);
}

/* What needs a dimension is left for the case to decide. */
static void
allows_by_dims(void **state)
{
	struct ke_plan *p = parse(PLAN("\"tune\":{\"a\":[0,1]},\"require\":["
	    "\"N < a\",\"N/a\",\"4/a\"]," RUN));
	cJSON *one = json("{\"a\":1}");
	struct ke_err e;

	(void)state;
	assert_int_equal(ke_plan_allows(p, one, &e), 1);
	assert_int_equal(ke_plan_allows(p, NULL, &e), -1);
	assert_string_equal(e.msg, "4/a: column 2: division by zero");
	cJSON_Delete(one);
	ke_plan_free(p);
}

/* Every candidate that we ship, in every case for what it runs on. */
static void
shipped(void **state)
{
	glob_t g;
	struct ke_err e;

	(void)state;
	assert_int_equal(glob("ops/*/*.c", 0, NULL, &g), 0);
	assert_int_equal(glob("ops/*/*.cu", GLOB_APPEND, NULL, &g), 0);
	(void)glob("ops/*/*.hip", GLOB_APPEND, NULL, &g);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *slash = strrchr(g.gl_pathv[i], '/');
		struct ke_buf text = {0};
		struct ke_op *its;
		struct ke_plan *p;

		if (strcmp(slash, "/ref.c") == 0)
			continue;
		if (ke_file_read(g.gl_pathv[i], 1 << 20, &text, &e) == -1)
			fail_msg("%s", e.msg);
		*slash = '\0';
		its = ke_op_load(g.gl_pathv[i], &e);
		p = its == NULL ? NULL : ke_plan_parse(text.s, its, &e);
		if (p == NULL)
			fail_msg("%s/%s: %s", g.gl_pathv[i], slash + 1, e.msg);
		assert_int_equal(p->gpu, strcmp(strrchr(slash + 1, '.'),
		    ".c") != 0);
		for (size_t k = 0; k < its->n_cases; k++) {
			struct ke_resolved r;

			if (strcmp(its->cases[k].set, p->gpu ? "small"
			    : "production") != 0 && ke_plan_resolve(p, its,
			    &its->cases[k], NULL, &r, &e) == -1)
				fail_msg("%s/%s: case %zu: %s",
				    g.gl_pathv[i], slash + 1, k, e.msg);
		}
		ke_plan_free(p);
		ke_op_free(its);
		ke_buf_free(&text);
	}
	globfree(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(limits),
		cmocka_unit_test(args),
		cmocka_unit_test(resolves),
		cmocka_unit_test(resolves_not),
		cmocka_unit_test(resolves_just),
		cmocka_unit_test(resolves_gpu),
		cmocka_unit_test(defaults),
		cmocka_unit_test(choices),
		cmocka_unit_test(allows_by_dims),
		cmocka_unit_test(shipped),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
