/* BM25 over the documents' texts, by SQLite's FTS5.
 *
 * The index is made in memory and kept as a file under the hash of what it
 * was made from, so it is never stale, and processes that race write the same
 * file, whole.  The file is read whole too: no locks, no journal. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "file.h"
#include "ranking.h"

#define CACHE_MAX ((size_t)1 << 30) /* bytes */
#define TERMS_MAX 24                /* words of a query that count */

static const char *const make[] = {
	"CREATE VIRTUAL TABLE docs USING fts5(path, summary, text, content='',"
	" tokenize='porter unicode61')",
	"BEGIN",
};

/* A word in the path or summary counts more than one in the text. */
static const char match[] =
    "SELECT rowid, bm25(docs, 4.0, 3.0, 1.0) FROM docs WHERE docs MATCH ?1";

/* Words that tell no document from another. */
static const char *const common[] = {"and", "are", "for", "from", "has",
    "have", "into", "its", "more", "not", "over", "than", "that", "the",
    "them", "this", "was", "which", "with", "would"};

static void
run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		errx(111, "index: %s", sqlite3_errmsg(db));
}

static void
insert(sqlite3_stmt *s, const struct document *d, size_t rowid)
{
	sqlite3_bind_int64(s, 1, (sqlite3_int64)rowid);
	sqlite3_bind_text(s, 2, d->path, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, d->summary, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, d->text, -1, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		errx(111, "index: %s", sqlite3_errmsg(sqlite3_db_handle(s)));
	sqlite3_reset(s);
}

static void
open_memory(sqlite3 **db)
{
	if (sqlite3_open(":memory:", db) != SQLITE_OK)
		errx(111, "index: %s", sqlite3_errmsg(*db));
}

static void
build(struct ranking *r)
{
	sqlite3_stmt *s;

	open_memory(&r->db);
	for (size_t i = 0; i < KE_LEN(make); i++)
		run(r->db, make[i]);
	if (sqlite3_prepare_v2(r->db, "INSERT INTO docs(rowid, path, summary, "
	    "text) VALUES (?1, ?2, ?3, ?4)", -1, &s, NULL) != SQLITE_OK)
		errx(111, "index: %s", sqlite3_errmsg(r->db));
	for (size_t i = 0; i < r->kb->n; i++)
		insert(s, &r->kb->docs[i], i + 1);
	sqlite3_finalize(s);
	run(r->db, "COMMIT");
}

static void
close_index(struct ranking *r)
{
	sqlite3_finalize(r->match);
	sqlite3_close(r->db);
	r->match = NULL;
	r->db = NULL;
}

static int
prepare(struct ranking *r)
{
	return sqlite3_prepare_v3(r->db, match, -1, SQLITE_PREPARE_PERSISTENT,
	    &r->match, NULL) == SQLITE_OK ? 0 : -1;
}

/* From the file: 0, or -1 where it is not there or no index. */
static int
load(struct ranking *r, const char *path)
{
	struct ke_buf file = {0};
	struct ke_err e;
	unsigned char *copy;

	if (ke_file_read(path, CACHE_MAX, &file, &e) == -1) {
		ke_buf_free(&file);
		return -1;
	}
	copy = sqlite3_malloc64(file.n + 1);
	if (copy == NULL)
		errx(111, "out of memory");
	memcpy(copy, file.s, file.n);
	open_memory(&r->db);
	/* SQLite frees copy, also where it fails */
	if (sqlite3_deserialize(r->db, "main", copy, (sqlite3_int64)file.n,
	    (sqlite3_int64)file.n, SQLITE_DESERIALIZE_FREEONCLOSE |
	    SQLITE_DESERIALIZE_READONLY) != SQLITE_OK || prepare(r) == -1)
		close_index(r);
	ke_buf_free(&file);
	return r->db != NULL ? 0 : -1;
}

static int
save(const struct ranking *r, const char *path, struct ke_err *e)
{
	sqlite3_int64 n;
	unsigned char *image = sqlite3_serialize(r->db, "main", &n, 0);
	int status;

	if (image == NULL)
		errx(111, "out of memory");
	status = ke_file_write(path, image, (size_t)n, e);
	sqlite3_free(image);
	return status;
}

static void
build_ready(struct ranking *r)
{
	build(r);
	if (prepare(r) == -1)
		errx(111, "index: %s", sqlite3_errmsg(r->db));
}

void
ranking_open(struct ranking *r, const struct kb *kb, struct ke_buf *note)
{
	struct ke_buf path = {0};
	struct ke_err e;
	char *dir = ke_cache_dir("kb", &e);
	const char *what = "taken from the cache";

	*r = (struct ranking){.kb = kb};
	ke_buf_fmt(&path, "%s/%s.db", dir != NULL ? dir : "", kb->hash);
	if (dir == NULL || load(r, path.s) == -1) {
		build_ready(r);
		what = "made";
		if (dir == NULL || save(r, path.s, &e) == -1)
			what = e.msg;
	}
	if (note != NULL)
		ke_buf_fmt(note, "%s: index of %zu documents: %s",
		    dir != NULL ? path.s : "memory", kb->n, what);
	ke_buf_free(&path);
	free(dir);
}

static bool
is_word(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

static bool
is_common(const char *s, size_t n)
{
	for (size_t i = 0; i < KE_LEN(common); i++)
		if (strlen(common[i]) == n &&
		    strncasecmp(common[i], s, n) == 0)
			return true;
	return false;
}

/* Is "word" in the query already? */
static bool
has_term(const struct ke_buf *query, const char *s, size_t n)
{
	for (size_t i = 0; i + n + 2 <= query->n; i++)
		if (query->s[i] == '"' && query->s[i + n + 1] == '"' &&
		    strncasecmp(query->s + i + 1, s, n) == 0)
			return true;
	return false;
}

/* "a" OR "b" OR ...: words of letters and digits alone, each in quotes, so
 * nothing in the text is syntax. */
static size_t
make_query(struct ke_buf *query, const char *s)
{
	size_t terms = 0;

	query->n = 0;
	while (*s != '\0' && terms < TERMS_MAX) {
		size_t n = 0;

		while (is_word((unsigned char)s[n]))
			n++;
		if (n > 2 && n < 64 && !(s[0] >= '0' && s[0] <= '9') &&
		    !is_common(s, n) && !has_term(query, s, n)) {
			ke_buf_fmt(query, "%s\"%.*s\"",
			    terms == 0 ? "" : " OR ", (int)n, s);
			terms++;
		}
		s += n > 0 ? n : 1;
	}
	return terms;
}

static int
fill(struct ranking *r, double *relevance)
{
	int got;

	memset(relevance, 0, r->kb->n * sizeof(*relevance));
	sqlite3_bind_text(r->match, 1, r->query.s, (int)r->query.n,
	    SQLITE_STATIC);
	while ((got = sqlite3_step(r->match)) == SQLITE_ROW) {
		sqlite3_int64 id = sqlite3_column_int64(r->match, 0);

		if (id >= 1 && (size_t)id <= r->kb->n)
			relevance[id - 1] = -sqlite3_column_double(r->match, 1);
	}
	sqlite3_reset(r->match);
	return got == SQLITE_DONE ? 0 : -1;
}

void
ranking_query(struct ranking *r, const char *text, double *relevance)
{
	double best = 0;

	if (make_query(&r->query, text) == 0) {
		memset(relevance, 0, r->kb->n * sizeof(*relevance));
		return;
	}
	/* a torn file may show only now */
	if (fill(r, relevance) == -1) {
		close_index(r);
		build_ready(r);
		if (fill(r, relevance) == -1)
			errx(111, "index: %s", sqlite3_errmsg(r->db));
	}
	for (size_t i = 0; i < r->kb->n; i++)
		best = relevance[i] > best ? relevance[i] : best;
	for (size_t i = 0; best > 0 && i < r->kb->n; i++)
		relevance[i] = relevance[i] > 0 ? relevance[i] / best : 0;
}
