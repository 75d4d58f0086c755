/* What OpenAI's two protocols have in common: keys, errors, parameters. */
#include <stdio.h>
#include <string.h>

#include "server.h"

#define INVALID "invalid_request_error"

bool
openai_key(const struct request *q, struct refusal *r)
{
	const char *key = header(q, "authorization");

	if (key == NULL || strncmp(key, "Bearer ", 7) != 0 || key[7] == '\0')
		return refuse(r, 401, INVALID, NULL, "You didn't provide an "
		    "API key. You need to provide your API key in an "
		    "Authorization header using Bearer auth (i.e. "
		    "Authorization: Bearer YOUR_KEY).");
	if (strstr(key, "wrong") != NULL)
		return refuse(r, 401, INVALID, "invalid_api_key", "Incorrect "
		    "API key provided: %.8s***.", key + 7);
	return true;
}

void
openai_words(int status, struct refusal *r)
{
	static const struct {
		int status;
		const char *type, *code, *message;
	} rows[] = {
		{400, INVALID, NULL, "Invalid request."},
		{401, INVALID, "invalid_api_key",
		    "Incorrect API key provided."},
		{403, INVALID, "unsupported_country_region_territory",
		    "Country, region, or territory not supported"},
		{404, INVALID, "model_not_found",
		    "The model does not exist or you do not have access to "
		    "it."},
		{405, INVALID, NULL, "Not allowed to use this method."},
		{415, INVALID, NULL, "Unsupported content type."},
		{429, "tokens", "rate_limit_exceeded", "Rate limit reached on "
		    "tokens per min (TPM). Please try again later."},
		{500, "server_error", NULL, "The server had an error while "
		    "processing your request. Sorry about that!"},
		{503, "server_error", NULL, "The engine is currently "
		    "overloaded, please try again later."},
	};

	refuse(r, status, "server_error", NULL,
	    "The server had an error while processing your request.");
	for (size_t i = 0; i < KE_LEN(rows); i++)
		if (rows[i].status == status)
			refuse(r, status, rows[i].type, rows[i].code, "%s",
			    rows[i].message);
}

void
openai_error(const struct refusal *r, struct body *b)
{
	json_add(&b->bytes, "{'error':{'message':$s,'type':$s,'param':$s,"
	    "'code':$s}}", r->message.msg, r->type, r->param, r->code);
}

bool
openai_fields(const cJSON *o, const struct field *f, size_t n,
    const char *where, struct refusal *r)
{
	const char *name;

	switch (fields_check(o, f, n, &name)) {
	case FINE:
		return true;
	case UNKNOWN:
		r->param = name;
		return refuse(r, 400, INVALID, "unknown_parameter",
		    "Unknown parameter: '%s%s'.", where, name);
	case MISSING:
		r->param = name;
		return refuse(r, 400, INVALID, "missing_required_parameter",
		    "Missing required parameter: '%s%s'.", where, name);
	case MISTYPED:
		break;
	}
	r->param = name;
	return refuse(r, 400, INVALID, "invalid_type",
	    "Invalid type for '%s%s'.", where, name);
}

bool
openai_thinks(const char *model)
{
	return (model[0] == 'o' && model[1] >= '1' && model[1] <= '9') ||
	    strncmp(model, "gpt-5", 5) == 0;
}
