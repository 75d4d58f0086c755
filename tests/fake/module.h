/* Modules: the shared object within an image, loaded by hand, since a runner
 * may not make a file that dlopen(3) could read. */
#ifndef FAKE_MODULE_H
#define FAKE_MODULE_H

#include <stddef.h>

struct module {
	char *base;
	size_t span;
	char *so; /* its copy */
	struct kernel *kernels;
};

struct kernel {
	struct kernel *next;
	char name[128];
	void (*call)(void **);
	unsigned n_args, bytes[64];
	int shared;  /* static bytes of it */
	int dynamic; /* and those it may have */
};

/* From an image for that machine, or the shared object itself; NULL where it is
 * none. */
struct module *module_load(const void *image, unsigned machine);
struct module *module_of(const void *so, size_t n);
void module_unload(struct module *);

/* Makes its list whole; how many there are. */
unsigned module_kernels(struct module *);

/* NULL where there is none of that name. */
struct kernel *module_kernel(struct module *, const char *name);

#endif
