/* -A: operators in, one verdict per dtype variant out. */
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "file.h"
#include "filter.h"
#include "print_admission.h"
#include "target.h"

static const char *
text(const cJSON *o, const char *name)
{
	const char *s = ke_json_string(o, name);

	return s == NULL ? "" : s;
}

static int
print_table(const cJSON *o)
{
	const cJSON *test;

	printf("%s %s: %s%s%s\n", text(o, "op"), text(o, "dtype"),
	    text(o, "result"), ke_json_get(o, "reason") != NULL ? ": " : "",
	    text(o, "reason"));
	cJSON_ArrayForEach(test, ke_json_array(o, "tests"))
		printf("  %-9s  %s  %s\n", text(test, "test"),
		    text(test, "result"), text(test, "detail"));
	if (ke_json_get(o, "precision") != NULL)
		printf("  precision  %s\n", text(o, "precision"));
	return fflush(stdout) == EOF ? KE_FILTER_FAILED : 0;
}

static int
judge_variant(const struct ke_op *op, const char *dtype,
    const struct settings *s, bool as_table)
{
	cJSON *o = cJSON_CreateObject();
	struct ke_err e;
	int admitted, status;

	ke_json_add_number(o, "v", 1);
	ke_json_set_string(o, "op", op->name);
	ke_json_set_string(o, "dtype", dtype);
	ke_json_set_string(o, "target", s->target->name);
	admitted = admit(op, dtype, s, o, &e);
	if (admitted == -1) {
		warnx("%s: %s: %s", op->name, dtype, e.msg);
		cJSON_Delete(o);
		return KE_FILTER_FAILED;
	}
	if (!admitted)
		warnx("%s: %s: refused: %s", op->name, dtype,
		    text(o, "reason"));
	status = as_table ? print_table(o) : ke_filter_emit(o);
	cJSON_Delete(o);
	return status != 0 ? status : admitted ? 0 : KE_FILTER_REFUSED;
}

static int
judge_operator(const char *name, const char *dtype, const struct settings *s,
    bool as_table)
{
	struct ke_err e;
	struct ke_op *op = ke_op_load(name, &e);
	const cJSON *v;
	int worst = 0, status;

	if (op == NULL) {
		warnx("%s", e.msg);
		return KE_FILTER_REFUSED;
	}
	if (dtype != NULL &&
	    ke_json_object(ke_json_object(op->json, "dtypes"), dtype) == NULL)
		errx(2, "%s has no dtype %s", op->name, dtype);
	cJSON_ArrayForEach(v, ke_json_object(op->json, "dtypes")) {
		if (dtype != NULL && strcmp(dtype, v->string) != 0)
			continue;
		status = judge_variant(op, v->string, s, as_table);
		worst = status > worst ? status : worst;
		if (worst == KE_FILTER_FAILED)
			break;
	}
	ke_op_free(op);
	return worst;
}

static int
is_name(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int
judge_installed(const char *dtype, const struct settings *s, bool as_table)
{
	char *share = ke_share_dir("ops");
	struct dirent **list;
	int n = share == NULL ? 0 : scandir(share, &list, is_name, alphasort);
	int worst = 0;

	if (n <= 0)
		errx(1, "all: no installed operators");
	for (int i = 0; i < n; i++) {
		struct ke_buf path = {0};
		int status = worst;

		ke_buf_fmt(&path, "%s/%s", share, list[i]->d_name);
		if (worst != KE_FILTER_FAILED)
			status = judge_operator(path.s, dtype, s, as_table);
		worst = status > worst ? status : worst;
		ke_buf_free(&path);
		free(list[i]);
	}
	free(list);
	free(share);
	return worst;
}

int
print_admissions(char *const *names, const char *dtype,
    const struct settings *s, bool as_table)
{
	int worst = 0;

	ke_filter_signals();
	for (; *names != NULL && worst != KE_FILTER_FAILED; names++) {
		int status = strcmp(*names, "all") == 0
		    ? judge_installed(dtype, s, as_table)
		    : judge_operator(*names, dtype, s, as_table);

		worst = status > worst ? status : worst;
	}
	return worst;
}
