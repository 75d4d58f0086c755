/* ke-store nodes: the rows of a run, and those to come. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "filter.h"
#include "lease.h"
#include "print.h"
#include "run.h"
#include "spawn.h"
#include "verbs.h"

#define POLL_MS 200   /* where nothing tells of a commit */
#define ROWS_MAX 1000 /* in one transaction */
#define SWEEP_MS 1000 /* between two looks for leases that ended */

#define LIVE "{\"mark\":\"live\"}\n"

struct follower {
	struct store st;
	int64_t run, seq, lease; /* the last that were told */
	int watch;               /* of the store's folder, or -1 */
	int wait_ms;             /* until the next look */
	int64_t swept;           /* ms of ke_now_ms */
};

/* The next rows as text, read in one transaction, which is over before a
 * slow reader can hold it open; the leases only once no row is left.  False
 * where there may be more. */
static bool
read_rows(struct follower *f, struct ke_buf *b)
{
	struct store *st = &f->st;
	sqlite3_stmt *q;
	int n = 0;

	sql_begin_read(st);
	q = SQL(st, "SELECT seq, row FROM commits WHERE run = ? AND seq > ? "
	    "ORDER BY seq LIMIT ?", v_int(f->run), v_int(f->seq),
	    v_int(ROWS_MAX));
	for (; sql_next(st, q); n++) {
		f->seq = sqlite3_column_int64(q, 0);
		ke_buf_fmt(b, "%s\n", sql_text(q, 1));
	}
	if (n < ROWS_MAX) {
		q = SQL(st, "SELECT lease, row FROM leases WHERE lease > ? "
		    "AND run = ? ORDER BY lease", v_int(f->lease),
		    v_int(f->run));
		while (sql_next(st, q)) {
			f->lease = sqlite3_column_int64(q, 0);
			ke_buf_fmt(b, "%s\n", sql_text(q, 1));
		}
	}
	sql_commit(st);
	return n < ROWS_MAX;
}

/* Tells the commits and leases that are new. */
static void
tell(struct follower *f)
{
	struct ke_buf b = {0};
	bool all = false;

	while (!all) {
		b.n = 0;
		all = read_rows(f, &b);
		if (b.n > 0)
			print_text(b.s, b.n);
	}
	print_flush();
	ke_buf_free(&b);
}

static void
sweep(struct follower *f)
{
	lease_sweep(&f->st);
	f->swept = ke_now_ms();
}

/* Waits until the folder changes, the wait is over, or nobody reads us any
 * more (then false).  A change is seen before its commit can be read: the
 * waits that follow one start at 1 ms and double. */
static bool
wait_for_change(struct follower *f)
{
	char events[4096];
	struct pollfd p[2] = {{.fd = f->watch, .events = POLLIN},
	    {.fd = STDOUT_FILENO}};
	int ready = poll(p, 2, f->wait_ms);

	if (ready == -1 && errno != EINTR)
		err(111, "poll");
	if (ready > 0 && (p[1].revents & (POLLERR | POLLHUP)))
		return false;
	if (ready > 0 && (p[0].revents & POLLIN)) {
		while (read(f->watch, events, sizeof(events)) > 0)
			continue;
		f->wait_ms = 1;
	} else {
		f->wait_ms = f->wait_ms * 2 < POLL_MS ? f->wait_ms * 2
		    : POLL_MS;
	}
	return true;
}

static void
follow(struct follower *f)
{
	/* may fail where the limit of watches is reached: then polling alone */
	f->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->watch != -1 && inotify_add_watch(f->watch, f->st.dir,
	    IN_MODIFY | IN_CREATE) == -1) {
		close(f->watch);
		f->watch = -1;
	}
	f->wait_ms = 1;
	while (wait_for_change(f)) {
		if (ke_now_ms() - f->swept >= SWEEP_MS)
			sweep(f);
		tell(f);
	}
}

static int
list(struct follower *f, const char *name, bool following)
{
	struct ke_err e;
	const struct run *r = run_find(&f->st, name, &e);
	cJSON *header;
	char *text;

	if (r == NULL) {
		warnx("%s", e.msg);
		return 1;
	}
	f->run = r->run;
	header = run_header(r);
	text = ke_json_print(header);
	print_text(text, strlen(text));
	print_text("\n", 1);
	free(text);
	cJSON_Delete(header);
	sweep(f);
	tell(f);
	if (following) {
		print_text(LIVE, sizeof(LIVE) - 1);
		print_flush();
		follow(f);
	}
	return 0;
}

int
verb_nodes(struct options *o, int argc, char **argv)
{
	struct follower f = {0};
	const char *run = NULL;
	bool following = false;
	int c;

	while ((c = getopt(argc, argv, "+fr:")) != -1)
		switch (c) {
		case 'f':
			following = true;
			break;
		case 'r':
			run = optarg;
			break;
		default:
			usage();
		}
	if (optind < argc)
		usage();
	ke_filter_signals();
	store_open(&f.st, o->dir, o->wait_ms, false);
	return list(&f, run, following);
}
