/* What is worth another attempt, and when.
 *
 * The wait is drawn from the whole of [0, bound), where the bound doubles:
 * "full jitter" spreads those who were refused together best (M. Brooker,
 * Exponential Backoff and Jitter, AWS Architecture Blog, 2015).  Where the
 * server says how long, it is that and a little more, drawn too, for all who
 * were refused are told the same. */
#include <math.h>
#include <string.h>

#include <curl/curl.h>

#include "mem.h"
#include "retry.h"

bool
retry_status(long status)
{
	/* 529: Anthropic's for overload */
	static const long again[] = {408, 409, 425, 429, 500, 502, 503, 504,
	    520, 522, 524, 529};

	for (size_t i = 0; i < KE_LEN(again); i++)
		if (again[i] == status)
			return true;
	return false;
}

static bool
among(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; word != NULL && i < n; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

bool
retry_kind(const char *kind)
{
	static const char *const passing[] = {"overloaded_error", "api_error",
	    "rate_limit_error", "timeout_error", "server_error",
	    "rate_limit_exceeded", "internal_error", "UNAVAILABLE", "INTERNAL",
	    "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"};

	return among(kind, passing, KE_LEN(passing));
}

bool
retry_never(const char *kind)
{
	static const char *const never[] = {"insufficient_quota",
	    "billing_hard_limit_reached", "billing_error"};

	return among(kind, never, KE_LEN(never));
}

bool
retry_connection(int code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_AGAIN:
	case CURLE_HTTP2_STREAM:
		return true;
	default: /* there are a hundred more, none of which passes */
		return false;
	}
}

double
retry_wait(int n, double drawn, double asked)
{
	double bound = fmin(RETRY_MOST, ldexp(RETRY_FIRST, n - 1));

	return asked >= 0 ? asked + drawn * fmin(bound, 1) : drawn * bound;
}
