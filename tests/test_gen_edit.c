/* What comes of answers: whole files, SEARCH/REPLACE blocks, diffs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/ke-gen/edit.h"
#include "../tools/ke-gen/rng.h"
#include "file.h"
#include "spawn.h"

#define SR(old, new) "<<<<<<< SEARCH\n" old "=======\n" new \
	">>>>>>> REPLACE\n"
#define DIFF(hunks) "```diff\n--- a/k.c\n+++ b/k.c\n" hunks "```\n"
#define FILE_OF(text) "```c\n/* ke-plan */\n" text "```\n"

/* Ten lines, of which two are the same. */
static const char parent[] =
    "/* ke-plan */\n"
    "void\n"
    "f(int n)\n"
    "{\n"
    "\tfor (int i = 0; i < n; i++)\n"
    "\t\tg(i);\n"
    "\th(1);\n"
    "\th(2);\n"
    "\th(1);\n"
    "}\n";

/* The parent with what stands for its last five lines. */
#define HEAD "/* ke-plan */\nvoid\nf(int n)\n{\n" \
	"\tfor (int i = 0; i < n; i++)\n"
#define WITH(tail) HEAD tail

static void
check(const char *from, const char *answer, const char *want, bool edits)
{
	struct ke_err e = {""};
	bool found;
	char *got = edit_apply(from, answer, &found, &e);

	if (got == NULL)
		fail_msg("%s\n%s", answer, e.msg);
	assert_string_equal(got, want);
	assert_true(found == edits);
	free(got);
}

static void
applies(void **state)
{
	static const struct {
		const char *answer, *want;
	} rows[] = {
		/* blocks */
		{SR("\t\tg(i);\n", "\t\tg(2 * i);\n"),
		    WITH("\t\tg(2 * i);\n\th(1);\n\th(2);\n\th(1);\n}\n")},
		{"Change\n```c\n" SR("\th(2);\n\th(1);\n", "") "```\nit.\n",
		    WITH("\t\tg(i);\n\th(1);\n}\n")},
		{SR("\th(2);\n", "\n\n") "and\n" SR("\t\tg(i);\n", "=\n"),
		    WITH("=\n\th(1);\n\n\n\th(1);\n}\n")},
		/* what is the same in both halves may overlap */
		{SR("\th(1);\n\th(2);\n", "\th(1);\n\th(3);\n")
		    SR("\t\tg(i);\n\th(1);\n\th(2);\n",
		    "\t\tG(i);\n\th(1);\n\th(2);\n"),
		    WITH("\t\tG(i);\n\th(1);\n\th(3);\n\th(1);\n}\n")},
		{SR("\t\tg(i);\n\th(1);\n\th(2);\n",
		    "\t\tg(i);\n\th(1);\n\th(3);\n")
		    SR("\t\tg(i);\n", "\t\tG(i);\n"),
		    WITH("\t\tG(i);\n\th(1);\n\th(3);\n\th(1);\n}\n")},
		{SR("\th(2);\n", "\th(2);\n") SR("\th(2);\n", "x\n"),
		    WITH("\t\tg(i);\n\th(1);\nx\n\th(1);\n}\n")},
		/* other widths, blanks, ends of lines */
		{"<<<<< SEARCH \n\th(2);\n===== \nx\n>>>>>>>> REPLACE\t\n",
		    WITH("\t\tg(i);\n\th(1);\nx\n\th(1);\n}\n")},
		{"<<<<<<< SEARCH\r\n\th(2);\r\n=======\r\nx\r\n"
		    ">>>>>>> REPLACE",
		    WITH("\t\tg(i);\n\th(1);\nx\n\th(1);\n}\n")},
		{SR("\th(2);  \n\th(1);\t\n", "x\n\th(1);\n"),
		    WITH("\t\tg(i);\n\th(1);\nx\n\th(1);\n}\n")},
		/* indented less as a whole, and more */
		{SR("\tg(i);\nh(1);\n", "\tif (i)\n\t\tg(i);\n\nh(1);\n"),
		    WITH("\t\tif (i)\n\t\t\tg(i);\n\n\th(1);\n"
		    "\th(2);\n\th(1);\n}\n")},
		{SR("  \t\tg(i);\n  \th(1);\n", "  \t\tk(i);\n  \th(1);\n"),
		    WITH("\t\tk(i);\n\th(1);\n\th(2);\n\th(1);\n}\n")},
		/* diffs: counted, counted badly, not counted, not fenced */
		{DIFF("@@ -7,3 +7,3 @@ f\n \th(1);\n-\th(2);\n+x\n \th(1);\n"),
		    WITH("\t\tg(i);\n\th(1);\nx\n\th(1);\n}\n")},
		{DIFF("@@ -70,2 +7,9 @@\n \th(1);\n-\th(2);\n+x\n \th(1);\n"),
		    WITH("\t\tg(i);\n\th(1);\nx\n\th(1);\n}\n")},
		{DIFF("@@ -7,1 +7,1 @@\n-\th(2);\n+x\n \th(1);\n\n"),
		    WITH("\t\tg(i);\n\th(1);\nx\n\th(1);\n}\n")},
		{DIFF("@@ ... @@\n-\th(2);\n\\ No newline at end\n+x\n"
		    "@@\n-\t\tg(i);\n"),
		    WITH("\th(1);\nx\n\th(1);\n}\n")},
		{"--- a\n+++ b\n@@ -8 +8,0 @@\n-\th(2);\nGone.\n",
		    WITH("\t\tg(i);\n\th(1);\n\th(1);\n}\n")},
		{"@@ -6,1 +6,2 @@\n \t\tg(i);\n+x\n@@ -8,1 +8,1 @@\n"
		    "-\th(2);\n+y\n",
		    WITH("\t\tg(i);\nx\n\th(1);\ny\n\th(1);\n}\n")},
		/* the line that it names tells which */
		{DIFF("@@ -7 +7 @@\n-\th(1);\n+x\n"),
		    WITH("\t\tg(i);\nx\n\th(2);\n\th(1);\n}\n")},
		{DIFF("@@ -9 +9 @@\n-\th(1);\n+x\n"),
		    WITH("\t\tg(i);\n\th(1);\n\th(2);\nx\n}\n")},
		/* both forms, and the end of the file */
		{SR("\th(2);\n", "x\n") DIFF("@@ -10 +10 @@\n-}\n+}}\n"
		    "\\ No newline at end of file\n"),
		    WITH("\t\tg(i);\n\th(1);\nx\n\th(1);\n}}")},
		/* a whole file, and edits behind it, which are of it */
		{SR("none\n", "x\n") FILE_OF("a\nb\n"),
		    "/* ke-plan */\na\nb\n"},
		{FILE_OF("a\nb\n") SR("a\n", "x\n"), "/* ke-plan */\nx\nb\n"},
		{FILE_OF("a\n") "~~~\n/* ke-plan */\nb\n~~~\n"
		    "```sh\nmake\n```\n", "/* ke-plan */\nb\n"},
		/* a plan in an edit makes no file of it */
		{"```\n" SR("/* ke-plan */\n", "/* ke-plan 2 */\n") "```\n",
		    "/* ke-plan 2 */\nvoid\nf(int n)\n{\n"
		    "\tfor (int i = 0; i < n; i++)\n"
		    "\t\tg(i);\n\th(1);\n\th(2);\n\th(1);\n}\n"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++)
		check(parent, rows[i].answer, rows[i].want, true);
}

/* Texts with other ends of lines, without the last one, with empty lines. */
static void
other_texts(void **state)
{
	(void)state;
	check("\ta\n\n\tb\n", SR("a\n\nb\n", "x\n\ny\n"), "\tx\n\n\ty\n",
	    true);
	check("\n\ta\n", SR(" \na\n", "x\n"), "\tx\n", true);
	check("\xef\xbb\xbf" "a\r\nb\r\nc", SR("b\n", "x\n"), "a\nx\nc", true);
	check("a\nb", SR("b\n", "x\n"), "a\nx\n", true);
	check("a\nb", DIFF("@@ -2 +2,2 @@\n b\n+c\n"), "a\nb\nc\n", true);
	check("a\nb", SR("a\n", ""), "b", true);
	check("a\n", SR("a\n", ""), "", true);
	check("", DIFF("@@ -0,0 +1 @@\n+a\n"), "a\n", true);
}

static void
refuses(void **state)
{
	static const struct {
		const char *answer, *reason;
	} rows[] = {
		/* no place, and what is there */
		{SR("\th(3);\n\th(1);\n", "x\n"),
		    "SEARCH/REPLACE 1: not found: it is most like line 6 on, "
		    "but line 6 is \"  g(i);\", not \" h(3);\""},
		{SR("\th(2);\n\th(1);\n\t}\n\th(4);\n", "x\n"),
		    "SEARCH/REPLACE 1: not found: it is most like line 8 on, "
		    "but the source ends before \" h(4);\""},
		{SR("i < n\n", "x\n"), "SEARCH/REPLACE 1: not found: \"i < n\" "
		    "is only part of line 5, \" for (int i = 0; i < n; i++)\";"
		    " whole lines are searched for"},
		{SR("nothing\n", "x\n"), "SEARCH/REPLACE 1: not found: the "
		    "source has no line \"nothing\""},
		{SR("\th(2);\n", "x\n") SR("    g(i);\n    h(1);\n", "x\n"),
		    "SEARCH/REPLACE 2: not found: it is line 6 on, but "
		    "indented otherwise"},
		{SR("\tg(i);\n\t\th(1);\n", "x\n"),
		    "SEARCH/REPLACE 1: not found: it is line 6 on, but "
		    "indented otherwise"},
		{DIFF("@@ -1 +1 @@\n-\th(2);\n+x\n@@ -1 +1 @@\n-no\n+x\n"),
		    "hunk 2: not found: the source has no line \"no\""},
		/* more than one */
		{SR("\th(1);\n", "x\n"), "SEARCH/REPLACE 1: it fits at line 7 "
		    "and at line 9: more lines around it would tell which is "
		    "meant"},
		{SR("h(1);\n", "x\n"), "SEARCH/REPLACE 1: it fits at line 7 "
		    "and at line 9: more lines around it would tell which is "
		    "meant"},
		{DIFF("@@ -1 +1 @@\n-\th(1);\n+x\n"), "hunk 1: it fits at line "
		    "7 and at line 9: more lines around it would tell which is "
		    "meant"},
		/* the same place twice */
		{SR("\th(2);\n", "x\n") SR("\th(1);\n\th(2);\n", "y\n"),
		    "SEARCH/REPLACE 2: it changes line 8, and so does "
		    "SEARCH/REPLACE 1"},
		{DIFF("@@\n \th(2);\n+x\n@@\n \th(2);\n+y\n"),
		    "hunk 2: it changes line 9, and so does hunk 1"},
		/* nothing */
		{SR("", "x\n"), "SEARCH/REPLACE 1: nothing to search for"},
		{DIFF("@@ -7,0 +8 @@\n+x\n"), "hunk 1: nothing to search for: "
		    "it adds lines without one that is kept"},
		{DIFF("@@ -7,0 +8 @@\n"), "hunk 1: it is empty"},
		{SR("\th(2);\n", "\th(2);\n"), "the edits change nothing"},
		/* indented more than the source, but not throughout */
		{SR("\t\t\tg(i);\n", "\t\t\tk(i);\n#if 1\n"),
		    "SEARCH/REPLACE 1: its lines are indented more than those "
		    "of the source, but for \"#if 1\", which it adds"},
		/* torn */
		{"<<<<<<< SEARCH\n\th(2);\n=======\nx\n",
		    "SEARCH/REPLACE 1: a line >>>>>>> REPLACE is missing"},
		{"<<<<<<< SEARCH\n\th(2);\n>>>>>>> REPLACE\n",
		    "SEARCH/REPLACE 1: a line ======= is missing"},
		{"<<<<<<< SEARCH\n=======\n=======\n>>>>>>> REPLACE\n",
		    "SEARCH/REPLACE 1: a second line ======= is in it"},
		{"<<<<<<< SEARCH\na\n" SR("b\n", "c\n"),
		    "SEARCH/REPLACE 1: another block starts in it"},
		{SR("\th(2);\n", "x\n") ">>>>>>> REPLACE\n",
		    "a line >>>>>>> REPLACE without its <<<<<<< SEARCH, behind "
		    "1 edits"},
		{"```\n" SR("\th(2);\n", "x\n"),
		    "the code block is not closed"},
		{"```\n/* ke-plan */\n", "the code block is not closed"},
		{"@@ -8,2 +8,1 @@\n-\th(2);\n", "hunk 1: its header counts 2 "
		    "old lines and 1 new, its body others"},
		{"@@ ... @@\n-\th(2);\n", "hunk 1: its header does not count "
		    "lines as in @@ -12,3 +12,4 @@, and it is in no code "
		    "block"},
		{DIFF("@@ -8,2 +8,2 @@\n-\th(2);\n+x\n\th(1);\n"),
		    "hunk 1: behind it stands \" h(1);\", which is part of no "
		    "hunk: the lines of one start with a blank, + or -"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_err e = {""};
		bool found;
		char *got = edit_apply(parent, rows[i].answer, &found, &e);

		if (got != NULL || strcmp(e.msg, rows[i].reason) != 0)
			fail_msg("%s\n%s", rows[i].answer,
			    got != NULL ? got : e.msg);
		assert_true(found);
	}
}

