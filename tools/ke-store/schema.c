/* The schema of a store, version by version, told in ke-store(1), SCHEMA.  An
 * index is there only where each step of a search needs it: each is one more
 * page that a commit writes.  A version that was released is never changed. */
#include <err.h>
#include <stddef.h>

#include "db.h"
#include "fill.h"

#define APPLICATION_ID 0x6b657374 /* "kest" */

static const char *const version_1[] = {
	"CREATE TABLE runs("
	" run INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" op TEXT NOT NULL,"
	" target TEXT NOT NULL,"
	" language TEXT NOT NULL,"
	" dtype TEXT NOT NULL,"
	" env_key TEXT,"
	" record TEXT NOT NULL,"
	" created INTEGER NOT NULL,"
	" finished TEXT)",

	/* body is NULL where the contents are a file of objects/; those that
	 * are shared are kept once: an index over all hashes would cost an add
	 * five random pages */
	"CREATE TABLE objects("
	" object INTEGER PRIMARY KEY,"
	" hash TEXT NOT NULL,"
	" shared INTEGER NOT NULL,"
	" size INTEGER NOT NULL,"
	" body BLOB)",
	"CREATE UNIQUE INDEX objects_shared ON objects(hash) WHERE shared",

	"CREATE TABLE nodes("
	" node INTEGER PRIMARY KEY,"
	" id TEXT NOT NULL UNIQUE,"
	" run INTEGER NOT NULL REFERENCES runs,"
	" seq INTEGER NOT NULL,"
	" pid TEXT,"
	" parent INTEGER REFERENCES nodes(node),"
	" xid TEXT,"
	" phase TEXT NOT NULL,"
	" depth INTEGER NOT NULL,"
	" island INTEGER,"
	" status TEXT NOT NULL,"
	" score REAL NOT NULL,"
	" is_buggy INTEGER AS (status <> 'pass'),"
	" fingerprint TEXT,"
	" choice TEXT,"
	" strategy TEXT,"
	" eval INTEGER REFERENCES evals,"
	" source INTEGER REFERENCES objects,"
	" prompt INTEGER REFERENCES objects,"
	" record INTEGER NOT NULL REFERENCES objects)",
	"CREATE INDEX nodes_best ON nodes(run, score) WHERE score > 0",

	/* place: 0 for pid, 1 and on for pids */
	"CREATE TABLE edges("
	" parent INTEGER NOT NULL REFERENCES nodes,"
	" place INTEGER NOT NULL,"
	" child INTEGER NOT NULL REFERENCES nodes,"
	" PRIMARY KEY(parent, place, child)) WITHOUT ROWID",

	/* settled: 0 for what the moment decided, and for duplicates; node
	 * is put in after its evaluation, so that fsck checks it and no
	 * deferred constraint, which would look through the whole table */
	"CREATE TABLE evals("
	" eval INTEGER PRIMARY KEY,"
	" node INTEGER NOT NULL,"
	" run INTEGER NOT NULL REFERENCES runs,"
	" fingerprint TEXT,"
	" effort TEXT NOT NULL,"
	" env_key TEXT,"
	" settled INTEGER NOT NULL,"
	" status TEXT NOT NULL,"
	" score REAL NOT NULL,"
	" record INTEGER NOT NULL REFERENCES objects,"
	" profile INTEGER REFERENCES objects)",
	"CREATE UNIQUE INDEX evals_once ON evals(fingerprint, effort, run)"
	" WHERE settled",
	"CREATE INDEX evals_best ON evals(run, score)"
	" WHERE effort = 'full' AND score > 0",

	/* row and tried are kept as they are printed: following a run and
	 * telling what was tried then cost one range of one tree */
	"CREATE TABLE commits("
	" run INTEGER NOT NULL REFERENCES runs,"
	" seq INTEGER NOT NULL,"
	" node INTEGER NOT NULL REFERENCES nodes,"
	" xid TEXT,"
	" source INTEGER,"
	" tokens INTEGER,"
	" money REAL,"
	" joules REAL,"
	" seconds REAL,"
	" row TEXT NOT NULL,"
	" tried TEXT,"
	" PRIMARY KEY(run, seq)) WITHOUT ROWID",
	"CREATE UNIQUE INDEX commits_xid ON commits(run, xid)"
	" WHERE xid IS NOT NULL",
	"CREATE INDEX commits_tried ON commits(run, source, seq, tried)"
	" WHERE tried IS NOT NULL",

	"CREATE VIEW usage AS"
	" SELECT run, seq, node, tokens, money, joules, seconds FROM commits",

	/* AUTOINCREMENT, because a follower asks for leases beyond the last
	 * that it saw; owner is NULL after a clean end */
	"CREATE TABLE leases("
	" lease INTEGER PRIMARY KEY AUTOINCREMENT,"
	" id TEXT NOT NULL,"
	" xid TEXT NOT NULL,"
	" run INTEGER NOT NULL REFERENCES runs,"
	" source INTEGER,"
	" row TEXT NOT NULL,"
	" expansion TEXT NOT NULL,"
	" boot TEXT NOT NULL,"
	" owner INTEGER,"
	" started INTEGER,"
	" expires INTEGER NOT NULL,"
	" UNIQUE(run, xid))",
	NULL,
};

