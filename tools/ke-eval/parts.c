/* An object of several objects.  It begins with a line of JSON,
 * {"parts": [{"kernel", "at", "bytes", "shared", "threads", "pointers"}, ...]},
 * and was written by a process that had a candidate in it: nothing in it is
 * believed that would matter. */
#include <string.h>

#include "codeobject.h"
#include "cubin.h"
#include "parts.h"

#define THREADS_MAX 1024
#define NULLS_MAX 2 /* Triton's scratch: for all, and for profiles */

static int
broken(struct verdict *v, const char *what)
{
	return verdict_set(v, KE_PLAN_ERROR, "object", "%s", what);
}

/* The member, a whole number of 0 to max. */
static bool
number(const cJSON *o, const char *name, int64_t max, uint32_t *to)
{
	int64_t n;

	if (!ke_json_integer(ke_json_get(o, name), &n) || n < 0 || n > max)
		return false;
	*to = (uint32_t)n;
	return true;
}

/* The bytes of the parameters that a launch passes. */
static size_t
parameters(const struct ke_launch *l, uint32_t nulls, size_t *bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_args; i++)
		bytes[n++] = l->args[i].kind == KE_ARG_SCALAR &&
		    !l->args[i].wide ? 4 : 8;
	while (nulls-- > 0)
		bytes[n++] = 8;
	return n;
}

/* What is read of one object: its kernel's parameters, and what it needs. */
struct kind {
	int (*check)(const void *, size_t n, struct verdict *);
	/* how many parameters, and the bytes of each; -1 with a verdict */
	int (*parameters)(const void *, size_t n, const char *kernel,
	    size_t *bytes, size_t most, struct verdict *);
	int (*needs)(const void *, size_t n, const char *kernel,
	    struct cubin_part *, struct verdict *);
};

static int
cubin_parameters(const void *p, size_t n, const char *kernel, size_t *bytes,
    size_t most, struct verdict *v)
{
	struct cubin_kernel k;

	(void)most; /* they fit */
	if (cubin_kernel(p, n, kernel, &k) == -1)
		return broken(v, "no such kernel");
	memcpy(bytes, k.parameter, k.n_parameters * sizeof(*bytes));
	return (int)k.n_parameters;
}

static int
cubin_needs(const void *p, size_t n, const char *kernel,
    struct cubin_part *part, struct verdict *v)
{
	struct cubin_kernel k;

	if (cubin_kernel(p, n, kernel, &k) == -1)
		return broken(v, "no such kernel");
	part->registers = k.registers;
	part->local_bytes = k.local_bytes;
	return 0;
}

static int
codeobject_needs(const void *p, size_t n, const char *kernel,
    struct cubin_part *part, struct verdict *v)
{
	struct kernel_facts f;

	if (codeobject_kernel(p, n, kernel, &f, v) == -1)
		return -1;
	part->registers = f.vgprs;
	part->local_bytes = f.scratch_bytes;
	return 0;
}

static const struct kind cubins = {cubin_check, cubin_parameters, cubin_needs};
static const struct kind codeobjects = {codeobject_check,
    codeobject_parameters, codeobject_needs};

static int
read_part(const struct kind *kind, const char *object, size_t n,
    const struct ke_launch *l, const cJSON *said, struct cubin_part *p,
    struct verdict *v)
{
	size_t bytes[CUBIN_PARAMETERS_MAX], has[CUBIN_PARAMETERS_MAX], count;
	int got;

	if (!number(said, "at", (int64_t)n, &p->at) || p->at % 64 != 0 ||
	    !number(said, "bytes", (int64_t)n - p->at, &p->bytes) ||
	    !number(said, "shared", KE_SHARED_MAX, &p->shared) ||
	    !number(said, "threads", THREADS_MAX, &p->threads) ||
	    p->threads == 0 ||
	    !number(said, "pointers", NULLS_MAX, &p->nulls))
		return broken(v, "its head is wrong");
	object += p->at;
	if (kind->check(object, p->bytes, v) == -1)
		return -1;
	got = kind->parameters(object, p->bytes, l->kernel, has,
	    KE_LEN(has), v);
	if (got == -1)
		return -1;
	count = parameters(l, p->nulls, bytes);
	if ((size_t)got != count ||
	    memcmp(has, bytes, count * sizeof(*bytes)) != 0)
		return broken(v, "the kernel has other parameters than the "
		    "launch");
	return kind->needs(object, p->bytes, l->kernel, p, v);
}

static int
read_parts(const struct kind *kind, const void *object, size_t n,
    const struct ke_plan *plan, struct parts *p, struct verdict *v)
{
	struct ke_err e;
	size_t used;
	const char *end = memchr(object, '\n', n);
	cJSON *head = end == NULL ? NULL : ke_json_parse_prefix(object,
	    (size_t)(end - (const char *)object), &used, &e);
	const cJSON *all = ke_json_array(head, "parts"), *said;
	int status = 0;

	p->n = 0;
	if (cJSON_GetArraySize(all) != (int)plan->n_launches)
		status = broken(v, "its head is wrong");
	cJSON_ArrayForEach(said, all) {
		if (status == -1)
			break;
		status = read_part(kind, object, n, &plan->launches[p->n],
		    said, &p->part[p->n], v);
		p->n++;
	}
	cJSON_Delete(head);
	return status;
}

int
parts_read(const void *object, size_t n, const struct ke_plan *plan,
    struct parts *p, struct verdict *v)
{
	return read_parts(&cubins, object, n, plan, p, v);
}

int
parts_read_amd(const void *object, size_t n, const struct ke_plan *plan,
    struct parts *p, struct verdict *v)
{
	return read_parts(&codeobjects, object, n, plan, p, v);
}

int
parts_kernels_amd(const void *object, size_t n, const struct ke_plan *plan,
    struct kernel_facts *facts, struct verdict *v)
{
	struct parts p = {0};

	if (parts_read_amd(object, n, plan, &p, v) == -1)
		return -1;
	for (size_t i = 0; i < p.n; i++)
		if (codeobject_kernel((const char *)object + p.part[i].at,
		    p.part[i].bytes, plan->launches[i].kernel, &facts[i],
		    v) == -1)
			return -1;
	return 0;
}
