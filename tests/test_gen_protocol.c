/* What is sent: the bodies of the four protocols, turn by turn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-gen/protocol.h"

static cJSON *
json(const char *text)
{
	struct ke_err e;
	cJSON *v = ke_json_parse(text, strlen(text), &e);

	if (v == NULL)
		fail_msg("%s: %s", text, e.msg);
	return v;
}

static const char prompt[] = "[{\"role\":\"system\",\"content\":\"S\"},"
    "{\"role\":\"user\",\"content\":\"U\"}]";

static const char tools[] = "[{\"name\":\"f\",\"description\":\"d\","
    "\"parameters\":{\"type\":\"object\"}}]";

/* One answer with a call, as it comes whole. */
static const struct row {
	const struct protocol *protocol;
	const char *path, *body;    /* of a stream */
	const char *answer, *second; /* and the body after its call */
} rows[] = {
	{&protocol_anthropic, "/v1/messages",
	    "{\"model\":\"m\",\"max_tokens\":16384,\"system\":[{\"type\":"
	    "\"text\",\"text\":\"S\",\"cache_control\":{\"type\":"
	    "\"ephemeral\"}}],\"messages\":[{\"role\":\"user\",\"content\":[{"
	    "\"type\":\"text\",\"text\":\"U\"}]}],\"temperature\":0.5,"
	    "\"stream\":true}",
	    "{\"content\":[{\"type\":\"thinking\",\"thinking\":\"h\","
	    "\"signature\":\"s\"},{\"type\":\"tool_use\",\"id\":\"t\","
	    "\"name\":\"f\",\"input\":{}}],\"stop_reason\":\"tool_use\"}",
	    "{\"model\":\"m\",\"max_tokens\":16384,\"system\":[{\"type\":"
	    "\"text\",\"text\":\"S\",\"cache_control\":{\"type\":"
	    "\"ephemeral\"}}],\"messages\":[{\"role\":\"user\",\"content\":[{"
	    "\"type\":\"text\",\"text\":\"U\"}]},"
	    "{\"role\":\"assistant\",\"content\":[{\"type\":"
	    "\"thinking\",\"thinking\":\"h\",\"signature\":\"s\"},{\"type\":"
	    "\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}]},{"
	    "\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"tool_use_id\":\"t\",\"content\":\"R\",\"cache_control\":{"
	    "\"type\":\"ephemeral\"}}]}],\"tools\":[{\"name\":"
	    "\"f\",\"description\":\"d\",\"input_schema\":{\"type\":"
	    "\"object\"}}]}"},
	{&protocol_openai, "/chat/completions",
	    "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":"
	    "\"S\"},{\"role\":\"user\",\"content\":\"U\"}],\"temperature\":0.5,"
	    "\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
	    "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":"
	    "null,\"tool_calls\":[{\"id\":\"t\",\"type\":\"function\","
	    "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
	    "\"finish_reason\":\"tool_calls\"}]}",
	    "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":"
	    "\"S\"},{\"role\":\"user\",\"content\":\"U\"},{\"role\":"
	    "\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"t\","
	    "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
	    "\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"t\",\"content\":"
	    "\"R\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
	    "\"f\",\"description\":\"d\",\"parameters\":{\"type\":\"object\"}}"
	    "}]}"},
	{&protocol_responses, "/responses",
	    "{\"model\":\"m\",\"input\":[{\"role\":\"system\",\"content\":"
	    "\"S\"},{\"role\":\"user\",\"content\":\"U\"}],\"temperature\":0.5,"
	    "\"stream\":true}",
	    "{\"status\":\"completed\",\"output\":[{\"type\":\"reasoning\","
	    "\"id\":\"rs\",\"summary\":[]},{\"type\":\"function_call\","
	    "\"call_id\":\"t\",\"name\":\"f\",\"arguments\":\"{}\"}]}",
	    "{\"model\":\"m\",\"input\":[{\"role\":\"system\",\"content\":"
	    "\"S\"},{\"role\":\"user\",\"content\":\"U\"},{\"type\":"
	    "\"reasoning\",\"id\":\"rs\",\"summary\":[]},{\"type\":"
	    "\"function_call\",\"call_id\":\"t\",\"name\":\"f\",\"arguments\":"
	    "\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"t\","
	    "\"output\":\"R\"}],\"tools\":[{\"name\":\"f\",\"description\":"
	    "\"d\",\"parameters\":{\"type\":\"object\"},\"type\":\"function\","
	    "\"strict\":false}]}"},
	{&protocol_gemini,
	    "/v1beta/models/m:streamGenerateContent?alt=sse",
	    "{\"systemInstruction\":{\"parts\":[{\"text\":\"S\"}]},"
	    "\"contents\":[{\"parts\":[{\"text\":\"U\"}],\"role\":\"user\"}],"
	    "\"generationConfig\":{\"temperature\":0.5}}",
	    "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{"
	    "\"functionCall\":{\"id\":\"t\",\"name\":\"f\",\"args\":{}},"
	    "\"thoughtSignature\":\"s\"}]},\"finishReason\":\"STOP\"}]}",
	    "{\"systemInstruction\":{\"parts\":[{\"text\":\"S\"}]},"
	    "\"contents\":[{\"parts\":[{\"text\":\"U\"}],\"role\":\"user\"},{"
	    "\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"t\","
	    "\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"s\"}]},{"
	    "\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":"
	    "\"f\",\"id\":\"t\",\"response\":{\"result\":\"R\"}}}]}],"
	    "\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\","
	    "\"description\":\"d\",\"parameters\":{\"type\":\"object\"}}]}]}"},
};

