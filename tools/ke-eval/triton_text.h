/* triton_worker.py as a text. */
#ifndef KE_EVAL_TRITON_TEXT_H
#define KE_EVAL_TRITON_TEXT_H

extern const char triton_worker_text[];

#endif
