/* The database of a store: opening it, statements, transactions.  A failure
 * of SQLite (disk full, locked for too long, damaged) ends the program with
 * status 111 and its reason: what was not committed is then undone by the
 * next who opens the store, and what was acknowledged was committed before. */
#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "mem.h"

#define STATEMENTS_MAX 128

struct run;

struct store {
	sqlite3 *db;
	char *dir, *path; /* the folder, and ke.db in it */
	int wait_ms;      /* for another writer's lock */
	int writing;      /* object.h's lock, a descriptor, or -1 */
	struct run *run;  /* the one last looked up, see run.h */
	size_t n_cached;
	struct {
		const char *text;
		sqlite3_stmt *q;
	} cache[STATEMENTS_MAX];
};

/* A value to be bound; text and bytes are borrowed until the statement ends. */
struct value {
	enum {
		VALUE_NULL,
		VALUE_INT,
		VALUE_REAL,
		VALUE_TEXT,
		VALUE_BYTES,
	} type;
	int64_t i;
	double f;
	const void *p;
	size_t n;
};

struct value v_int(int64_t);
struct value v_ref(int64_t); /* 0 stands for none: NULL */
struct value v_real(double);
struct value v_text(const char *); /* NULL for NULL */
struct value v_bytes(const void *, size_t);

/* Opens the store in dir; make: makes it where it is missing. */
void store_open(struct store *, const char *dir, int wait_ms, bool make);

/* A statement with its values bound, ready for sql_next.  text is a constant:
 * the statement is kept under its address. */
sqlite3_stmt *sql_bound(struct store *, const char *text,
    const struct value *, size_t n);
#define SQL(st, text, ...) \
	sql_bound(st, text, (const struct value[]){__VA_ARGS__}, \
	    sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value))

/* The next row?  At the end the statement is reset. */
bool sql_next(struct store *, sqlite3_stmt *);
/* Resets a statement that was not read to its end. */
void sql_end(sqlite3_stmt *);
/* Runs it to its end. */
void sql_do(struct store *, sqlite3_stmt *);
/* The first column of the only row, or other where there is none. */
int64_t sql_int(struct store *, sqlite3_stmt *, int64_t other);

/* The column's text, borrowed until the next step; NULL for NULL. */
const char *sql_text(sqlite3_stmt *, int column);
/* A copy, which the caller frees; NULL for NULL. */
char *sql_copy(sqlite3_stmt *, int column);

void sql_begin_read(struct store *);
void sql_begin_write(struct store *);
/* As sql_begin_write, but waits a second at most; false where the store stays
 * locked, or can't be written. */
bool sql_try_write(struct store *);
/* Ends the hold on files of object.h too. */
void sql_commit(struct store *);

/* Ends the program with SQLite's reason. */
void store_fail(struct store *) __attribute__((noreturn));

void sql_execute(struct store *, const char *text);

/* What makes a schema of the version before into this one: a store is made
 * by going through all of them, and an older one goes through those that it
 * lacks, so that both come out the same.  fill (may be NULL) computes from
 * what is there what the new part should hold. */
struct version {
	const char *const *statements; /* up to a NULL */
	void (*fill)(struct store *);
};
#define SCHEMA_VERSION 2
extern const struct version schema_versions[SCHEMA_VERSION];

/* Brings the schema to SCHEMA_VERSION, in one transaction; make: an empty
 * database too.  Ends the program where it is of a later version, or another
 * program's. */
void schema_open(struct store *, bool make);

#endif
