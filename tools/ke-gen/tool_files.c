/* Tools: the files of the folder. */
#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "lines.h"
#include "tool.h"

#define LINES 400 /* that are read where nothing is said */

/* The file's text, or false after tool_refuse. */
static bool
read_text(struct agent *a, const char *path, struct ke_buf *text)
{
	struct ke_buf names = {0};
	struct ke_err e;

	if (folder_read(&a->folder, path, text, &e) == 0)
		return true;
	folder_list(&a->folder, &names);
	tool_refuse(a, "%s\nThe files are:\n%s", e.msg,
	    names.n > 0 ? names.s : "");
	ke_buf_free(&names);
	return false;
}

static void
start_read(struct agent *a, const cJSON *args)
{
	const char *path = tool_string(a, args, "path", tool_candidate(a));
	size_t from = tool_count(args, "from", 1) - 1;
	size_t n = tool_count(args, "lines", LINES), to;
	struct ke_buf text = {0}, part = {0};
	struct lines all = {0};

	if (path == NULL || !read_text(a, path, &text))
		goto end;
	lines_split(&all, text.s);
	from = from < all.n ? from : all.n;
	to = n < all.n - from ? from + n : all.n;
	if (from > 0 || to < all.n)
		tool_say(a, "(lines %zu to %zu of %zu)\n", from + 1, to, all.n);
	ke_buf_add(&part, "", 0);
	while (from < to)
		line_put(&part, &all.all[from++]);
	tool_say(a, "%s", part.s);
end:
	free(all.all);
	ke_buf_free(&text);
	ke_buf_free(&part);
}

/* Writes where a model may: false after tool_refuse. */
static bool
write_text(struct agent *a, const char *path, const char *text)
{
	struct ke_err e;

	if (folder_check(path, &e) == 0 && folder_write(&a->folder, path, text,
	    strlen(text), &e) == 0)
		return true;
	tool_refuse(a, "%s", e.msg);
	return false;
}

static void
start_write(struct agent *a, const cJSON *args)
{
	const char *path = tool_string(a, args, "path", tool_candidate(a));
	const char *content = path == NULL ? NULL
	    : tool_string(a, args, "content", NULL);

	if (content != NULL && write_text(a, path, content))
		tool_say(a, "%s: written, %zu bytes\n", path, strlen(content));
}

static void
start_replace(struct agent *a, const cJSON *args)
{
	const char *path = tool_string(a, args, "path", tool_candidate(a));
	const char *edits = path == NULL ? NULL
	    : tool_string(a, args, "edits", NULL);
	struct ke_buf text = {0};
	struct ke_err e;
	char *changed = NULL;
	bool found;

	if (edits == NULL || !read_text(a, path, &text))
		goto end;
	changed = edit_apply(text.s, edits, &found, &e);
	if (!found)
		tool_refuse(a, "edits: neither a SEARCH/REPLACE block nor a "
		    "hunk of a diff is in it");
	else if (changed == NULL)
		tool_refuse(a, "%s: left as it was: %s", path, e.msg);
	else if (write_text(a, path, changed))
		tool_say(a, "%s: written, %zu bytes\n", path, strlen(changed));
end:
	free(changed);
	ke_buf_free(&text);
}

const struct tool tool_read = {"read_file",
	"Read a file of your folder: the candidate, or the operator's files "
	"op/op.json, op/ref.c, op/base.* and op/seed*.",
	"{\"type\":\"object\",\"properties\":{"
	"\"path\":{\"type\":\"string\",\"description\":"
	"\"default: the candidate\"},"
	"\"from\":{\"type\":\"integer\",\"description\":"
	"\"first line, default 1\"},"
	"\"lines\":{\"type\":\"integer\",\"description\":"
	"\"how many, default 400\"}}}",
	false, start_read, NULL};

const struct tool tool_write = {"write_file",
	"Write a whole file of your folder. The candidate, as it is when you "
	"end, is your answer.",
	"{\"type\":\"object\",\"properties\":{"
	"\"path\":{\"type\":\"string\",\"description\":"
	"\"default: the candidate\"},"
	"\"content\":{\"type\":\"string\"}},\"required\":[\"content\"]}",
	false, start_write, NULL};

const struct tool tool_replace = {"replace_in_file",
	"Change a file of your folder. All edits refer to the file as it is, "
	"and must not overlap; if one of them can't be applied, none is.",
	"{\"type\":\"object\",\"properties\":{"
	"\"path\":{\"type\":\"string\",\"description\":"
	"\"default: the candidate\"},"
	"\"edits\":{\"type\":\"string\",\"description\":"
	"\"one or more blocks of the form\\n<<<<<<< SEARCH\\nwhole lines as "
	"they stand there, enough to occur only once\\n=======\\n"
	"the lines that take their place\\n>>>>>>> REPLACE\\n"
	"or hunks of a unified diff in a code block\"}},"
	"\"required\":[\"edits\"]}",
	false, start_replace, NULL};
