/* What ke-gen adds to a record. */
#include "gen.h"
#include "record.h"

cJSON *
gen_section(cJSON *rec, const struct gen *g, const char *model)
{
	cJSON *o = cJSON_CreateObject();

	ke_json_set(rec, "gen", o);
	ke_json_set_string(o, "backend", g->backend->name);
	ke_json_set_string(o, "model", model);
	return o;
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
