/* The server that is asked, and what may be asked of it: where it is, who we
 * are, how fast, for how much. */
#ifndef SERVER_H
#define SERVER_H

#include "budget.h"
#include "http.h"
#include "limit.h"
#include "prices.h"
#include "protocol.h"

/* What options say of it. */
struct server_options {
	const char *url, *key; /* NULL: the protocol's own; key "": none */
	const char *prices;    /* file, or NULL */
	const char *budget;
	char **headers; /* "Name: value", with $NAME in it */
	size_t n_headers;
	double requests, tokens; /* a minute; 0: no limit */
	double timeout; /* seconds of a request in all its attempts */
	const cJSON *params;
};

struct ask;

struct server {
	const struct protocol *protocol;
	struct http http;
	CURLU *base;
	struct curl_slist *headers;
	struct ke_err no_key; /* msg "" where all keys are there */
	struct limit requests, tokens;
	struct prices prices;
	struct budget budget;
	double timeout;
	size_t n, cap;
	struct ask **asks; /* that go on, in the order they came */
	size_t left;       /* how many have ended */
	double due;        /* ke_now() when one of them must be looked at */
	double out_mean;   /* tokens that came out of an answer so far */
	size_t answered;
	size_t heard; /* bytes of text that came */
	struct ke_err news, told; /* why attempts fail, for people: what is
	    new, and the last; msg "" for none */
};

/* 0; or -1 with the reason: wrong options, or a file that can't be read. */
int server_open(struct server *, const struct protocol *,
    const struct server_options *, struct ke_err *);

/* The URL to ask; the caller frees. */
char *server_url(const struct server *, const struct question *);

#endif
