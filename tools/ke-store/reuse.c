/* The best kernels of runs that are like this one; ke-store reuse.
 *
 * Two runs are as like as the weight of the traits that they share is of the
 * weight of those that either has (Jaccard's index, weighted); runs that share
 * neither operator nor tag are not alike at all.  Among those equally like,
 * the ranking of full text search over the overviews decides. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"
#include "num.h"
#include "overview.h"
#include "reuse.h"
#include "verbs.h"

/* What an expansion looks at, so that it costs the same in any store. */
#define STALE_MAX 64   /* the newest runs, whose overviews it writes */
#define BEFORE_MAX 512 /* runs before its own, that it looks for likeness */

/* Those whose overview is of another node or evaluation than the best's. */
static sqlite3_stmt *
find_stale(struct store *st, int64_t but, int n)
{
	return SQL(st, "SELECT r.run, b.node, b.eval FROM ("
	    "SELECT run, (SELECT node FROM nodes n WHERE n.run = runs.run "
	    "AND score > 0 ORDER BY score DESC LIMIT 1) AS best "
	    "FROM runs WHERE run <> ? ORDER BY run DESC LIMIT ?) r "
	    "LEFT JOIN nodes b ON b.node = r.best "
	    "LEFT JOIN overviews o ON o.run = r.run "
	    "WHERE b.node IS NOT o.node OR b.eval IS NOT o.eval",
	    v_int(but), v_int(n));
}

/* A damaged node has an overview without a word: fsck names it. */
static void
put_overview(struct store *st, int64_t run, int64_t node, int64_t eval)
{
	struct ke_err e;
	char *text;

	sql_do(st, SQL(st, "DELETE FROM overviews WHERE run = ?", v_int(run)));
	if (node == 0)
		return;
	text = overview_text(st, node, &e);
	sql_do(st, SQL(st, "INSERT INTO overviews(run, node, eval, text) "
	    "VALUES(?, ?, ?, ?)", v_int(run), v_int(node), v_ref(eval),
	    v_text(text == NULL ? "" : text)));
	free(text);
}

/* Where nobody may write, what was there has to do. */
static void
refresh(struct store *st, int64_t but, int n)
{
	sqlite3_stmt *q = find_stale(st, but, n);
	bool stale = sql_next(st, q);

	sql_end(q);
	if (!stale || !sql_try_write(st))
		return;
	q = find_stale(st, but, n);
	while (sql_next(st, q))
		put_overview(st, sqlite3_column_int64(q, 0),
		    sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2));
	sql_commit(st);
}

void
reuse_refresh(struct store *st, const struct run *run)
{
	refresh(st, run->run, STALE_MAX);
}

/* ?1 the run, ?2 words, ?3 a run, of those after which alike has the ones that
 * are like ?1, and what they share; ranked has those whose overview has the
 * words. */
#define LIKE "WITH mine AS (SELECT trait, weight FROM traits " \
	"WHERE run = ?1), " \
	"shared AS (SELECT t.run, sum(t.weight) AS w, " \
	"group_concat(t.trait, ' ') AS traits FROM mine m " \
	"JOIN traits t USING(trait) WHERE t.run <> ?1 AND t.run > ?3 " \
	"GROUP BY t.run " \
	"HAVING max(substr(t.trait, 1, 3) = 'op:' " \
	"OR substr(t.trait, 1, 4) = 'tag:')), " \
	"alike AS (SELECT s.run, s.traits, round(s.w / (" \
	"(SELECT sum(weight) FROM mine) + (SELECT sum(weight) " \
	"FROM traits t WHERE t.run = s.run) - s.w), 3) AS likeness " \
	"FROM shared s), " \
	"ranked AS (SELECT rowid AS run, rank FROM overviews_words " \
	"WHERE overviews_words MATCH ?2) "

#define ENTRY "SELECT r.name, r.op, r.target, r.language, r.dtype, n.id, " \
	"n.score, a.likeness, a.traits, n.bottleneck, n.strategy, " \
	"n.choice, n.source "

#define BEST "JOIN nodes n ON n.node = (SELECT node FROM nodes b " \
	"WHERE b.run = r.run AND score > 0 ORDER BY score DESC LIMIT 1) "

/* Words as FTS5 reads them: each in quotes. */
static void
add_word(struct ke_buf *b, const char *word, const char *between)
{
	ke_buf_str(b, b->n > 0 ? between : "");
	ke_buf_str(b, "\"");
	for (; *word != '\0'; word++)
		ke_buf_fmt(b, *word == '"' ? "\"%c" : "%c", *word);
	ke_buf_str(b, "\"");
}

