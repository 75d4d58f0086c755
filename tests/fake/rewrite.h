/* From CUDA's words to C++: the text of kernels, preprocessed. */
#ifndef FAKE_REWRITE_H
#define FAKE_REWRITE_H

/* A new text, which the caller frees: C++ for the host, with what the driver
 * calls behind it. */
char *rewrite(const char *text);

#endif