static void
check_body(const struct row *row, const struct question *q, const char *want)
{
	cJSON *body = protocol_body(row->protocol, q);
	char *text = ke_json_print(body);

	assert_string_equal(text, want);
	free(text);
	cJSON_Delete(body);
}

static void
first(void **state)
{
	cJSON *messages = json(prompt);

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct question q = {.messages = messages, .model = "m",
		    .temperature = 0.5, .stream = true};
		struct ke_buf path = {0};

		rows[i].protocol->path(&q, &path);
		assert_string_equal(path.s, rows[i].path);
		check_body(&rows[i], &q, rows[i].body);
		ke_buf_free(&path);
	}
	cJSON_Delete(messages);
}

/* The turn goes back as it came, and the call's result with it. */
static void
second(void **state)
{
	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		const struct protocol *p = rows[i].protocol;
		cJSON *messages = json(prompt), *offered = json(tools);
		cJSON *results = json("[{\"id\":\"t\",\"name\":\"f\","
		    "\"content\":\"R\"}]");
		cJSON *answer = json(rows[i].answer);
		cJSON *turn = cJSON_CreateObject();
		struct question q = {.messages = messages, .model = "m",
		    .temperature = NAN, .tools = offered};
		struct reply r = {.usage = USAGE_NONE};
		struct ke_err e;

		assert_int_equal(p->whole(answer, &r, &e), 0);
		assert_int_equal(cJSON_GetArraySize(r.calls), 1);
		ke_json_set(turn, "raw", cJSON_Duplicate(r.turn, 1));
		cJSON_AddItemToArray(messages, turn);
		p->results(messages, results);
		check_body(&rows[i], &q, rows[i].second);
		reply_free(&r);
		cJSON_Delete(messages);
		cJSON_Delete(offered);
		cJSON_Delete(results);
		cJSON_Delete(answer);
	}
}

/* The examples of RFC 7396, appendix A, that are objects. */
static void
merges(void **state)
{
	static const char *const cases[][3] = {
		{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
		{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
		{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
		{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
		    "{\"a\":{\"b\":\"d\"}}"},
		{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
		{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
		{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}",
		    "{\"a\":{\"bb\":{}}}"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(cases); i++) {
		cJSON *into = json(cases[i][0]), *patch = json(cases[i][1]);
		char *text;

		protocol_merge(into, patch);
		text = ke_json_print(into);
		assert_string_equal(text, cases[i][2]);
		free(text);
		cJSON_Delete(into);
		cJSON_Delete(patch);
	}
}

static void
output_max(void **state)
{
	static const struct {
		const char *body;
		int64_t max;
	} cases[] = {
		{"{}", -1}, {"{\"max_tokens\":7}", 7},
		{"{\"max_completion_tokens\":8}", 8},
		{"{\"max_output_tokens\":9}", 9},
		{"{\"generationConfig\":{\"maxOutputTokens\":10}}", 10},
		{"{\"max_tokens\":\"7\"}", -1},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(cases); i++) {
		cJSON *body = json(cases[i].body);

		assert_int_equal(protocol_output_max(body), cases[i].max);
		cJSON_Delete(body);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(first),
		cmocka_unit_test(second),
		cmocka_unit_test(merges),
		cmocka_unit_test(output_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
