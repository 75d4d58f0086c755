/* What the parts of the test server share.  It stands in for the services that
 * ke-gen asks: the same paths, checks, errors and streams, on loopback, with
 * answers and faults from a script (script.c says what a line of it holds).
 *
 * The protocols are as their vendors document them:
 * Anthropic Messages   platform.claude.com/docs/en/api: messages, errors,
 *                      versioning; build-with-claude/streaming
 * OpenAI               platform.openai.com/docs/api-reference: chat,
 *                      chat-streaming, responses, responses-streaming; and
 *                      guides/error-codes
 * batches              platform.claude.com/docs/en/api/messages/batches;
 *                      platform.openai.com/docs/api-reference/batch, files
 * Gemini               ai.google.dev/api/generate-content and
 *                      gemini-api/docs/troubleshooting */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "json.h"
#include "mem.h"

/* A member that an object may have. */
struct field {
	const char *name;
	int types; /* cJSON's, or'ed */
	bool required;
};

/* A request as it came.  Names of headers are in lower case. */
struct request {
	char *method, *target;
	cJSON *headers;
	struct ke_buf body;
	const cJSON *json; /* of the body: an object, or NULL */
	bool stream; /* whether it wants a stream: check() finds out */
	const char *model; /* borrowed from json, or of the api's making */
	cJSON *parsed; /* what owns json */
	char *name; /* what owns model, where json doesn't */
};

/* Why a request is refused. */
struct refusal {
	int status;
	const char *type; /* the protocol's word */
	const char *code, *param; /* where the protocol has them; may be NULL */
	const char *delay; /* when to come back, such as "2s"; may be NULL */
	struct ke_err message;
};

/* What is to be answered; -1: not said. */
struct reply {
	const struct request *request;
	const char *text, *reasoning, *model, *finish;
	const cJSON *calls; /* array of {id, name, args}, or NULL */
	int64_t in, out, cached, written, thought; /* tokens */
	size_t piece; /* bytes of text an event */
	int number; /* of the request: makes ids */
};

/* What is sent.  Faults count events: each begins at one of the starts. */
struct body {
	struct ke_buf bytes, starts; /* starts: array of size_t */
	int sequence; /* a number for events that want one */
};

/* A service.  A table of functions: see apis in answer.c. */
struct api {
	const char *name;
	/* Is the path one of its own? */
	bool (*mine)(const char *path);
	/* What is wrong with the request: false, with the refusal. */
	bool (*check)(struct request *, struct refusal *);
	/* The words that it has for a status that the script asks for. */
	void (*refuse)(int status, struct refusal *);
	void (*error)(const struct refusal *, struct body *);
	void (*whole)(const struct reply *, struct body *);
	void (*stream)(const struct reply *, struct body *);
	/* An error in the middle of a stream. */
	void (*broken)(const struct refusal *, struct body *);
	const char *id_header; /* that the request's id goes into */
};

extern const struct api api_anthropic, api_chat, api_responses, api_gemini;

/* The checks of those that stand in files of their own. */
bool anthropic_check(struct request *, struct refusal *);
bool responses_check(struct request *, struct refusal *);
bool gemini_check(struct request *, struct refusal *);
/* What signs any thinking block. */
extern const char anthropic_signature[];

/* openai.c: what OpenAI's two protocols share. */
bool openai_key(const struct request *, struct refusal *);
void openai_words(int status, struct refusal *);
void openai_error(const struct refusal *, struct body *);
/* Refuses what the tables of members do not allow; where is a prefix. */
bool openai_fields(const cJSON *, const struct field *, size_t n,
    const char *where, struct refusal *);
/* Is the model one that thinks, and so takes other parameters? */
bool openai_thinks(const char *model);

/* json.c: text of JSON after a pattern, in which ' stands for ", and is
 * filled in: $s a string, which is quoted, or null; $d an int64_t; $b a bool
 * (int); $j JSON as it is (const char *). */
void json_add(struct ke_buf *, const char *pattern, ...);
/* The value as JSON; NULL: null.  The caller frees. */
char *json_text(const cJSON *);
/* Adds an event of server-sent events; name may be NULL. */
void event_add(struct body *, const char *name, const char *pattern, ...);
/* Bytes of s that make a piece of about n, not cutting a character. */
size_t piece_length(const char *s, size_t n);

/* check.c */
enum wrong { FINE, UNKNOWN, MISSING, MISTYPED };
/* The first thing wrong with the object, and the member's name. */
enum wrong fields_check(const cJSON *, const struct field *, size_t n,
    const char **name);
/* Fills in the refusal and returns false. */
bool refuse(struct refusal *, int status, const char *type, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
const char *header(const struct request *, const char *name);
/* Has the array an object whose member is the text? */
bool array_has(const cJSON *, const char *member, const char *text);

/* script.c */
struct entry {
	cJSON *json;
	int64_t left; /* times it is still to be played; -1: always */
};
struct script {
	struct entry *entries;
	size_t n;
};
/* Reads the lines of a file, or ends the program. */
void script_read(struct script *, const char *path);
/* The first line left that is for the request, or NULL. */
struct entry *script_take(struct script *, const struct request *);
/* The same of the lines for targets. */
struct entry *script_take_target(struct script *, const struct request *);

/* answer.c: bytes to send, in parts. */
struct part {
	size_t end; /* in bytes */
	int64_t pause; /* ms before it is sent */
};
enum ending { END_KEEP, END_CLOSE, END_CUT, END_RESET, END_STALL, END_TUNNEL };
struct answer {
	struct ke_buf bytes, parts; /* parts: array of struct part */
	enum ending ending;
	int status;
	long entry; /* line of the script, from 0; -1: none */
};
void answer_make(struct answer *, struct script *, struct request *,
    int number);

/* The answer to a request alone, and the line of the script that it is from. */
const cJSON *answer_body(const struct api *, struct script *,
    struct request *, int number, int *status, struct ke_buf *body);

/* batch.c: the batch services, whose requests go to the others.  A status
 * other than 200 is an error that is asked for. */
bool batch_mine(const struct request *);
void batch_answer(struct script *, struct request *, int *status,
    struct ke_buf *body);

/* http.c: takes a request from the front of what came.  1: there it is; 0: not
 * whole yet; -1: no HTTP.  *expects: the client waits for a 100. */
int http_parse(struct ke_buf *in, struct request *, bool *expects);
void request_free(struct request *);

/* tls.c: a server's side with a certificate of its own making, for localhost,
 * models.test and 127.0.0.1, which is written to path; ends the program where
 * that fails. */
SSL_CTX *tls_make(const char *path);

/* conn.c */
struct conn {
	int fd, number;
	SSL *ssl; /* NULL: plain */
	short wants; /* events of poll(2) */
	struct ke_buf in;
	struct request request;
	struct answer answer;
	bool busy; /* an answer is being sent */
	size_t sent, part;
	int64_t due; /* when the next part may be sent, by ke_now_ms() */
	bool closed;
};
struct server {
	struct script script;
	SSL_CTX *tls; /* NULL: none */
	bool tunnel; /* TLS begins behind CONNECT */
	int log, listening;
	struct conn *conns;
	size_t n, cap;
	int accepted; /* connections */
	int requests; /* that came */
	int open; /* being answered */
};
void conn_open(struct server *, int fd);
/* Moves it on as far as it goes without waiting. */
void conn_step(struct server *, struct conn *);
void conn_close(struct server *, struct conn *);

#endif