static void
no_edits(void **state)
{
	static const char *const rows[] = {"", "text\n=======\n--- a\n+++ b\n",
	    "```c\nint x;\n```\n", "<<<< SEARCH\n", "<<<<<<< HEAD\n",
	    "@@@\n", "<<<<<<<< SEARCHING\n"};
	struct ke_err e;
	bool found;

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		assert_null(edit_apply(parent, rows[i], &found, &e));
		assert_false(found);
	}
	assert_null(edit_apply(NULL, SR("a\n", "b\n"), &found, &e));
	assert_true(found);
	assert_string_equal(e.msg, "edits, but there is no parent to edit");
	check(NULL, FILE_OF("a\n") SR("a\n", "b\n"), "/* ke-plan */\nb\n",
	    true);
}

/* Up to max lines, few of them different, and such as mark things. */
static void
draw_text(struct rng *r, struct ke_buf *b, size_t max)
{
	static const char *const lines[] = {"", "a", "\ta", "b", "}", "-- a",
	    "++ b", "@@ -1 +1 @@", "```", "=======", "\\ No", " ", "b ",
	    ">>>>>>> REPLACE", "<<<<<<< SEARCH"};

	for (size_t n = rng_below(r, max); n > 0; n--)
		ke_buf_fmt(b, "%s\n", lines[rng_below(r, KE_LEN(lines))]);
	ke_buf_add(b, "", 0);
	if (b->n > 1 && b->s[b->n - 2] != '\n' && rng_below(r, 4) == 0)
		b->s[--b->n] = '\0';
}

