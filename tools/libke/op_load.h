/* Parts of reading an operator: op.c does the rest. */
#ifndef KE_OP_LOAD_H
#define KE_OP_LOAD_H

#include "op.h"

/* Into op, from op->json.  0, or -1 with the place and the reason. */
int op_load_tensors(struct ke_op *, struct ke_err *);

#endif
