/* The Python that PATH finds. */
#ifndef KE_EVAL_PYTHON_H
#define KE_EVAL_PYTHON_H

#include <stddef.h>

/* DIR/.. of the DIR/python3; empty where there is none.  What pip installs for
 * it is below. */
void python_prefix(char *to, size_t n);

#endif