/* Some lines of a, and new ones. */
static void
change_text(struct rng *r, const char *a, struct ke_buf *b)
{
	for (; *a != '\0'; a += strcspn(a, "\n") + (strchr(a, '\n') != NULL)) {
		if (rng_below(r, 8) == 0)
			draw_text(r, b, 3);
		if (b->n > 0 && b->s[b->n - 1] != '\n')
			ke_buf_str(b, "\n");
		if (rng_below(r, 8) > 0)
			ke_buf_add(b, a, strcspn(a, "\n") +
			    (strchr(a, '\n') != NULL));
	}
	ke_buf_add(b, "", 0);
}

static void
diff(const char *dir, char *how, const struct ke_buf *a,
    const struct ke_buf *b, struct ke_buf *out)
{
	struct ke_buf from = {0}, to = {0};
	char program[] = "diff";
	struct ke_child c;
	struct ke_err e;

	ke_buf_fmt(&from, "%s/a", dir);
	ke_buf_fmt(&to, "%s/b", dir);
	char *const argv[] = {program, how, from.s, to.s, NULL};
	struct ke_spawn s = {.argv = argv, .timeout_ms = 10000,
	    .output_max = 1 << 20};

	assert_int_equal(ke_file_write(from.s, a->s, a->n, &e), 0);
	assert_int_equal(ke_file_write(to.s, b->s, b->n, &e), 0);
	assert_int_equal(ke_run(&c, &s, &e), 0);
	ke_buf_add(out, c.output.s, c.output.n);
	ke_buf_free(&c.output);
	ke_buf_free(&from);
	ke_buf_free(&to);
}

