/* The schema of a store, told in ke-store(1), SCHEMA.  An index is there only
 * where each step of a search needs it: each is one more page that a commit
 * writes. */
#include <stddef.h>

#include "db.h"

const char *const schema[] = {
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
