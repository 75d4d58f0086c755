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
	ke_json_set_string(o, "dtype", type);
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
	int status, got;

	if (call.op == NULL && *argv == NULL)
		errx(2, "-A needs -o, or an operator");
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
	struct ke_err e;

	if (target_probe(&target_cpu, &e) == -1)
		printf("cpu\tnot usable: %s\n", e.msg);
	else
		printf("cpu\tusable: %d cores, %s\n", call.settings.workers,
		    toolchain_c.version());
	if (target_probe(&target_cuda, &e) == -1) {
		printf("cuda\tnot usable: %s\n", e.msg);
		return 0;
	}
	i = gpu_probe(&e);
	printf("cuda\tusable: %s, %s, %s\n", i == NULL ? "" : i->name,
	    nvrtc_arch(), toolchain_cuda.version());
	return 0;
}
