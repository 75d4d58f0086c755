/* Memory that is there, messages that fit, and text that grows. */
#ifndef KE_MEM_H
#define KE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#define KE_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* One message, for the caller to print or keep.  A function that takes one
 * returns -1 or NULL after it has filled it in. */
struct ke_err {
	char msg[1024];
};

/* Sets the message and returns -1.  It becomes a line of UTF-8: control
 * characters are replaced, and where it doesn't fit its middle is left out. */
int ke_fail(struct ke_err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes text that quotes what others wrote fit for a terminal, in place:
 * control characters are replaced, and what is left of a character that was
 * cut in two. */
void ke_tidy(char *);

/* As malloc(3) and friends, but out of memory ends the program with 111, and
 * products that overflow count as that.  The caller frees. */
void *ke_calloc(size_t n, size_t size);
void *ke_grow(void *p, size_t n, size_t size);
char *ke_strdup(const char *);
char *ke_strndup(const char *, size_t);

/* Bytes that grow; s is always terminated, and NULL only before the first
 * byte.  All zero is an empty one. */
struct ke_buf {
	char *s;
	size_t n, cap;
};

void ke_buf_add(struct ke_buf *, const void *, size_t);
void ke_buf_str(struct ke_buf *, const char *);
void ke_buf_fmt(struct ke_buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));
/* Makes room for n more bytes behind what is there and returns the place; the
 * caller adds to n what it used. */
char *ke_buf_room(struct ke_buf *, size_t n);
void ke_buf_free(struct ke_buf *);

#endif
