/* What the fuzz targets share: an input is run through the parser and its
 * promises are checked; one that doesn't hold ends the program. */
#ifndef KE_FUZZ_H
#define KE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "mem.h"

#define HOLDS(promise) fuzz_holds(promise, #promise, __FILE__, __LINE__)

void fuzz_holds(bool, const char *promise, const char *file, int line);

/* Bytes that are UTF-8 and hold no control character. */
bool fuzz_is_line(const char *, size_t);

/* Of something refused: a line that isn't empty. */
void fuzz_message(const struct ke_err *);

/* Of what was accepted: prints on one line, and that parses to the same. */
void fuzz_prints(const cJSON *);

/* A copy that ends where the input ends, and one that a NUL ends there or
 * earlier.  The caller frees. */
char *fuzz_bytes(const uint8_t *, size_t);
char *fuzz_text(const uint8_t *, size_t);

/* The entry that libFuzzer and replay.c call. */
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#endif
