/* The backend that asks by files: prompts in DIR/in, answers in DIR/answers,
 * what is answered in DIR/done.  A file's name holds the record's key, so that
 * one that is there was made for the same question, whoever made it.
 *
 * Any number of us and of answerers may die at any moment.  A file only ever
 * moves forward, by rename, and is never removed, so that each is found by
 * whoever looks in both of its places in that order.  The prompt is moved
 * before its answer: what lies in in was not answered, or the answer can be
 * seen. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "gen.h"
#include "spawn.h"

#define ANSWER_MAX ((size_t)10 << 20) /* bytes */
#define XID_MAX 48 /* characters of an xid that are kept */
#define POLL_MS 1000 /* where inotify tells nothing, as over a network */

struct letter {
	struct job job;
	char *name;
};

struct mailbox {
	size_t n;
	struct letter *letters; /* as many as may be in flight */
	int notify;
	int64_t looked; /* ms */
};

/* What is prompt and what is answer, by folder and ending. */
enum place { IN_RECORD, IN_PROMPT, ANSWER_MD, ANSWER_TXT, ANSWER_JSON,
	DONE_RECORD, DONE_PROMPT, DONE_ANSWER, DONE_REPLY };
static const struct {
	const char *folder, *ending;
} places[] = {
	[IN_RECORD] = {"in", "json"}, [IN_PROMPT] = {"in", "md"},
	[ANSWER_MD] = {"answers", "md"}, [ANSWER_TXT] = {"answers", "txt"},
	[ANSWER_JSON] = {"answers", "json"},
	[DONE_RECORD] = {"done", "json"}, [DONE_PROMPT] = {"done", "md"},
	[DONE_ANSWER] = {"done", "answer"}, [DONE_REPLY] = {"done", "reply"},
};

/* Where an answer is looked for, in this order, and where it is kept. */
static const struct {
	enum place at, kept;
} found[] = {
	{ANSWER_MD, DONE_ANSWER}, {ANSWER_TXT, DONE_ANSWER},
	{ANSWER_JSON, DONE_REPLY},
	{DONE_ANSWER, DONE_ANSWER}, {DONE_REPLY, DONE_REPLY},
};

/* The caller frees. */
static char *
path_of(const struct gen *g, const char *name, enum place p)
{
	struct ke_buf b = {0};

	ke_buf_fmt(&b, "%s/%s/%s.%s", g->arg, places[p].folder, name,
	    places[p].ending);
	return b.s;
}

static int
open_mailbox(struct gen *g, struct ke_err *e)
{
	static const char *const folders[] = {"in", "answers", "done"};
	struct mailbox *m = ke_calloc(1, sizeof(*m));
	struct ke_buf path = {0};

	g->state = m;
	m->letters = ke_calloc((size_t)g->in_flight, sizeof(*m->letters));
	m->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	for (size_t i = 0; i < KE_LEN(folders); i++) {
		path.n = 0;
		ke_buf_fmt(&path, "%s/%s", g->arg, folders[i]);
		if (ke_file_mkdirs(path.s, e) == -1 ||
		    access(path.s, W_OK | X_OK) == -1) {
			ke_fail(e, "%s: %s", path.s, strerror(errno));
			return 111;
		}
		if (m->notify != -1 && strcmp(folders[i], "answers") == 0)
			inotify_add_watch(m->notify, path.s, IN_MOVED_TO |
			    IN_CREATE | IN_CLOSE_WRITE | IN_ONLYDIR);
	}
	ke_buf_free(&path);
	return 0;
}

/* The record's xid, or else its id, as far as it can be a file's name, and its
 * key.  The caller frees. */
