/* Text on standard output; where it can't be written the program ends, with 0
 * where nobody reads it any more and with 111 otherwise. */
#ifndef PRINT_H
#define PRINT_H

#include <stddef.h>

void print_text(const char *, size_t n);
void print_flush(void);

#endif
