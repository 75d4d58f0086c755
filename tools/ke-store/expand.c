/* ke-store expand: gives an expansion its id, its lease and its context. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "filter.h"
#include "lease.h"
#include "num.h"
#include "record.h"
#include "reuse.h"
#include "row.h"
#include "run.h"
#include "verbs.h"

#define LEASE_S 3600

struct expand {
	struct store st;
	struct owner owner;
	int64_t lease_s;
};

/* Parents of an expansion; free both. */
struct parents {
	struct origin first, second;
};

static void
name_run(cJSON *rec, const struct run *run)
{
	const struct {
		const char *name, *value;
	} set[] = {{"op", run->op}, {"target", run->target},
	    {"language", run->language}, {"dtype", run->dtype}};

	for (size_t i = 0; i < KE_LEN(set); i++)
		if (ke_json_get(rec, set[i].name) == NULL)
			ke_json_set_string(rec, set[i].name, set[i].value);
}

/* False, and the record has an error, where it names a node that isn't. */
static bool
find_parents(struct expand *x, cJSON *rec, struct parents *p)
{
	const char *pid = ke_json_string(rec, "pid");
	const cJSON *v;

	origin_find(&x->st, &p->first, pid);
	if (pid != NULL && p->first.node == 0) {
		ke_record_error(rec, "ke-store", "unknown_parent",
		    "pid: no node %s", pid);
		return false;
	}
	cJSON_ArrayForEach(v, ke_json_array(rec, "pids")) {
		struct origin o;
		const char *id = cJSON_GetStringValue(v);

		origin_find(&x->st, &o, id);
		if (o.node == 0) {
			ke_record_error(rec, "ke-store", "unknown_parent",
			    "pids: no node %s", id == NULL ? "" : id);
			return false;
		}
		if (p->second.node == 0)
			p->second = o;
		else
			origin_free(&o);
	}
	return true;
}

static bool
lease(struct expand *x, const struct run *run, cJSON *rec, int64_t depth,
    int64_t source)
{
	if (lease_take(&x->st, run, &x->owner, rec, depth, source, x->lease_s))
		return true;
	cJSON_DeleteItemFromObjectCaseSensitive(rec, "context");
	ke_record_error(rec, "ke-store", "duplicate_xid",
	    "run %s has seen xid %s before", run->name,
	    ke_json_string(rec, "xid"));
	return false;
}

static void
expand_node(struct expand *x, const struct run *run, cJSON *rec,
    const struct parents *p)
{
	const char *memory =
	    ke_json_string(ke_json_object(rec, "select"), "memory");
	bool draft = p->first.node == 0;
	struct ke_err e;
	cJSON *context;

	if (draft)
		reuse_refresh(&x->st, run);
	sql_begin_read(&x->st);
	context = context_make(&x->st, run, &p->first, &p->second,
	    memory == NULL ? "both" : memory, draft, &e);
	sql_commit(&x->st);
	if (context == NULL) {
		ke_record_error(rec, "ke-store", "damaged", "%s", e.msg);
		return;
	}
	if (lease(x, run, rec, draft ? 0 : p->first.depth + 1,
	    p->first.source))
		ke_json_set(rec, "context", context);
	else
		cJSON_Delete(context);
}

/* The node itself goes on, as the expansion's candidate. */
static void
set_candidate(cJSON *rec, const struct origin *o, const char *source)
{
	ke_json_set_string(rec, "id", o->id);
	if (o->pid != NULL)
		ke_json_set_string(rec, "pid", o->pid);
	else
		cJSON_DeleteItemFromObjectCaseSensitive(rec, "pid");
	ke_json_set_string(rec, "source", source);
	if (o->choice != NULL)
		ke_json_set(rec, "choice", cJSON_Parse(o->choice));
	if (o->fingerprint != NULL)
		ke_json_set_string(rec, "fingerprint", o->fingerprint);
}

static void
expand_confirm(struct expand *x, const struct run *run, cJSON *rec,
    const struct parents *p)
{
	cJSON *select = ke_json_object(rec, "select");
	struct ke_err e = {"confirm: the expansion names no node"};
	char *source = p->first.node == 0 ? NULL
	    : origin_source(&x->st, &p->first, &e);

	if (source == NULL) {
		ke_record_error(rec, "ke-store", "no_source", "%s", e.msg);
		return;
	}
	if (ke_json_get(select, "effort") == NULL)
		ke_json_set_string(select, "effort", "full");
	set_candidate(rec, &p->first, source);
	free(source);
	lease(x, run, rec, p->first.depth, 0);
}

static void
expand(struct expand *x, cJSON *rec)
{
	const char *name = ke_json_string(rec, "run");
	struct parents p = {0};
	struct ke_err e = {"the expansion names no run"};
	const struct run *run = name == NULL ? NULL
	    : run_find(&x->st, name, &e);

	if (run == NULL) {
		ke_record_error(rec, "ke-store", "unknown_run", "%s", e.msg);
		return;
	}
	name_run(rec, run);
	if (find_parents(x, rec, &p)) {
		if (strcmp(row_phase(rec), "confirm") == 0)
			expand_confirm(x, run, rec, &p);
		else
			expand_node(x, run, rec, &p);
	}
	origin_free(&p.first);
	origin_free(&p.second);
}

static int
expand_each(cJSON *rec, const char *where, void *arg)
{
	(void)where;
	if (!ke_record_failed(rec) && ke_json_get(rec, "mark") == NULL &&
	    ke_json_get(rec, "id") == NULL &&
	    ke_json_get(rec, "context") == NULL &&
	    ke_json_get(rec, "source") == NULL)
		expand(arg, rec);
	return ke_filter_emit(rec);
}

int
verb_expand(struct options *o, int argc, char **argv)
{
	struct expand x = {.lease_s = LEASE_S};
	struct ke_err e;
	int64_t pid = 0;
	int c, status, gone = 0;

	while ((c = getopt(argc, argv, "+p:x:")) != -1)
		switch (c) {
		case 'p':
			if (ke_num_int(optarg, 1, INT32_MAX, &pid, &e) == -1)
				errx(2, "-p %s", e.msg);
			break;
		case 'x':
			if (ke_num_int(optarg, 1, 1000000000, &x.lease_s,
			    &e) == -1)
				errx(2, "-x %s", e.msg);
			break;
		default:
			usage();
		}
	if (pid == 0)
		owner_self(&x.owner);
	else if (owner_other(&x.owner, pid) == -1)
		errx(2, "-p %lld: no such process", (long long)pid);
	store_open(&x.st, o->dir, o->wait_ms, false);
	status = ke_filter(argv + optind, expand_each, &x, &gone);
	if (pid == 0 && !gone && status != KE_FILTER_FAILED)
		lease_disown(&x.st, &x.owner);
	return status;
}