/* What the run is about, in words. */
static void
words_of(struct store *st, const struct run *run, struct ke_buf *b)
{
	sqlite3_stmt *q = SQL(st, "SELECT substr(trait, 5) FROM traits "
	    "WHERE run = ? AND substr(trait, 1, 4) = 'tag:'",
	    v_int(run->run));

	add_word(b, run->op, "");
	while (sql_next(st, q))
		add_word(b, sql_text(q, 0), " OR ");
}

sqlite3_stmt *
reuse_similar(struct store *st, const struct run *run, int n)
{
	struct ke_buf b = {0};
	sqlite3_stmt *q;

	words_of(st, run, &b);
	q = SQL(st, LIKE ENTRY "FROM alike a JOIN runs r USING(run) " BEST
	    "LEFT JOIN ranked f ON f.run = r.run "
	    "WHERE NOT (r.op = ?4 AND r.target = ?5 AND r.language = ?6 "
	    "AND r.dtype = ?7) "
	    "ORDER BY a.likeness DESC, f.rank, n.score DESC LIMIT ?8",
	    v_int(run->run), v_text(NULL), v_int(run->run - BEFORE_MAX),
	    v_text(run->op),
	    v_text(run->target), v_text(run->language), v_text(run->dtype),
	    v_int(n));
	if (sqlite3_bind_text64(q, 2, b.s, b.n, SQLITE_TRANSIENT,
	    SQLITE_UTF8) != SQLITE_OK)
		store_fail(st);
	ke_buf_free(&b);
	return q;
}

cJSON *
reuse_entry(sqlite3_stmt *q, int64_t *source)
{
	static const char *const names[] = {"run", "op", "target",
	    "language", "dtype", "id", "score", "likeness", "shares",
	    "bottleneck", "strategy"};
	cJSON *o = cJSON_CreateObject();

	for (int i = 0; i < (int)KE_LEN(names); i++)
		if (sqlite3_column_type(q, i) == SQLITE_TEXT)
			ke_json_set_string(o, names[i], sql_text(q, i));
		else if (sqlite3_column_type(q, i) != SQLITE_NULL)
			ke_json_set_number(o, names[i],
			    sqlite3_column_double(q, i));
	if (sql_text(q, 11) != NULL)
		ke_json_set(o, "choice", cJSON_CreateRaw(sql_text(q, 11)));
	*source = sqlite3_column_int64(q, 12);
	return o;
}

static sqlite3_stmt *
query(struct store *st, int64_t run, const char *words, int64_t count)
{
	if (words == NULL)
		return SQL(st, LIKE ENTRY "FROM alike a JOIN runs r USING(run) "
		    BEST "ORDER BY a.likeness DESC, n.score DESC LIMIT ?4",
		    v_int(run), v_text(""), v_int(0), v_int(count));
	return SQL(st, LIKE ENTRY "FROM ranked f JOIN runs r USING(run) " BEST
	    "LEFT JOIN alike a ON a.run = r.run "
	    "ORDER BY f.rank, a.likeness DESC LIMIT ?4", v_int(run),
	    v_text(words), v_int(0), v_int(count));
}

static int
print_entries(struct store *st, const char *name, const char *words,
    int64_t count)
{
	struct ke_err e;
	const struct run *run = run_find(st, name, &e);
	sqlite3_stmt *q;
	int got = 0;

	if (run == NULL) {
		warnx("%s", e.msg);
		return 1;
	}
	refresh(st, 0, -1);
	q = query(st, run->run, words, count);
	while (got == 0 && sql_next(st, q)) {
		int64_t source;
		cJSON *o = reuse_entry(q, &source);

		got = ke_filter_emit(o);
		cJSON_Delete(o);
	}
	sql_end(q);
	return got;
}

int
verb_reuse(struct options *o, int argc, char **argv)
{
	const char *run = NULL;
	struct ke_buf words = {0};
	struct store st;
	struct ke_err e;
	int64_t count = 16;
	int c;

	while ((c = getopt(argc, argv, "+n:r:")) != -1)
		switch (c) {
		case 'n':
			if (ke_num_int(optarg, 1, 1000000, &count, &e) == -1)
				errx(2, "-n %s", e.msg);
			break;
		case 'r':
			run = optarg;
			break;
		default:
			usage();
		}
	for (; optind < argc; optind++)
		add_word(&words, argv[optind], " ");
	ke_filter_signals();
	store_open(&st, o->dir, o->wait_ms, false);
	return print_entries(&st, run, words.s, count);
}
