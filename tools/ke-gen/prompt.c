/* A prompt as plain text, for commands and people. */
#include "gen.h"

bool
gen_prompt(const cJSON *rec, struct ke_buf *b)
{
	const cJSON *m, *messages = ke_json_array(
	    ke_json_object(rec, "prompt"), "messages");
	const char *between = "";

	cJSON_ArrayForEach(m, messages) {
		const char *role = ke_json_string(m, "role");
		const char *content = ke_json_string(m, "content");

		if (role == NULL || content == NULL)
			return false;
		ke_buf_fmt(b, "%s=== %s\n\n%s\n", between, role, content);
		between = "\n";
	}
	return b->n > 0;
}