static const char *const version_2[] = {
	/* detail: why it failed, as context.tried has it; seq: of the commit
	 * that the evaluation came with */
	"ALTER TABLE nodes ADD COLUMN detail TEXT",
	"ALTER TABLE nodes ADD COLUMN bottleneck TEXT",
	"ALTER TABLE evals ADD COLUMN seq INTEGER",

	/* series: the set that the case is of; speedup with its interval */
	"CREATE TABLE cases("
	" eval INTEGER NOT NULL REFERENCES evals,"
	" place INTEGER NOT NULL,"
	" series TEXT,"
	" dims TEXT,"
	" status TEXT,"
	" weight REAL,"
	" t_us REAL,"
	" t_lo_us REAL,"
	" t_hi_us REAL,"
	" baseline_us REAL,"
	" speedup REAL,"
	" speedup_lo REAL,"
	" speedup_hi REAL,"
	" PRIMARY KEY(eval, place)) WITHOUT ROWID",

	/* what runs are compared by, see traits.c */
	"CREATE TABLE traits("
	" trait TEXT NOT NULL,"
	" run INTEGER NOT NULL REFERENCES runs,"
	" weight REAL NOT NULL,"
	" PRIMARY KEY(trait, run)) WITHOUT ROWID",
	"CREATE INDEX traits_run ON traits(run, weight)",

	/* of the best node of each run, brought up to date when it is asked
	 * for; the triggers are those that SQLite's manual gives for a table
	 * that FTS5 only indexes */
	"CREATE TABLE overviews("
	" run INTEGER PRIMARY KEY REFERENCES runs,"
	" node INTEGER NOT NULL REFERENCES nodes,"
	" eval INTEGER REFERENCES evals,"
	" text TEXT NOT NULL)",
	"CREATE VIRTUAL TABLE overviews_words USING fts5(text,"
	" content = 'overviews', content_rowid = 'run',"
	" tokenize = 'porter unicode61')",
	"CREATE TRIGGER overviews_insert AFTER INSERT ON overviews BEGIN"
	" INSERT INTO overviews_words(rowid, text)"
	"  VALUES(new.run, new.text); END",
	"CREATE TRIGGER overviews_delete AFTER DELETE ON overviews BEGIN"
	" INSERT INTO overviews_words(overviews_words, rowid, text)"
	"  VALUES('delete', old.run, old.text); END",

	"CREATE VIEW kernels AS"
	" SELECT n.id, n.pid, n.score, n.is_buggy,"
	"  'objects/' || substr(o.hash, 1, 2) || '/' || substr(o.hash, 3)"
	"   AS path_ref,"
	"  r.name AS run, n.seq, n.status, n.choice, n.strategy, n.detail,"
	"  n.bottleneck, CAST(o.body AS TEXT) AS source"
	" FROM nodes n JOIN runs r USING(run)"
	"  LEFT JOIN objects o ON o.object = n.source",
	"CREATE VIEW strategies AS"
	" SELECT n.run, n.strategy, count(*) AS tried,"
	"  sum(n.status = 'pass') AS passed,"
	"  sum(n.score > coalesce(p.score, 0)) AS improved,"
	"  max(n.score) AS best"
	" FROM nodes n LEFT JOIN nodes p ON p.node = n.parent"
	" WHERE n.strategy IS NOT NULL AND n.status <> 'lost'"
	" GROUP BY n.run, n.strategy",
	NULL,
};

const struct version schema_versions[SCHEMA_VERSION] = {
	{version_1, NULL},
	{version_2, fill_2},
};

static int64_t
pragma(struct store *st, const char *text)
{
	sqlite3_stmt *q;
	int64_t v;

	if (sqlite3_prepare_v2(st->db, text, -1, &q, NULL) != SQLITE_OK)
		store_fail(st);
	v = sql_int(st, q, 0);
	sqlite3_finalize(q);
	return v;
}

static void
upgrade(struct store *st, int64_t from)
{
	struct ke_buf b = {0};

	for (int64_t v = from; v < SCHEMA_VERSION; v++) {
		const char *const *s = schema_versions[v].statements;

		for (; *s != NULL; s++)
			sql_execute(st, *s);
		if (schema_versions[v].fill != NULL)
			schema_versions[v].fill(st);
	}
	ke_buf_fmt(&b, "PRAGMA application_id = %d; PRAGMA user_version = %d",
	    APPLICATION_ID, SCHEMA_VERSION);
	sql_execute(st, b.s);
	ke_buf_free(&b);
}

void
schema_open(struct store *st, bool make)
{
	int64_t version = pragma(st, "PRAGMA user_version");

	if (version > SCHEMA_VERSION)
		errx(111, "%s: schema version %lld, and this ke-store knows no "
		    "later one than %d", st->path, (long long)version,
		    SCHEMA_VERSION);
	if (version == 0 && make &&
	    pragma(st, "SELECT count(*) FROM sqlite_schema") == 0)
		sql_execute(st, "PRAGMA journal_mode = WAL");
	else if (pragma(st, "PRAGMA application_id") != APPLICATION_ID)
		errx(111, "%s: not the database of a store", st->path);
	if (version == SCHEMA_VERSION)
		return;
	if (sqlite3_exec(st->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	    SQLITE_OK)
		errx(111, "%s: schema version %lld can't be made %d: %s",
		    st->path, (long long)version, SCHEMA_VERSION,
		    sqlite3_errmsg(st->db));
	/* another may have done it since */
	upgrade(st, pragma(st, "PRAGMA user_version"));
	sql_commit(st);
}
