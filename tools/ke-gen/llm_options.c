/* The options of the backends that ask a model over the network. */
#include <stdlib.h>
#include <string.h>

#include "llm.h"
#include "num.h"

#define A_MINUTE_MAX 1e12
#define SECONDS_MAX 1e6
#define CALLS_MAX 1000

/* What no parameter may be, and why. */
static const struct {
	const char *name, *why;
} refused[] = {
	{"stream", "see -s"}, {"model", "see -m"}, {"messages", "the prompt"},
	{"input", "the prompt"}, {"contents", "the prompt"},
	{"n", "one answer is read"},
};

/* NAME=JSON */
static int
add_param(struct llm_options *o, const char *arg, struct ke_err *e)
{
	size_t n = strcspn(arg, "=");
	char *name = ke_strndup(arg, n);
	struct ke_err why;
	cJSON *value;

	if (n == 0 || arg[n] == '\0')
		return ke_fail(e, "%s: not NAME=JSON", arg);
	for (size_t i = 0; i < KE_LEN(refused); i++)
		if (strcmp(refused[i].name, name) == 0)
			return ke_fail(e, "%s: %s", name, refused[i].why);
	value = ke_json_parse(arg + n + 1, strlen(arg + n + 1), &why);
	if (value == NULL)
		return ke_fail(e, "%s: %s (a string needs its quotes)", name,
		    why.msg);
	if (o->params == NULL)
		o->params = cJSON_CreateObject();
	ke_json_set(o->params, name, value);
	o->server.params = o->params;
	free(name);
	return 0;
}

static void
add_header(struct server_options *s, const char *arg)
{
	s->headers = ke_grow(s->headers, s->n_headers + 1,
	    sizeof(*s->headers));
	s->headers[s->n_headers++] = ke_strdup(arg);
}

int
llm_option(struct llm_options *o, int letter, const char *arg,
    struct ke_err *e)
{
	o->given = letter;
	switch (letter) {
	case 'a':
		return ke_num_int(arg, 1, CALLS_MAX, &o->calls, e);
	case 'c':
		o->server.prices = arg;
		return 0;
	case 'D':
		return ke_num_real(arg, 0.001, SECONDS_MAX, &o->deadline, e);
	case 'e':
		o->may_evaluate = true;
		return 0;
	case 'H':
		add_header(&o->server, arg);
		return 0;
	case 'k':
		o->server.key = arg;
		return 0;
	case 'm':
		o->models = arg;
		return 0;
	case 'M':
		o->server.budget = arg;
		return 0;
	case 'p':
		return add_param(o, arg, e);
	case 'r':
		return ke_num_real(arg, 1e-3, A_MINUTE_MAX,
		    &o->server.requests, e);
	case 'R':
		return ke_num_real(arg, 1, A_MINUTE_MAX, &o->server.tokens, e);
	case 's':
		o->whole = true;
		return 0;
	case 't':
		o->temperatures = arg;
		return 0;
	case 'u':
		o->server.url = arg;
		return 0;
	}
	return ke_fail(e, "no such option");
}
