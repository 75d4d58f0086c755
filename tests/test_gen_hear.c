/* Answers in the protocols' documented shapes, cut anywhere: what is heard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-gen/hear.h"

#define SSE "text/event-stream"
#define JSON "application/json"

static const struct row {
	const char *what;
	const struct protocol *protocol;
	long status;
	const char *type, *text;
	/* of an answer; NULL: none */
	const char *said, *reasoning, *finish, *word, *usage, *calls;
	enum fault fault;
	const char *why; /* contains */
} rows[] = {
	{"Messages, stream", &protocol_anthropic, 200, SSE,
	    "event: message_start\n"
	    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
	    "\"type\":\"message\",\"role\":\"assistant\",\"content\":[],"
	    "\"model\":\"m\",\"stop_reason\":null,\"usage\":{"
	    "\"input_tokens\":25,\"cache_creation_input_tokens\":7,"
	    "\"cache_read_input_tokens\":100,\"output_tokens\":1}}}\n\n"
	    "event: ping\ndata: {\"type\": \"ping\"}\n\n"
	    "event: content_block_start\n"
	    "data: {\"type\":\"content_block_start\",\"index\":0,"
	    "\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n"
	    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{"
	    "\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\n"
	    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{"
	    "\"type\":\"signature_delta\",\"signature\":\"sig\"}}\n\n"
	    "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
	    "data: {\"type\":\"content_block_start\",\"index\":1,"
	    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
	    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{"
	    "\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\n"
	    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{"
	    "\"type\":\"text_delta\",\"text\":\"lo\"}}\n\n"
	    "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
	    "data: {\"type\":\"content_block_start\",\"index\":2,"
	    "\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\","
	    "\"name\":\"read\",\"input\":{}}}\n\n"
	    "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{"
	    "\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":\"}}"
	    "\n\n"
	    "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{"
	    "\"type\":\"input_json_delta\",\"partial_json\":\"1}\"}}\n\n"
	    "data: {\"type\":\"content_block_stop\",\"index\":2}\n\n"
	    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
	    "\"tool_use\",\"stop_sequence\":null},"
	    "\"usage\":{\"output_tokens\":15}}\n\n"
	    "data: {\"type\":\"message_stop\"}\n\n",
	    "Hello", "hm", "stop", "tool_use",
	    "{\"in\":132,\"out\":15,\"cached\":100,\"cache_written\":7}",
	    "[{\"id\":\"t1\",\"name\":\"read\",\"args\":{\"a\":1}}]",
	    FAULT_NONE, NULL},
	{"Messages, whole", &protocol_anthropic, 200, JSON,
	    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
	    "\"model\":\"m\",\"content\":[{\"type\":\"text\",\"text\":"
	    "\"No.\"}],\"stop_reason\":\"refusal\",\"usage\":{"
	    "\"input_tokens\":5,\"output_tokens\":2}}",
	    "No.", "", "refusal", "refusal", "{\"in\":5,\"out\":2}", NULL,
	    FAULT_NONE, NULL},
	{"Messages, cut off", &protocol_anthropic, 200, JSON,
	    "{\"content\":[{\"type\":\"text\",\"text\":\"A\"}],"
	    "\"stop_reason\":\"max_tokens\"}",
	    "A", "", "length", "max_tokens", "{}", NULL, FAULT_NONE, NULL},
	{"Messages, overloaded in the stream", &protocol_anthropic, 200, SSE,
	    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
	    "\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
	    .fault = FAULT_SAID, .why = "overloaded_error: Overloaded"},
	{"Messages, refused", &protocol_anthropic, 529, JSON,
	    "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
	    "\"message\":\"Overloaded\"},\"request_id\":\"r\"}",
	    .fault = FAULT_SAID,
	    .why = "HTTP 529: overloaded_error: Overloaded"},
	{"Chat Completions, stream", &protocol_openai, 200, SSE,
	    ": OPENROUTER PROCESSING\n\n"
	    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\","
	    "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":"
	    "\"assistant\",\"content\":\"\"},\"finish_reason\":null}],"
	    "\"usage\":null}\n\n"
	    "data: {\"choices\":[{\"index\":0,\"delta\":{"
	    "\"reasoning_content\":\"hm\"}}]}\n\n"
	    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":"
	    "\"Hello\"},\"finish_reason\":null}]}\n\n"
	    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{"
	    "\"index\":0,\"id\":\"t1\",\"type\":\"function\",\"function\":{"
	    "\"name\":\"read\",\"arguments\":\"\"}}]}}]}\n\n"
	    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{"
	    "\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\":\"}}]}}]}"
	    "\n\n"
	    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{"
	    "\"index\":0,\"function\":{\"arguments\":\"1}\"}}]}}]}\n\n"
	    "data: {\"choices\":[{\"index\":0,\"delta\":{},"
	    "\"finish_reason\":\"tool_calls\"}]}\n\n"
	    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":19,"
	    "\"completion_tokens\":10,\"total_tokens\":29,"
	    "\"prompt_tokens_details\":{\"cached_tokens\":16},"
	    "\"completion_tokens_details\":{\"reasoning_tokens\":4}}}\n\n"
	    "data: [DONE]\n\n",
	    "Hello", "hm", "stop", "tool_calls",
	    "{\"in\":19,\"out\":10,\"cached\":16,\"reasoning\":4}",
	    "[{\"id\":\"t1\",\"name\":\"read\",\"args\":{\"a\":1}}]",
	    FAULT_NONE, NULL},
	{"Chat Completions without [DONE] and usage", &protocol_openai, 200,
	    SSE, "data: {\"choices\":[{\"delta\":{\"content\":\"A\"},"
	    "\"finish_reason\":\"length\"}]}\n\n",
	    "A", "", "length", "length", "{}", NULL, FAULT_NONE, NULL},
	{"Chat Completions, refusal", &protocol_openai, 200, JSON,
	    "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":"
	    "null,\"refusal\":\"No.\"},\"finish_reason\":\"stop\"}]}",
	    "No.", "", "refusal", "stop", "{}", NULL, FAULT_NONE, NULL},
	{"Chat Completions, filter", &protocol_openai, 200, JSON,
	    "{\"choices\":[{\"message\":{\"content\":\"\"},"
	    "\"finish_reason\":\"content_filter\"}]}",
	    "", "", "filter", "content_filter", "{}", NULL, FAULT_NONE, NULL},
	{"Chat Completions, arguments that aren't JSON", &protocol_openai, 200,
	    JSON, "{\"choices\":[{\"message\":{\"content\":null,"
	    "\"tool_calls\":[{\"id\":\"t\",\"function\":{\"name\":\"f\","
	    "\"arguments\":\"{a\"}}]},\"finish_reason\":\"tool_calls\"}]}",
	    "", "", "stop", "tool_calls", "{}",
	    "[{\"id\":\"t\",\"name\":\"f\",\"args\":\"{a\"}]", FAULT_NONE,
	    NULL},
	{"Chat Completions, an error with status 200", &protocol_openai, 200,
	    JSON, "{\"error\":{\"message\":\"Bad\",\"code\":502}}",
	    .fault = FAULT_SAID, .why = "Bad"},
	{"Chat Completions, refused", &protocol_openai, 429, JSON,
	    "{\"error\":{\"message\":\"Slow\",\"type\":\"tokens\",\"param\":"
	    "null,\"code\":\"rate_limit_exceeded\"}}", .fault = FAULT_SAID,
	    .why = "HTTP 429: rate_limit_exceeded: Slow"},
	{"Responses, stream", &protocol_responses, 200, SSE,
	    "event: response.created\ndata: {\"type\":\"response.created\","
	    "\"response\":{\"id\":\"r1\",\"model\":\"m\",\"status\":"
	    "\"in_progress\",\"error\":null,\"output\":[]}}\n\n"
	    "data: {\"type\":\"response.reasoning_summary_text.delta\","
	    "\"delta\":\"hm\"}\n\n"
	    "data: {\"type\":\"response.output_text.delta\",\"item_id\":"
	    "\"i\",\"output_index\":0,\"content_index\":0,\"delta\":\"Hel\"}"
	    "\n\n"
	    "data: {\"type\":\"response.completed\",\"response\":{\"id\":"
	    "\"r1\",\"status\":\"completed\",\"error\":null,"
	    "\"incomplete_details\":null,\"output\":[{\"type\":\"reasoning\","
	    "\"id\":\"rs\",\"summary\":[{\"type\":\"summary_text\",\"text\":"
	    "\"hm\"}]},{\"type\":\"message\",\"role\":\"assistant\","
	    "\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\"}]},"
	    "{\"type\":\"function_call\",\"id\":\"fc\",\"call_id\":\"t1\","
	    "\"name\":\"read\",\"arguments\":\"{\\\"a\\\":1}\"}],\"usage\":{"
	    "\"input_tokens\":37,\"input_tokens_details\":{\"cached_tokens\":"
	    "30},\"output_tokens\":11,\"output_tokens_details\":{"
	    "\"reasoning_tokens\":6}}}}\n\n",
	    "Hello", "hm", "stop", "completed",
	    "{\"in\":37,\"out\":11,\"cached\":30,\"reasoning\":6}",
	    "[{\"id\":\"t1\",\"name\":\"read\",\"args\":{\"a\":1}}]",
	    FAULT_NONE, NULL},
	{"Responses, incomplete", &protocol_responses, 200, JSON,
	    "{\"status\":\"incomplete\",\"error\":null,"
	    "\"incomplete_details\":{\"reason\":\"max_output_tokens\"},"
	    "\"output\":[]}", "", "", "length", "max_output_tokens", "{}",
	    NULL, FAULT_NONE, NULL},
	{"Responses, refusal", &protocol_responses, 200, JSON,
	    "{\"status\":\"completed\",\"output\":[{\"type\":\"message\","
	    "\"content\":[{\"type\":\"refusal\",\"refusal\":\"No.\"}]}]}",
	    "No.", "", "refusal", "completed", "{}", NULL, FAULT_NONE, NULL},
	{"Responses, failed", &protocol_responses, 200, SSE,
	    "data: {\"type\":\"response.failed\",\"response\":{\"status\":"
	    "\"failed\",\"error\":{\"code\":\"server_error\",\"message\":"
	    "\"Oops\"},\"output\":[]}}\n\n", .fault = FAULT_SAID,
	    .why = "server_error: Oops"},
	{"Responses, an error event", &protocol_responses, 200, SSE,
	    "event: error\ndata: {\"type\":\"error\",\"code\":"
	    "\"rate_limit_exceeded\",\"message\":\"Slow\",\"param\":null}\n\n",
	    .fault = FAULT_SAID, .why = "rate_limit_exceeded: Slow"},
	{"generateContent, stream", &protocol_gemini, 200, SSE,
	    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
	    "\"hm\",\"thought\":true}],\"role\":\"model\"},\"index\":0}],"
	    "\"usageMetadata\":{\"promptTokenCount\":10},\"modelVersion\":"
	    "\"m\",\"responseId\":\"x\"}\r\n\r\n"
	    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
	    "\"Hel\"}],\"role\":\"model\"}}]}\r\n\r\n"
	    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
	    "\"lo\"},{\"functionCall\":{\"name\":\"read\",\"args\":{\"a\":1}},"
	    "\"thoughtSignature\":\"s\"}]},\"finishReason\":\"STOP\"}],"
	    "\"usageMetadata\":{\"promptTokenCount\":10,"
	    "\"candidatesTokenCount\":6,\"thoughtsTokenCount\":4,"
	    "\"cachedContentTokenCount\":8}}\r\n\r\n",
	    "Hello", "hm", "stop", "STOP",
	    "{\"in\":10,\"out\":10,\"cached\":8,\"reasoning\":4}",
	    "[{\"name\":\"read\",\"args\":{\"a\":1}}]", FAULT_NONE, NULL},
	{"generateContent, unsafe", &protocol_gemini, 200, JSON,
	    "{\"candidates\":[{\"finishReason\":\"SAFETY\"}]}", "", "",
	    "filter", "SAFETY", "{}", NULL, FAULT_NONE, NULL},
	{"generateContent, prompt blocked", &protocol_gemini, 200, SSE,
	    "data: {\"promptFeedback\":{\"blockReason\":"
	    "\"PROHIBITED_CONTENT\"}}\n\n", "", "", "filter",
	    "PROHIBITED_CONTENT", "{}", NULL, FAULT_NONE, NULL},
	{"generateContent, refused", &protocol_gemini, 503, JSON,
	    "[{\"error\":{\"code\":503,\"message\":\"Busy\",\"status\":"
	    "\"UNAVAILABLE\"}}]", .fault = FAULT_SAID,
	    .why = "HTTP 503: UNAVAILABLE: Busy"},
	{"a stream that ends early", &protocol_openai, 200, SSE,
	    "data: {\"choices\":[{\"delta\":{\"content\":\"A\"}}]}\n\n",
	    .fault = FAULT_BROKEN, .why = "ended before the answer did"},
	{"a stream of nothing", &protocol_gemini, 200, SSE, "\n",
	    .fault = FAULT_BROKEN, .why = "ended before the answer did"},
	{"an event that isn't JSON", &protocol_anthropic, 200, SSE,
	    "data: {\"type\":\n\ndata: {}\n\n", .fault = FAULT_BROKEN,
	    .why = "the stream: not JSON"},
	{"truncated JSON", &protocol_openai, 200, JSON,
	    "{\"choices\":[{\"message\":{\"content\":\"A", .fault =
	    FAULT_BROKEN, .why = "the reply: not JSON"},
	{"another object", &protocol_openai, 200, JSON, "{\"hello\":1}",
	    .fault = FAULT_BROKEN, .why = "no choices[0].message"},
	{"a page", &protocol_responses, 200, "text/html",
	    "\n<html>\n<p>Sign in", .fault = FAULT_SAID,
	    .why = "no answer but text/html: \"<html> <p>Sign in\""},
	{"nothing", &protocol_responses, 200, "", "", .fault = FAULT_SAID,
	    .why = "no answer but no content type"},
	{"a proxy's page", &protocol_anthropic, 502, "text/html",
	    "<html>Bad Gateway", .fault = FAULT_SAID,
	    .why = "HTTP 502: text/html: \"<html>Bad Gateway\""},
	{"JSON of another type", &protocol_openai, 200, "text/plain",
	    "{\"choices\":[{\"message\":{\"content\":\"A\"},"
	    "\"finish_reason\":\"stop\"}]}", "A", "", "stop", "stop", "{}",
	    NULL, FAULT_NONE, NULL},
	{"half characters", &protocol_openai, 200, SSE,
	    "data: {\"choices\":[{\"delta\":{\"content\":\"a\xc3\"}}]}\n\n"
	    "data: {\"choices\":[{\"delta\":{\"content\":\"\xa9"
	    "\\ud83d\\u0000\\ud83d\\ude00\\\\u0000\"},\"finish_reason\":"
	    "\"stop\"}]}\n\n", "a\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd"
	    "\xf0\x9f\x98\x80\\u0000", "", "stop", "stop", "{}", NULL,
	    FAULT_NONE, NULL},
};

static void
check_json(const cJSON *v, const char *want)
{
	char *text = v == NULL ? NULL : ke_json_print(v);

	if (want == NULL)
		assert_null(v);
	else
		assert_string_equal(text, want);
	free(text);
}

static void
check_answer(const struct row *row, const struct reply *r)
{
	cJSON *usage = usage_json(&r->usage);

	assert_string_equal(r->text.n == 0 ? "" : r->text.s, row->said);
	assert_string_equal(r->reasoning.n == 0 ? "" : r->reasoning.s,
	    row->reasoning);
	assert_string_equal(r->finish, row->finish);
	assert_string_equal(r->finish_reason, row->word);
	check_json(usage, row->usage);
	check_json(r->calls, row->calls);
	assert_non_null(r->turn);
	cJSON_Delete(usage);
}

static void
listen(const struct row *row, size_t piece)
{
	struct hearing h = {.protocol = row->protocol,
	    .reply.usage = USAGE_NONE};
	size_t n = strlen(row->text);
	bool good = true;

	for (size_t at = 0; at < n && good; at += piece)
		good = hear(&h, row->status, row->type, row->text + at,
		    piece < n - at ? piece : n - at);
	if (hear_out(&h, row->status, row->type) != (row->said != NULL))
		fail_msg("%s: %s", row->what, h.why.msg);
	assert_int_equal(h.fault, row->fault);
	if (row->said != NULL)
		check_answer(row, &h.reply);
	else if (strstr(h.why.msg, row->why) == NULL)
		fail_msg("%s: %s", row->what, h.why.msg);
	hear_free(&h);
}

static void
answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++)
		for (size_t piece = 1; piece < 12; piece++) {
			listen(&rows[i], piece);
			listen(&rows[i], piece * piece * piece * piece);
		}
}

/* An answer of 10 MiB, and one byte more. */
static void
large(void **state)
{
	static const char head[] = "data: {\"choices\":[{\"delta\":{"
	    "\"content\":\"", tail[] = "\"},\"finish_reason\":\"stop\"}]}\n\n";
	size_t n = HEAR_ANSWER_MAX / 16;
	char *text = ke_calloc(n + 1, 1);

	(void)state;
	memset(text, 'x', n);
	for (size_t more = 0; more < 2; more++) {
		struct hearing h = {.protocol = &protocol_openai,
		    .reply.usage = USAGE_NONE};
		bool good = true;

		for (size_t i = 0; i < 16 + more && good; i++)
			good = hear(&h, 200, SSE, head, strlen(head)) &&
			    hear(&h, 200, SSE, text, i < 16 ? n : 1) &&
			    hear(&h, 200, SSE, tail, strlen(tail));
		assert_int_equal(good, more == 0);
		assert_int_equal(hear_out(&h, 200, SSE), more == 0);
		assert_int_equal(h.fault, more == 0 ? FAULT_NONE : FAULT_LONG);
		assert_int_equal(h.reply.text.n, HEAR_ANSWER_MAX + more);
		hear_free(&h);
	}
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
