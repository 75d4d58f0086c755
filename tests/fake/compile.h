/* From a kernel's text to a shared object of the host. */
#ifndef FAKE_COMPILE_H
#define FAKE_COMPILE_H

#include <stdint.h>

#include "mem.h"

/* How a vendor's language becomes C++: by argv, NULL at the end.  The text is
 * in "in.cc"; the first writes "fake.ii", the second reads "fake2.ii" and
 * writes "fake.so". */
struct language {
	const char *prefix; /* of errors' names */
	int version;
	const char *const *preprocess, *const *compile;
	/* the folder of headers, which stands for COMPILE_INCLUDE in argv;
	 * NULL where there is none */
	const char *(*include)(int n, const char *const *options);
};
#define COMPILE_INCLUDE "include"

/* That of the face. */
extern const struct language language;

/* Compiles in this folder: 0, or -1 with what is to be said in the log. */
int compile(const char *text, int n, const char *const *options,
    struct ke_buf *so, struct ke_buf *log);

/* Bytes of variables of the object that outlive a launch. */
uint64_t compile_state_bytes(const struct ke_buf *so);

#endif