static char *
name_of(const cJSON *rec)
{
	const char *xid = ke_json_string(rec, "xid");
	struct ke_buf b = {0};

	if (xid == NULL)
		xid = ke_json_string(rec, "id");
	for (; xid != NULL && *xid != '\0' && b.n < XID_MAX; xid++)
		ke_buf_add(&b, strchr("abcdefghijklmnopqrstuvwxyz0123456789"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ", *xid) != NULL ||
		    (*xid == '.' && b.n > 0) ? xid : "_", 1);
	ke_buf_fmt(&b, "%s%.16s", b.n > 0 ? "-" : "",
	    ke_json_string(ke_json_object(rec, "gen"), "key"));
	return b.s;
}

static int
write_once(const struct gen *g, const char *name, enum place p,
    const struct ke_buf *text, struct ke_err *e)
{
	char *path = path_of(g, name, p);
	struct stat st;
	int status = 0;

	if (stat(path, &st) == -1)
		status = ke_file_write(path, text->s, text->n, e);
	free(path);
	return status;
}

/* The prompt is written last: where it is there, so is the record. */
static int
ask(const struct gen *g, const struct letter *l, const struct ke_buf *prompt,
    struct ke_err *e)
{
	struct ke_buf json = {0}, text = {0};
	char *printed = ke_json_print(l->job.rec);
	int status;

	ke_buf_fmt(&json, "%s\n", printed);
	ke_buf_fmt(&text, "<!-- Answer in a file elsewhere, then move it to "
	    "answers/%s.md -->\n\n%s", l->name, prompt->s);
	status = write_once(g, l->name, IN_RECORD, &json, e);
	if (status == 0)
		status = write_once(g, l->name, IN_PROMPT, &text, e);
	free(printed);
	ke_buf_free(&json);
	ke_buf_free(&text);
	return status;
}

static void
move(const struct gen *g, const char *name, enum place from, enum place to)
{
	char *a = path_of(g, name, from), *b = path_of(g, name, to);

	/* none there is what a letter answered before looks like */
	rename(a, b);
	free(a);
	free(b);
}

/* What a program that answers may say beside the text. */
static void
copy_reply(cJSON *gen, const cJSON *reply)
{
	static const char *const names[] = {"model", "server_model",
	    "response", "params", "usage", "cost_usd", "finish",
	    "finish_reason", "reasoning"};

	for (size_t i = 0; i < KE_LEN(names); i++) {
		const cJSON *v = ke_json_get(reply, names[i]);

		if (v != NULL)
			ke_json_set(gen, names[i], cJSON_Duplicate(v, 1));
	}
}

/* Ends the letter by an answer in JSON. */
static void
end_reply(struct gen *g, struct job *j, const struct ke_buf *text)
{
	struct ke_err e;
	cJSON *reply = ke_json_parse(text->s, text->n, &e);
	const cJSON *error = ke_json_object(reply, "error");
	const char *answer = ke_json_string(reply, "text");
	const char *code = ke_json_string(error, "code");
	const char *words = ke_json_string(error, "message");

	copy_reply(ke_json_object(j->rec, "gen"), reply);
	if (error != NULL)
		gen_fail(g, j, code == NULL ? "server" : code, "%s",
		    words == NULL ? "no reason given" : words);
	else if (answer != NULL)
		gen_answer(g, j, answer, strlen(answer));
	else
		gen_fail(g, j, "unreadable", "the answer: %s", reply == NULL
		    ? e.msg : "neither text nor error");
	cJSON_Delete(reply);
}

/* The file's bytes: 1, 0 where it isn't there, or -1 with the reason. */
static int
read_place(const struct gen *g, const char *name, enum place p,
    struct ke_buf *text, struct ke_err *e)
{
	char *path = path_of(g, name, p);
	struct stat st;
	int got = ke_file_read(path, ANSWER_MAX, text, e) == 0 ? 1 : -1;

	/* asked afterwards: another of us may have moved it just before */
	if (got == -1 && stat(path, &st) == -1 && errno == ENOENT)
		got = 0;
	free(path);
	return got;
}

/* Who dies on the way is asked for the record again, and finds the answer. */
static void
put_away(const struct gen *g, const char *name, enum place at,
    enum place kept)
{
	move(g, name, IN_PROMPT, DONE_PROMPT);
	if (at != kept)
		move(g, name, at, kept);
	move(g, name, IN_RECORD, DONE_RECORD);
}

/* Ends the letter if it is answered: true.  The record goes out before its
 * files move. */
static bool
collect(struct gen *g, struct letter *l)
{
	struct ke_buf text = {0};
	struct ke_err e;
	size_t i = 0;
	int got = 0;

	while (i < KE_LEN(found) && (got = read_place(g, l->name,
	    found[i].at, &text, &e)) == 0)
		i++;
	if (i == KE_LEN(found))
		return false;
	gen_spent(&l->job, "stop");
	if (got == -1)
		gen_fail(g, &l->job, "unreadable", "%s", e.msg);
	else if (found[i].kept == DONE_REPLY)
		end_reply(g, &l->job, &text);
	else
		gen_answer(g, &l->job, text.s, text.n);
	ke_buf_free(&text);
	if (!g->gone && g->status != 111)
		put_away(g, l->name, found[i].at, found[i].kept);
	return true;
}

static void
forget(struct mailbox *m, size_t i)
{
	free(m->letters[i].name);
	m->letters[i] = m->letters[--m->n];
}

static void
take_mailbox(struct gen *g, struct job job)
{
	struct mailbox *m = g->state;
	struct letter *l = &m->letters[m->n++];
	struct ke_buf prompt = {0};
	struct ke_err e;

	gen_section(job.rec, g, "mailbox");
	*l = (struct letter){.job = job, .name = name_of(job.rec)};
	if (!gen_prompt(job.rec, &prompt)) {
		gen_fail(g, &l->job, "no_prompt", "prompt.messages: missing");
		forget(m, m->n - 1);
	} else if (collect(g, l)) {
		forget(m, m->n - 1);
	} else if (ask(g, l, &prompt, &e) == -1) {
		gen_fail(g, &l->job, "mailbox", "%s", e.msg);
		forget(m, m->n - 1);
	} else if (collect(g, l)) {
		/* another of us had its answer while we asked again */
		forget(m, m->n - 1);
	}
	ke_buf_free(&prompt);
}

/* Until it is time to look at every letter again, or one of them is late. */
static int
ms_to_wait(const struct gen *g)
{
	const struct mailbox *m = g->state;
	double wait = POLL_MS, now = ke_now();

	for (size_t i = 0; i < m->n && g->timeout > 0; i++)
		wait = fmin(wait, 1 + 1e3 *
		    (m->letters[i].job.since + g->timeout - now));
	return (int)fmax(wait, 0);
}

static void
watch_mailbox(struct gen *g, struct ke_buf *polls, int *timeout_ms)
{
	struct mailbox *m = g->state;
	struct pollfd p = {.fd = m->notify, .events = POLLIN};

	ke_buf_add(polls, &p, sizeof(p));
	if (m->n > 0 && (*timeout_ms == -1 || *timeout_ms > ms_to_wait(g)))
		*timeout_ms = ms_to_wait(g);
}

/* Collects the letter that a file in answers is of. */
static void
collect_file(struct gen *g, const char *file)
{
	struct mailbox *m = g->state;
	const char *dot = strrchr(file, '.');
	size_t n = dot == NULL ? 0 : (size_t)(dot - file);

	for (size_t i = 0; i < m->n && n > 0; i++)
		if (strncmp(m->letters[i].name, file, n) == 0 &&
		    m->letters[i].name[n] == '\0') {
			if (collect(g, &m->letters[i]))
				forget(m, i);
			return;
		}
}

/* Collects what is told to have come into answers; true where not all was
 * told. */
static bool
collect_told(struct gen *g)
{
	struct mailbox *m = g->state;
	_Alignas(struct inotify_event) char all[4096];
	bool lost = false;
	ssize_t n;

	while (m->notify != -1 && !g->gone && g->status != 111 &&
	    (n = read(m->notify, all, sizeof(all))) > 0) {
		const struct inotify_event *ev;

		for (const char *p = all; p < all + n;
		    p += sizeof(*ev) + ev->len) {
			ev = (const void *)p;
			lost |= (ev->mask & IN_Q_OVERFLOW) != 0;
			if (ev->len > 0)
				collect_file(g, ev->name);
		}
	}
	return lost;
}

/* Is it time to look at every letter? */
static bool
is_time(struct gen *g)
{
	struct mailbox *m = g->state;

	if (!collect_told(g) && ke_now_ms() - m->looked < POLL_MS)
		return false;
	m->looked = ke_now_ms();
	return true;
}

static bool
is_late(const struct gen *g, const struct letter *l)
{
	return g->timeout > 0 && ke_now() - l->job.since > g->timeout;
}

static void
step_mailbox(struct gen *g)
{
	struct mailbox *m = g->state;
	bool time = is_time(g);
	size_t i = 0;

	while (i < m->n && !g->gone && g->status != 111) {
		struct letter *l = &m->letters[i];

		if (time && collect(g, l)) {
			forget(m, i);
		} else if (is_late(g, l)) {
			gen_spent(&l->job, "timeout");
			gen_fail(g, &l->job, "timeout",
			    "no answer within %g s", g->timeout);
			forget(m, i);
		} else {
			i++;
		}
	}
}

const struct backend backend_mailbox = {"mailbox", "DIR", open_mailbox,
	take_mailbox, NULL, watch_mailbox, step_mailbox, NULL};