/* What diff(1) says of two texts makes the second of the first. */
static void
diffs(void **state)
{
	char dir[] = "/tmp/test_gen_edit.XXXXXX", u[] = "-u", u1[] = "-U1";
	struct ke_buf path = {0};
	struct rng r;

	(void)state;
	rng_seed(&r, "diffs", 5);
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 200; i++) {
		struct ke_buf a = {0}, b = {0}, d = {0}, answer = {0};
		bool fenced = i % 2 == 0;

		draw_text(&r, &a, 60);
		change_text(&r, a.s, &b);
		diff(dir, i % 3 == 0 ? u1 : u, &a, &b, &d);
		ke_buf_fmt(&answer, "%s%s%s", fenced ? "````diff\n" : "",
		    d.s, fenced ? "````\n" : "");
		if (d.n > 0)
			check(a.s, answer.s, b.s, true);
		ke_buf_free(&a);
		ke_buf_free(&b);
		ke_buf_free(&d);
		ke_buf_free(&answer);
	}
	for (const char *name = "ab"; *name != '\0'; name++) {
		path.n = 0;
		ke_buf_fmt(&path, "%s/%c", dir, *name);
		unlink(path.s);
	}
	rmdir(dir);
	ke_buf_free(&path);
}

/* Where every line is another, neither numbers nor counts, neither blanks at
 * ends nor a shift are needed. */
