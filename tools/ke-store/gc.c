/* ke-store gc: takes away what nothing names any more.  Rows go in one
 * transaction; files after it, while nobody is between writing one and
 * committing the row that names it. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter.h"
#include "json.h"
#include "object.h"
#include "verbs.h"

struct gc {
	struct store st;
	bool telling; /* changes nothing */
	int64_t rows, files, bytes;
};

#define UNNAMED "FROM objects WHERE object NOT IN (" \
	"SELECT source FROM nodes WHERE source IS NOT NULL UNION ALL " \
	"SELECT prompt FROM nodes WHERE prompt IS NOT NULL UNION ALL " \
	"SELECT record FROM nodes UNION ALL " \
	"SELECT record FROM evals UNION ALL " \
	"SELECT profile FROM evals WHERE profile IS NOT NULL)"

static void
count_rows(struct gc *g)
{
	sqlite3_stmt *q = sql_bound(&g->st, "SELECT count(*), "
	    "coalesce(sum(length(body)), 0) " UNNAMED, NULL, 0);

	if (sql_next(&g->st, q)) {
		g->rows = sqlite3_column_int64(q, 0);
		g->bytes = sqlite3_column_int64(q, 1);
		sql_end(q);
	}
}

/* Holds up no writer where there is nothing to do. */
static void
collect_rows(struct gc *g)
{
	count_rows(g);
	if (g->telling || g->rows == 0)
		return;
	/* the query has looked at every reference already */
	sql_execute(&g->st, "PRAGMA foreign_keys = OFF");
	sql_begin_write(&g->st);
	count_rows(g);
	sql_do(&g->st, sql_bound(&g->st, "DELETE " UNNAMED, NULL, 0));
	sql_commit(&g->st);
}

/* Is the file, XX/REST, an object's? */
static bool
is_named(struct store *st, const char *folder, const char *name)
{
	struct ke_buf b = {0};
	bool named;

	ke_buf_fmt(&b, "%s%s", folder, name);
	named = sql_int(st, SQL(st, "SELECT 1 FROM temp.files WHERE hash = ?",
	    v_text(b.s)), 0) == 1;
	ke_buf_free(&b);
	return named;
}

static void
collect_file(struct gc *g, const char *path)
{
	struct stat sb;

	if (lstat(path, &sb) == -1 || !S_ISREG(sb.st_mode))
		return;
	if (!g->telling && unlink(path) == -1)
		err(111, "%s", path);
	g->files++;
	g->bytes += sb.st_size;
}

static DIR *
open_folder(const char *path)
{
	DIR *d = opendir(path);

	if (d == NULL && errno != ENOTDIR)
		err(111, "%s", path);
	return d;
}

static void
collect_folder(struct gc *g, const char *path, const char *folder)
{
	DIR *d = open_folder(path);
	const struct dirent *f;

	while (d != NULL && (f = readdir(d)) != NULL) {
		struct ke_buf b = {0};

		ke_buf_fmt(&b, "%s/%s", path, f->d_name);
		if (!is_named(&g->st, folder, f->d_name))
			collect_file(g, b.s);
		ke_buf_free(&b);
	}
	if (d != NULL)
		closedir(d);
}

static void
collect_files(struct gc *g)
{
	struct ke_buf top = {0};
	int lock = objects_lock(&g->st, true);
	const struct dirent *f;
	DIR *d;

	sql_execute(&g->st, "CREATE TEMP TABLE files AS SELECT DISTINCT hash "
	    "FROM main.objects WHERE body IS NULL;"
	    "CREATE INDEX temp.files_hash ON files(hash)");
	ke_buf_fmt(&top, "%s/objects", g->st.dir);
	d = open_folder(top.s);
	while (d != NULL && (f = readdir(d)) != NULL) {
		struct ke_buf b = {0};

		ke_buf_fmt(&b, "%s/%s", top.s, f->d_name);
		if (strlen(f->d_name) == 2 && strcmp(f->d_name, "..") != 0)
			collect_folder(g, b.s, f->d_name);
		ke_buf_free(&b);
	}
	if (d != NULL)
		closedir(d);
	close(lock);
	ke_buf_free(&top);
}

int
verb_gc(struct options *o, int argc, char **argv)
{
	struct gc g = {0};
	cJSON *told = cJSON_CreateObject();
	int c, status;

	while ((c = getopt(argc, argv, "+n")) != -1)
		switch (c) {
		case 'n':
			g.telling = true;
			break;
		default:
			usage();
		}
	if (optind < argc)
		usage();
	store_open(&g.st, o->dir, o->wait_ms, false);
	collect_rows(&g);
	collect_files(&g);
	ke_json_add_number(told, "rows", (double)g.rows);
	ke_json_add_number(told, "files", (double)g.files);
	ke_json_add_number(told, "bytes", (double)g.bytes);
	status = ke_filter_emit(told);
	cJSON_Delete(told);
	return status;
}
