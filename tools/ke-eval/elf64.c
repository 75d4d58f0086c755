/* An object for a GPU as an ELF file: what may be read of it. */
#include <string.h>

#include "elf64.h"

bool
elf64_within(const struct elf64 *o, uint64_t from, uint64_t bytes)
{
	return from <= o->n && bytes <= o->n - from;
}

/* Does a table of strings lie within and end in a 0? */
static bool
are_strings(const struct elf64 *o, const elf64_section *s)
{
	return elf64_within(o, s->sh_offset, s->sh_size) && s->sh_size > 0 &&
	    o->base[s->sh_offset + s->sh_size - 1] == '\0';
}

int
elf64_open(struct elf64 *o, const void *p, size_t n, unsigned machine)
{
	const Elf64_Ehdr *h = p;
	const elf64_section *names;

	*o = (struct elf64){.base = p, .n = n};
	if (n < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_machine != machine ||
	    h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shoff % 4 != 0 ||
	    !elf64_within(o, h->e_shoff, (uint64_t)h->e_shnum *
	    sizeof(Elf64_Shdr)) || h->e_shstrndx >= h->e_shnum)
		return -1;
	o->sections = (const void *)(o->base + h->e_shoff);
	o->n_sections = h->e_shnum;
	names = &o->sections[h->e_shstrndx];
	if (!are_strings(o, names))
		return -1;
	o->names = o->base + names->sh_offset;
	o->names_n = names->sh_size;
	return 0;
}

const char *
elf64_name(const struct elf64 *o, const elf64_section *s)
{
	return s->sh_name < o->names_n ? o->names + s->sh_name : "";
}

int
elf64_symbols(const struct elf64 *o, const elf64_section *s,
    const Elf64_Sym **sym, size_t *n, const char **names, size_t *names_n)
{
	const elf64_section *strings;

	if (s->sh_link >= o->n_sections || s->sh_offset % 8 != 0 ||
	    !elf64_within(o, s->sh_offset, s->sh_size))
		return -1;
	strings = &o->sections[s->sh_link];
	if (!are_strings(o, strings))
		return -1;
	*sym = (const void *)(o->base + s->sh_offset);
	*n = s->sh_size / sizeof(**sym);
	*names = o->base + strings->sh_offset;
	*names_n = strings->sh_size;
	return 0;
}