static void
fuzz(void **state)
{
	struct rng r;

	(void)state;
	rng_seed(&r, "fuzz", 4);
	for (int i = 0; i < 200; i++) {
		struct ke_buf a = {0}, b = {0}, hunk = {0}, block = {0};
		size_t n = 10 + rng_below(&r, 20), at = rng_below(&r, n - 4);
		const char *tail = rng_below(&r, 2) == 0 ? " \t" : "";
		const char *less = rng_below(&r, 2) == 0 ? "\t" : "";

		ke_buf_str(&hunk, "```\n@@ -999,2 +1,77 @@\n");
		ke_buf_str(&block, "<<<<<<< SEARCH\n");
		for (size_t k = 0; k < n; k++) {
			ke_buf_fmt(&a, "\tline %zu\n", k);
			ke_buf_fmt(&b, "\t%s %zu\n",
			    k == at + 1 ? "new" : "line", k);
			if (k < at || k > at + 2)
				continue;
			ke_buf_fmt(&hunk, "%s%sline %zu%s\n",
			    k == at + 1 ? "-" : " ", *less == '\0' ? "\t" : "",
			    k, tail);
			if (k == at + 1)
				ke_buf_fmt(&hunk, "+%snew %zu\n",
				    *less == '\0' ? "\t" : "", k);
			ke_buf_fmt(&block, " %s\tline %zu%s\n", less, k, tail);
		}
		ke_buf_fmt(&block, "=======\n \tline %zu\n \tnew %zu\n"
		    " \tline %zu\n>>>>>>> REPLACE\n", at, at + 1, at + 2);
		ke_buf_str(&hunk, "```\n");
		check(a.s, hunk.s, b.s, true);
		if (*less == '\0')
			check(a.s, block.s, b.s, true);
		ke_buf_free(&a);
		ke_buf_free(&b);
		ke_buf_free(&hunk);
		ke_buf_free(&block);
	}
}

static void
add_lines(struct ke_buf *b, size_t n)
{
	memset(ke_buf_room(b, n), '\n', n);
	b->n += n;
	b->s[b->n] = '\0';
}

/* Neither the longest search nor the most edits take long, and what is larger
 * than them is refused. */
static void
large(void **state)
{
	static const struct {
		size_t lines, searched, times;
		const char *reason;
	} rows[] = {
		{60000, 900, 1, "SEARCH/REPLACE 1: not found: the source has "
		    "no line \"y\""},
		{60000, 30000, 1, "30000 lines are too many to be searched for "
		    "in 60000 bytes"},
		{1000, 1, 1001, "more than 1000 edits, or 1048576 bytes of "
		    "them"},
		{10, 1050000, 1, "more than 1000 edits, or 1048576 bytes of "
		    "them"},
		{1050000, 1, 1, "a text of more than 1048576 bytes is not "
		    "edited"},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct ke_buf text = {0}, answer = {0};
		struct ke_err e;
		bool found;

		add_lines(&text, rows[i].lines);
		for (size_t k = 0; k < rows[i].times; k++) {
			ke_buf_str(&answer, "<<<<<<< SEARCH\n");
			add_lines(&answer, rows[i].searched - 1);
			ke_buf_str(&answer, "y\n=======\n>>>>>>> REPLACE\n");
		}
		assert_null(edit_apply(text.s, answer.s, &found, &e));
		assert_string_equal(e.msg, rows[i].reason);
		ke_buf_free(&text);
		ke_buf_free(&answer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applies),
		cmocka_unit_test(other_texts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(no_edits),
		cmocka_unit_test(diffs),
		cmocka_unit_test(fuzz),
		cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
