/* What a server sends: the first two bytes say by which protocol, with what
 * status and as what. */
#include <stdlib.h>
#include <string.h>

#include "../../tools/ke-gen/hear.h"
#include "fuzz.h"

static const struct protocol *const protocols[] = {&protocol_anthropic,
	&protocol_openai, &protocol_responses, &protocol_gemini};
static const char *const types[] = {"text/event-stream", "application/json",
	"text/html", ""};

/* Hears it in pieces of so many bytes. */
static bool
listen(struct hearing *h, const uint8_t *head, const char *s, size_t n,
    size_t piece)
{
	const char *type = types[head[0] >> 2 & 3];
	long status = head[1] < 0x80 ? 200 : 400 + (head[1] & 0x7f);
	bool good = true;

	*h = (struct hearing){.protocol = protocols[head[0] & 3],
	    .reply.usage = USAGE_NONE};
	for (size_t at = 0; at < n && good; at += piece)
		good = hear(h, status, type, s + at,
		    piece < n - at ? piece : n - at);
	return hear_out(h, status, type);
}

static bool
same(const struct ke_buf *a, const struct ke_buf *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->s, b->s, a->n) == 0);
}

/* What becomes of it in a record. */
static void
record(const struct reply *r)
{
	cJSON *o = cJSON_CreateObject();

	HOLDS(strlen(r->text.n == 0 ? "" : r->text.s) == r->text.n);
	ke_json_set_text(o, "text", r->text.s, r->text.n);
	ke_json_set_text(o, "reasoning", r->reasoning.s, r->reasoning.n);
	ke_json_set(o, "usage", usage_json(&r->usage));
	if (r->finish_reason != NULL)
		ke_json_set_string(o, "finish_reason", r->finish_reason);
	fuzz_prints(o);
	cJSON_Delete(o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct hearing whole, cut;
	char *text;
	bool good;

	if (n < 3)
		return 0;
	text = fuzz_bytes(data + 2, n - 2);
	good = listen(&whole, data, text, n - 2, SIZE_MAX);
	HOLDS(listen(&cut, data, text, n - 2, 1 + n % 7) == good);
	HOLDS(whole.fault == cut.fault);
	HOLDS(good == (whole.fault == FAULT_NONE));
	HOLDS(same(&whole.reply.text, &cut.reply.text));
	HOLDS(same(&whole.reply.reasoning, &cut.reply.reasoning));
	HOLDS(cJSON_GetArraySize(whole.reply.calls) ==
	    cJSON_GetArraySize(cut.reply.calls));
	if (good)
		HOLDS(whole.reply.finish_reason != NULL || whole.ended ||
		    !whole.streamed);
	else
		fuzz_message(&whole.why);
	record(&whole.reply);
	hear_free(&whole);
	hear_free(&cut);
	free(text);
	return 0;
}
