/* Requests in flight, all on one libcurl multi handle and one epoll
 * descriptor: a turn of the loop costs what is ready, not what is in flight. */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>

#include <curl/curl.h>

#include "mem.h"

struct http {
	CURLM *multi;
	int epoll;
	double due; /* ke_now() when libcurl wants to be called, or 0 */
	size_t n;   /* requests in flight */
	double look; /* ke_now() when all of them are looked at */
	const char *ca_file, *ca_dir;
};

/* One POST.  The caller fills in the first members, which stay as they are
 * until it has ended. */
struct http_request {
	const char *url;
	const char *body; /* while it is needed */
	size_t body_n;
	struct curl_slist *headers;
	double seconds; /* to its deadline */
	/* Takes what comes of the answer; false ends the request, and the code
	 * is CURLE_WRITE_ERROR. */
	bool (*data)(struct http_request *, const char *, size_t);
	/* The body is needed from now on; or it was sent, and isn't, unless it
	 * must be sent again. */
	void (*need)(struct http_request *, bool);
	/* It has ended, as the members below say.  May start others, and free
	 * this one. */
	void (*done)(struct http_request *);

	CURL *easy; /* NULL where it isn't in flight */
	size_t sent; /* bytes of the body */
	CURLcode code;
	long status; /* HTTP's, or 0; known with the first data */
	char type[80]; /* the media type, without parameters, or "" */
	double retry_after; /* seconds that the server asked for, or -1 */
	int should_retry; /* as the server says: 1, 0; -1: says nothing */
	char why[CURL_ERROR_SIZE]; /* where code is not CURLE_OK */
};

/* 0, or -1 with the reason. */
int http_open(struct http *, struct ke_err *);

/* Starts it: done() is called in a later step. */
void http_start(struct http *, struct http_request *);

/* Ends one that is in flight, without done(). */
void http_stop(struct http *, struct http_request *);

/* Milliseconds until libcurl wants to be called, or -1. */
int http_wait_ms(const struct http *);

/* Moves on what is ready, without waiting. */
void http_step(struct http *);

#endif
