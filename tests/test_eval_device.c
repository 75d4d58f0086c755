/* What the harness itself runs on GPUs, compiled where their compilers are
 * installed: its kernels, and every operator's ref.c. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-eval/cc.h"
#include "../tools/ke-eval/compile.h"
#include "../tools/ke-eval/gpu.h"
#include "../tools/ke-eval/reference.h"
#include "file.h"

/* Can its compiler be asked?  cmocka's own word for a test that is left out is
 * a failure to who reads TAP. */
static bool
can_compile(const struct target *t, const char *arch)
{
	if (!toolchain_is_there(t->toolchain)) {
		print_message("# left out: %s\n", t->toolchain->why());
		return false;
	}
	arch_set(t->vendor->maker, arch);
	return true;
}

/* Is the object one that may be loaded? */
static void
check(const struct target *t, char *path, const struct verdict *v,
    const struct ke_err *e)
{
	struct verdict own = {.status = KE_PASS};
	struct ke_buf b = {0};
	struct ke_err why;

	if (path == NULL)
		print_error("%s\n", v->status == KE_PASS ? e->msg : v->detail);
	assert_non_null(path);
	assert_int_equal(ke_file_read(path, OBJECT_MAX, &b, &why), 0);
	if (t->toolchain->check(b.s, b.n, &own) == -1)
		print_error("%s: %s\n", path, own.detail);
	assert_int_equal(own.status, KE_PASS);
	ke_buf_free(&b);
	free(path);
}

static void
check_kernels(const struct target *t)
{
	struct verdict v;
	struct ke_err e;
	char *path = gpu_kernels(t, &v, &e);

	check(t, path, &v, &e);
}

static void
cuda_kernels(void **state)
{
	(void)state;
	if (can_compile(&target_cuda, "sm_90a"))
		check_kernels(&target_cuda);
}

static void
hip_kernels(void **state)
{
	(void)state;
	if (can_compile(&target_hip, "gfx90a"))
		check_kernels(&target_hip);
}

/* Does HIP have the types of the operator's variant? */
static bool
has_types(const struct ke_op *op, enum ke_dtype variant)
{
	for (size_t t = 0; t < op->n_tensors; t++)
		if (*toolchain_hip.type(ke_tensor_dtype(&op->tensors[t],
		    variant)) == '\0')
			return false;
	return true;
}

/* In the last of the operator's types that HIP has. */
static void
compile_reference(const char *dir)
{
	const struct target *t = &target_hip;
	struct ke_err e;
	const struct ke_op *op = ke_op_load(dir, &e);
	enum ke_dtype type = KE_DTYPE_COUNT;
	struct verdict v;
	const cJSON *d;
	char *path;

	assert_non_null(op);
	cJSON_ArrayForEach(d, ke_json_object(op->json, "dtypes"))
		if (has_types(op, ke_dtype_find(d->string)))
			type = ke_dtype_find(d->string);
	assert_int_not_equal(type, KE_DTYPE_COUNT);
	path = reference_device(op, type, t, &v, &e);
	check(t, path, &v, &e);
}

static void
hip_references(void **state)
{
	const char *root = getenv("KE_ROOT");
	char pattern[4096];
	glob_t g;

	(void)state;
	if (!can_compile(&target_hip, "gfx90a"))
		return;
	snprintf(pattern, sizeof(pattern), "%s/ops/[a-z]*", root == NULL ? "."
	    : root);
	assert_int_equal(glob(pattern, GLOB_ONLYDIR, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		compile_reference(g.gl_pathv[i]);
	globfree(&g);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuda_kernels),
		cmocka_unit_test(hip_kernels),
		cmocka_unit_test(hip_references),
	};

	/* ke-eval's own main() begins so */
	if (strcmp(argv[0], COMPILER_NAME) == 0)
		return compiler_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
