/* What a runner sends: is it a reply, and what is made of its words? */
#include <stdlib.h>
#include <string.h>

#include "../../tools/ke-eval/verdict.h"
#include "../../tools/ke-eval/wire.h"
#include "fuzz.h"
#include "spawn.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *message = fuzz_bytes(data, n);
	struct wire_reply r;
	struct verdict v;
	cJSON *o;

	if (wire_check(message, n, &r) == 0) {
		HOLDS(n == sizeof(r));
		HOLDS(r.magic == WIRE_MAGIC);
		HOLDS(r.kind >= WIRE_LOADED && r.kind <= WIRE_EXITED);
		HOLDS(memchr(r.why, '\0', sizeof(r.why)) != NULL);
		HOLDS(ke_signal_name(r.status & 0x7f) != NULL);
		verdict_set(&v, KE_COMPILE_ERROR, "load", "%s", r.why);
		HOLDS(fuzz_is_line(v.detail, strlen(v.detail)));
		o = cJSON_CreateObject();
		ke_json_set_string(o, "detail", v.detail);
		fuzz_prints(o);
		cJSON_Delete(o);
	}
	free(message);
	return 0;
}
