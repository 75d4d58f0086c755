/* UTF-8. */
#ifndef KE_UTF8_H
#define KE_UTF8_H

#include <stddef.h>

/* Length of the sequence at s, or 0 where there is none within n bytes
 * (Unicode 15, table 3-7: no overlong forms, no surrogates).  n is above 0. */
size_t ke_utf8_length(const char *s, size_t n);

#endif
