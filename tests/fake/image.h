/* What the fake compiler makes and the fake driver loads: an ELF object for
 * the GPU's machine, as far as ke-eval looks into it, with a shared object of
 * the host in a section of it. */
#ifndef FAKE_IMAGE_H
#define FAKE_IMAGE_H

#include <elf.h>
#include <stddef.h>

#include "mem.h"

#define IMAGE_HOST_NAME ".text.fake" /* that section's */

#define IMAGE_PARTS 4

struct image {
	Elf64_Half machine;
	unsigned char osabi;
	Elf64_Word flags;
	unsigned n_parts;
	struct image_part {
		const char *name;
		unsigned type, flags;
		const void *data; /* NULL where the file has none of it */
		size_t n;
	} part[IMAGE_PARTS];
};

/* Such an object, with a table of no symbols. */
void image_make(struct ke_buf *to, const struct image *);

/* The face's: around the shared object, made with those options. */
void image_wrap(const struct ke_buf *so, int n, const char *const *options,
    struct ke_buf *to);

/* The section of that name in an object, or NULL. */
static inline const Elf64_Shdr *
image_section(const char *so, const char *name)
{
	const Elf64_Ehdr *h = (const void *)so;
	const Elf64_Shdr *s = (const void *)(so + h->e_shoff);
	const char *names = so + s[h->e_shstrndx].sh_offset;

	for (unsigned i = 1; i < h->e_shnum; i++)
		if (__builtin_strcmp(names + s[i].sh_name, name) == 0)
			return &s[i];
	return NULL;
}

#endif
