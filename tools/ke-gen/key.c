/* The name of what a record's answer depends on, so that replay finds it and
 * a mailbox is not asked twice. */
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "hash.h"

static void
add_string(struct ke_buf *b, const cJSON *o, const char *name)
{
	const char *s = ke_json_string(o, name);

	if (s != NULL)
		ke_buf_str(b, s);
	ke_buf_add(b, "", 1);
}

static void
add_json(struct ke_buf *b, const cJSON *v)
{
	char *s = v == NULL ? ke_strdup("") : ke_json_print(v);

	ke_buf_add(b, s, strlen(s) + 1);
	free(s);
}

/* Without messages: what a generator that reads none is told. */
static void
add_expansion(struct ke_buf *b, const cJSON *rec)
{
	static const char *const parents[] = {"parent", "parent2"};
	const cJSON *select = ke_json_object(rec, "select");
	const cJSON *context = ke_json_object(rec, "context");

	add_string(b, select, "phase");
	add_json(b, ke_json_get(select, "draft"));
	for (size_t i = 0; i < KE_LEN(parents); i++) {
		const cJSON *p = ke_json_object(context, parents[i]);

		add_string(b, p, "source");
		add_json(b, ke_json_get(p, "choice"));
	}
}

void
gen_key(const cJSON *rec, char out[GEN_KEY])
{
	const cJSON *messages = ke_json_array(ke_json_object(rec, "prompt"),
	    "messages");
	char hex[KE_SHA256_HEX];
	struct ke_buf b = {0};

	add_string(&b, rec, "op");
	add_string(&b, rec, "language");
	add_string(&b, rec, "dtype");
	if (messages != NULL)
		add_json(&b, messages);
	else
		add_expansion(&b, rec);
	ke_sha256_hex(b.s, b.n, hex);
	memcpy(out, hex, GEN_KEY - 1);
	out[GEN_KEY - 1] = '\0';
	ke_buf_free(&b);
}
