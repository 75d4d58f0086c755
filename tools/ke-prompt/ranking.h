/* BM25 over the documents' texts, by SQLite's FTS5. */
#ifndef RANKING_H
#define RANKING_H

#include <sqlite3.h>

#include "kb.h"

struct ranking {
	const struct kb *kb;
	sqlite3 *db;
	sqlite3_stmt *match;
	struct ke_buf query;
};

/* Takes the index of kb (which it borrows) from the cache, or makes it and
 * puts it there.  note, where not NULL, gets a line on what became of it.
 * Ends the program where SQLite itself fails. */
void ranking_open(struct ranking *, const struct kb *, struct ke_buf *note);

/* relevance[i] of each document to any of the words in text: 0 for none, 1
 * for the best.  The text may hold anything. */
void ranking_query(struct ranking *, const char *text, double *relevance);

#endif
