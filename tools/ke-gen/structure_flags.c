/* Compiler flags, added, dropped and swapped. */
#include <stdlib.h>
#include <string.h>

#include "structure_move.h"

/* What is known of the flags that ke-plan(5) allows.  Of a group a plan has
 * one.  within: those that contain it.  A flag without a line here stands for
 * itself. */
static const struct {
	const char *flag;
	int group; /* 0: none */
	const char *within;
	const char *needs; /* without which it does nothing: gcc(1) */
} known[] = {
	{"-O2", 1, "", ""},
	{"-Ofast", 1, "", ""},
	{"-ffast-math", 0, "-Ofast", ""},
	{"-fassociative-math", 0, "-Ofast -ffast-math",
	    "-fno-signed-zeros -fno-trapping-math"},
	{"-fno-math-errno", 0, "-Ofast -ffast-math", ""},
	{"-fno-trapping-math", 0, "-Ofast -ffast-math", ""},
	{"-fno-signed-zeros", 0, "-Ofast -ffast-math", ""},
	{"-mprefer-vector-width=128", 2, "", ""},
	{"-mprefer-vector-width=256", 2, "", ""},
	{"-mprefer-vector-width=512", 2, "", ""},
	{"--ftz=true", 0, "--use_fast_math", ""},
	{"--prec-div=false", 0, "--use_fast_math", ""},
	{"--prec-sqrt=false", 0, "--use_fast_math", ""},
	{"-freciprocal-math", 0, "-ffast-math", ""},
	{"--fmad=false", 3, "", ""},
	{"--use_fast_math", 3, "", ""},
};

/* What the compiler does without being told: C's standard in GNU's form
 * contracts, and the harness says -O3. */
static const char *const defaults[] = {"-O3", "-ffp-contract=fast"};

static size_t
line_of(const char *flag)
{
	size_t i = 0;

	while (i < KE_LEN(known) && strcmp(known[i].flag, flag) != 0)
		i++;
	return i;
}

/* Is the flag one of the words? */
static bool
is_in(const char *flag, const char *words)
{
	size_t n = strlen(flag);

	for (const char *s = words; *s != '\0'; s += strspn(s, " ")) {
		size_t len = strcspn(s, " ");

		if (len == n && memcmp(s, flag, n) == 0)
			return true;
		s += len;
	}
	return false;
}

static int
find_flag(const cJSON *flags, const char *flag)
{
	int at = 0;
	const cJSON *f;

	cJSON_ArrayForEach(f, flags) {
		if (cJSON_IsString(f) && strcmp(f->valuestring, flag) == 0)
			return at;
		at++;
	}
	return -1;
}

static bool
is_default(const char *flag)
{
	for (size_t i = 0; i < KE_LEN(defaults); i++)
		if (strcmp(defaults[i], flag) == 0)
			return true;
	return false;
}

/* Would the flag change nothing beside those there are? */
static bool
is_idle(const cJSON *flags, const char *flag)
{
	size_t line = line_of(flag);
	const cJSON *f;

	if (is_default(flag))
		return true;
	cJSON_ArrayForEach(f, flags)
		if (line < KE_LEN(known) &&
		    is_in(f->valuestring, known[line].within))
			return true;
	return false;
}

/* Takes out what the new flag contains or excludes. */
static void
make_room(struct variant *v, cJSON *flags, const char *flag)
{
	size_t line = line_of(flag);

	for (int i = cJSON_GetArraySize(flags); i-- > 0;) {
		const char *old = cJSON_GetArrayItem(flags, i)->valuestring;
		size_t other = line_of(old);
		bool same = line < KE_LEN(known) && other < KE_LEN(known) &&
		    known[line].group != 0 &&
		    known[line].group == known[other].group;

		if (!same && (other == KE_LEN(known) ||
		    !is_in(flag, known[other].within)))
			continue;
		if (same)
			ke_buf_fmt(&v->words, " for %s", old);
		cJSON_DeleteItemFromArray(flags, i);
	}
}

static void
add_needed(cJSON *flags, const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");
		char *word = ke_strndup(words, n);

		if (find_flag(flags, word) == -1)
			cJSON_AddItemToArray(flags, cJSON_CreateString(word));
		free(word);
		words += n + strspn(words + n, " ");
	}
}

/* In the order of the list, so that a set is always the same text. */
static cJSON *
sorted(const cJSON *flags, const char *const *all, size_t n)
{
	cJSON *out = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++)
		if (find_flag(flags, all[i]) != -1)
			cJSON_AddItemToArray(out, cJSON_CreateString(all[i]));
	return out;
}

bool
structure_flags(struct variant *v)
{
	size_t n;
	const char *const *all = ke_plan_flags(v->from->language->name, &n);
	const char *flag = all[rng_below(v->rng, n)];
	cJSON *old = ke_json_array(v->text.json, "flags");
	cJSON *flags = old == NULL ? cJSON_CreateArray()
	    : cJSON_Duplicate(old, 1);
	int at = find_flag(flags, flag);
	bool good = at != -1 || !is_idle(flags, flag);

	if (at != -1) {
		ke_buf_fmt(&v->words, "without %s", flag);
		cJSON_DeleteItemFromArray(flags, at);
	} else if (good) {
		size_t line = line_of(flag);

		ke_buf_fmt(&v->words, "with %s", flag);
		make_room(v, flags, flag);
		cJSON_AddItemToArray(flags, cJSON_CreateString(flag));
		if (line < KE_LEN(known))
			add_needed(flags, known[line].needs);
	}
	ke_json_set(v->text.json, "flags", sorted(flags, all, n));
	cJSON_Delete(flags);
	return good;
}
