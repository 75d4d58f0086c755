/* A compiler that is a library, in the process that loads it. */
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "rtc.h"

#define SOURCE_MAX ((size_t)64 << 20)

typedef void *program;

static struct {
	int (*version)(int *, int *);
	int (*create)(program *, const char *, const char *, int,
	    const char *const *, const char *const *);
	int (*compile)(program, int, const char *const *);
	int (*log_size)(program, size_t *);
	int (*log)(program, char *);
	int (*size)(program, size_t *);
	int (*code)(program, char *);
	const char *(*words)(int);
} rtc;

/* It loads these by name alone, which finds what is loaded. */
static void
load_beside(const struct rtc *r, const char *path)
{
	char pattern[PATH_MAX + 64];
	glob_t g = {0};

	snprintf(pattern, sizeof(pattern), "%.*s/%s",
	    (int)(strrchr(path, '/') - path), path, r->beside);
	if (glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0)
		(void)dlopen(g.gl_pathv[g.gl_pathc - 1],
		    RTLD_NOW | RTLD_GLOBAL);
	globfree(&g);
}

/* The library, or NULL. */
static void *
load(const struct rtc *r, const char *path)
{
	const struct {
		const char *name;
		void *to;
	} all[] = {{"Version", &rtc.version},
	    {"CreateProgram", &rtc.create},
	    {"CompileProgram", &rtc.compile},
	    {"GetProgramLogSize", &rtc.log_size},
	    {"GetProgramLog", &rtc.log},
	    {r->size, &rtc.size},
	    {r->code, &rtc.code},
	    {"GetErrorString", &rtc.words}};
	void *so;

	load_beside(r, path);
	so = dlopen(path, RTLD_NOW);
	if (so == NULL) {
		dprintf(2, "%s\n", dlerror());
		return NULL;
	}
	for (size_t i = 0; i < KE_LEN(all); i++) {
		char name[64];
		void *f;

		snprintf(name, sizeof(name), "%s%s", r->name, all[i].name);
		f = dlsym(so, name);
		if (f == NULL) {
			dprintf(2, "%s: no %s\n", path, name);
			return NULL;
		}
		memcpy(all[i].to, &f, sizeof(f));
	}
	return so;
}

static int
failed(const struct rtc *r, const char *what, int code)
{
	dprintf(2, "%s: %s: %s\n", r->name, what, rtc.words(code));
	return 1;
}

static void
print_log(program p)
{
	size_t n = 0;
	char *log;

	if (rtc.log_size(p, &n) != 0 || n <= 1)
		return;
	log = ke_calloc(1, n + 1);
	if (rtc.log(p, log) == 0)
		(void)!write(2, log, n - 1);
	free(log);
}

static int
write_object(const struct rtc *r, program p)
{
	struct ke_err e;
	size_t n = 0;
	char *object;
	int got = rtc.size(p, &n);

	if (got != 0 || n == 0)
		return failed(r, "object", got);
	object = ke_calloc(1, n);
	got = rtc.code(p, object);
	if (got != 0)
		return failed(r, "object", got);
	if (ke_file_write("out.so", object, n, &e) == 0)
		return 0;
	dprintf(2, "%s\n", e.msg);
	return 1;
}

static int
print_version(const struct rtc *r, void *so)
{
	int major, minor;
	char own[64];

	if (r->version != NULL && r->version(so, own, sizeof(own)) == 0)
		printf("%s\n", own);
	else if (rtc.version(&major, &minor) == 0)
		printf("%s %d.%d\n", r->name, major, minor);
	else
		return 1;
	return fflush(stdout) == 0 ? 0 : 1;
}

int
rtc_main(const struct rtc *r, char **argv)
{
	const char *options[48];
	char place[PATH_MAX + 32];
	struct ke_buf text = {0};
	struct ke_err e;
	int n = 0, got;
	void *so;
	program p;

	if (argv[1] == NULL || (so = load(r, argv[1])) == NULL)
		return 1;
	if (argv[2] == NULL)
		return print_version(r, so);
	if (*argv[2] != '\0') {
		snprintf(place, sizeof(place), "--include-path=%s", argv[2]);
		options[n++] = place;
	}
	for (int i = 3; argv[i] != NULL && n < (int)KE_LEN(options); i++)
		options[n++] = argv[i];
	if (r->may != NULL && r->may(so, argv + 3) == -1)
		return 1;
	if (ke_file_read("in.c", SOURCE_MAX, &text, &e) == -1) {
		dprintf(2, "%s\n", e.msg);
		return 1;
	}
	got = rtc.create(&p, text.s, r->file, 0, NULL, NULL);
	if (got != 0)
		return failed(r, "create", got);
	got = rtc.compile(p, n, options);
	print_log(p);
	return got != 0 ? failed(r, "compile", got) : write_object(r, p);
}
