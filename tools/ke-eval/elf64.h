/* An object for a GPU as an ELF file: what may be read of it. */
#ifndef KE_EVAL_ELF64_H
#define KE_EVAL_ELF64_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>

/* NVRTC 13.0 puts the headers of many sections at a multiple of 4. */
typedef Elf64_Shdr elf64_section __attribute__((aligned(4)));

struct elf64 {
	const char *base;
	size_t n;
	const elf64_section *sections;
	size_t n_sections;
	const char *names;
	size_t names_n;
};

/* Of that machine, with sections that have names.  0 or -1. */
int elf64_open(struct elf64 *, const void *, size_t n, unsigned machine);

/* Do these bytes lie in the file? */
bool elf64_within(const struct elf64 *, uint64_t from, uint64_t bytes);

/* "" where it has none. */
const char *elf64_name(const struct elf64 *, const elf64_section *);

/* The symbols of a section that has them, their number, and the table that
 * names them, which ends in a 0; -1 where they aren't within. */
int elf64_symbols(const struct elf64 *, const elf64_section *,
    const Elf64_Sym **, size_t *n, const char **names, size_t *names_n);

#endif
