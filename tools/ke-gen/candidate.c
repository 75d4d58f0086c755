/* What ke-gen adds to a record. */
#include <math.h>

#include "gen.h"
#include "record.h"
#include "spawn.h"

cJSON *
gen_section(cJSON *rec, const struct gen *g, const char *model)
{
	cJSON *o = cJSON_CreateObject();
	char key[GEN_KEY];

	gen_key(rec, key);
	ke_json_set(rec, "gen", o);
	ke_json_set_string(o, "backend", g->backend->name);
	ke_json_set_string(o, "model", model);
	ke_json_set_string(o, "key", key);
	return o;
}

void
gen_spent(const struct job *j, const char *finish)
{
	cJSON *o = ke_json_object(j->rec, "gen");

	ke_json_set_number(o, "seconds",
	    round((ke_now() - j->since) * 1e3) / 1e3);
	ke_json_set_number(o, "attempts", 1);
	ke_json_set_string(o, "finish", finish);
}

void
gen_candidate(cJSON *rec, const char *source, const cJSON *choice,
    const cJSON *defaults)
{
	char fingerprint[KE_FINGERPRINT];

	ke_fingerprint(source, choice, defaults, fingerprint);
	ke_json_set_string(rec, "source", source);
	ke_json_set(rec, "choice", choice == NULL ? cJSON_CreateObject()
	    : cJSON_Duplicate(choice, 1));
	ke_json_set_string(rec, "fingerprint", fingerprint);
}
