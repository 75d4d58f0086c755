/* Compilers that are libraries and make objects for GPUs: NVRTC and hiprtc have
 * the same functions, each under its own names.  A library is found by its file
 * and loaded by nobody but the compiler's process. */
#ifndef KE_EVAL_RTC_H
#define KE_EVAL_RTC_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "cc.h"

/* A folder that may have it: what a variable of the environment names, or a
 * pattern. */
struct rtc_place {
	const char *variable, *path;
};

/* Files below a place, as patterns: the last of the first that matches. */
struct rtc_files {
	size_t n;
	const char *pattern[12];
};

/* What was found; empty where it wasn't looked for yet, or isn't there. */
struct rtc_found {
	char lib[PATH_MAX], include[PATH_MAX], version[64];
};

struct rtc {
	const char *name;        /* nvrtc: what its functions begin with too */
	const char *file;        /* what a text is called in messages */
	const char *size, *code; /* the functions that give the object */
	const char *beside;      /* what it loads by name, as a pattern */
	size_t n_places;
	struct rtc_place place[8];
	const char *python; /* one more, below Python's folder; or NULL */
	struct rtc_files libs;
	const char *header; /* by which the headers are found; or NULL */
	const char *none;   /* said where there is no library */
	/* In the compiler's process: may it be asked to compile so?  The
	 * library may kill who asks for what it hasn't got.  0; -1 once
	 * standard error has the reason.  Or NULL. */
	int (*may)(void *library, char *const *options);
	/* There too: the version, "hiprtc 5.2.21153", where the library has a
	 * better word for it than its function Version.  0 or -1.  Or NULL. */
	int (*version)(void *library, char *to, size_t n);
	struct rtc_found *found;
};

extern const struct rtc rtc_nvrtc, rtc_hiprtc;

/* The file of the first place that has one.  True; false where none has. */
bool rtc_find_file(const struct rtc *, const struct rtc_files *,
    char to[PATH_MAX]);

/* What a struct toolchain asks for. */
const char *rtc_version(const struct rtc *);
const char *rtc_why(const struct rtc *);
void rtc_command(const struct rtc *, struct cc *, const char *flags,
    const cJSON *more);

/* In the compiler's process: argv as the command has it; in.c to out.so, the
 * log to standard error.  The exit status. */
int rtc_main(const struct rtc *, char **argv);

#endif
