/* What ke-eval prints without a candidate. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "compile.h"
#include "filter.h"
#include "gpu.h"
#include "print_admission.h"
#include "print_reference.h"

static void
add_rank(cJSON *o, const char *name, size_t rank)
{
	cJSON *ranks = ke_json_array(o, name);

	if (ranks == NULL) {
		ranks = cJSON_CreateArray();
		ke_json_set(o, name, ranks);
	}
	cJSON_AddItemToArray(ranks, cJSON_CreateNumber((double)rank));
}

/* Elements of all inputs and outputs in the largest case; one whose shapes
 * have no value counts nothing. */
static double
largest_case(const struct ke_op *op)
{
	double most = 0;

	for (size_t i = 0; i < op->n_cases; i++) {
		struct ke_scope scope = {0};
		struct ke_err e;
		int64_t shape[KE_RANK_MAX], count;
		double sum = 0;

		if (ke_op_scope(op, &op->cases[i], &scope, &e) == -1)
			continue;
		for (size_t t = 0; t < op->n_tensors; t++)
			if (op->tensors[t].role != KE_LET &&
			    ke_op_shape(&op->tensors[t], &scope, shape, &count,
			    &e) == 0)
				sum += (double)count;
		most = sum > most ? sum : most;
	}
	return most;
}

/* What an operator is likened to others by. */
static cJSON *
traits(const struct ke_op *op)
{
	cJSON *o = cJSON_CreateObject();
	const cJSON *tags = ke_json_array(op->json, "tags");
	bool reduction = false;

	if (tags != NULL)
		ke_json_set(o, "tags", cJSON_Duplicate(tags, 1));
	for (size_t i = 0; i < op->n_tensors; i++) {
		const struct ke_tensor *t = &op->tensors[i];

		if (t->role == KE_LET)
			continue;
		add_rank(o, t->role == KE_IN ? "in" : "out", t->rank);
		reduction = reduction || strcmp(t->reduction, "1") != 0;
	}
	ke_json_set(o, "reduction", cJSON_CreateBool(reduction));
	ke_json_set_number(o, "elements", largest_case(op));
	return o;
}

/* What its candidates may be written in, the baseline's first. */
static cJSON *
languages(const struct target *t)
{
	cJSON *a = cJSON_CreateArray();

	cJSON_AddItemToArray(a, cJSON_CreateString(t->toolchain->language));
	if (t->other != NULL)
		cJSON_AddItemToArray(a, cJSON_CreateString(t->other->language));
	return a;
}

/* -i: what a run is to be created from. */
int
print_info(void)
{
	struct ke_err e;
	const struct ke_op *op = call.op == NULL ? NULL : call_op(call.op, &e);
	const char *type = call.dtype;
	const struct target *t = call.settings.target;
	cJSON *o;
	int status;

	if (op == NULL)
		errx(call.op == NULL ? 2 : 1, "%s", call.op == NULL
		    ? "-i needs -o" : e.msg);
	if (t != &target_cpu && target_probe(t, &e) == -1)
		errx(1, "%s: %s", t->name, e.msg);
	if (type == NULL)
		type = ke_op_default_dtype(op);
	o = cJSON_CreateObject();
	ke_json_add_number(o, "v", 1);
	ke_json_set_string(o, "op", op->name);
	ke_json_set_string(o, "target", call.target != NULL ? call.target
	    : "cpu");
	ke_json_set_string(o, "language", t->toolchain->language);
	ke_json_set(o, "languages", languages(t));
	ke_json_set_string(o, "dtype", type);
	ke_json_set(o, "traits", traits(op));
	ke_json_set(o, "baseline", baseline(op, t));
	ke_json_set(o, "env", environment(op, type, t, &call.settings));
	status = ke_filter_emit(o);
	cJSON_Delete(o);
	return status;
}

/* -R: the check cases, or those of the set given. */
int
print_cases(void)
{
	struct ke_err e;
	const struct ke_op *op = call.op == NULL ? NULL : call_op(call.op, &e);
	const char *type = call.dtype;

	if (op == NULL)
		errx(call.op == NULL ? 2 : 1, "%s", call.op == NULL
		    ? "-R needs -o" : e.msg);
	if (type == NULL)
		type = ke_op_default_dtype(op);
	if (ke_json_object(ke_json_object(op->json, "dtypes"), type) == NULL)
		errx(2, "%s has no dtype %s", op->name, type);
	ke_filter_signals();
	return print_reference(op, type, call.settings.set,
	    (uint64_t)call.seed);
}

/* -A: the operators that -o and the arguments name. */
int
print_admitted(char **argv)
{
	char *named[] = {call.op == NULL ? NULL : ke_strdup(call.op), NULL};
	const struct target *t = call.settings.target;
	struct ke_err e;
	int status, got;

	if (call.op == NULL && *argv == NULL)
		errx(2, "-A needs -o, or an operator");
	if (t != &target_cpu && target_probe(t, &e) == -1)
		errx(1, "%s: %s", t->name, e.msg);
	status = print_admissions(named, call.dtype, &call.settings,
	    call.table);
	free(named[0]);
	if (status == KE_FILTER_FAILED)
		return status;
	got = print_admissions(argv, call.dtype, &call.settings, call.table);
	return got > status ? got : status;
}

/* -l: each target of this version, and why it is not usable where it isn't. */
int
print_targets(void)
{
	const struct gpu_info *i;
	const struct target *t;
	struct ke_err e;

	for (size_t k = 0; (t = target_at(k)) != NULL; k++) {
		if (target_probe(t, &e) == -1) {
			printf("%s\tnot usable: %s\n", t->name, e.msg);
			continue;
		}
		printf("%s\tusable: ", t->name);
		if (t->vendor == NULL) {
			printf("%d cores", call.settings.workers);
		} else {
			i = gpu_probe(t->vendor, &e);
			printf("%s, %s", i == NULL ? "" : i->name,
			    arch_of(t->vendor->maker));
		}
		printf(", %s\n", t->toolchain->version());
	}
	return 0;
}
