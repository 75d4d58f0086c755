/* Cubins are ELF objects (probe P7: what NVRTC 13.0 makes of each kind of
 * variable).  Sections .nv.global and .nv.global.init hold what kernels can
 * write and what outlives a launch, const or not; .nv.constant3 holds
 * __constant__ tables, which can be written through a pointer as well, so the
 * module is loaded anew for each segment. */
#include <elf.h>
#include <string.h>

#include "cubin.h"
#include "defence.h"

#define MACHINE_CUDA 190

struct object {
	const char *base;
	size_t n;
	const Elf64_Shdr *sections;
	size_t n_sections;
	const char *names;
	size_t names_n;
};

static int
broken(struct verdict *v)
{
	return verdict_set(v, KE_PLAN_ERROR, "object", "not a cubin");
}

static bool
within(const struct object *o, uint64_t from, uint64_t bytes)
{
	return from <= o->n && bytes <= o->n - from;
}

static int
open_object(struct object *o, const void *p, size_t n)
{
	const Elf64_Ehdr *h = p;
	const Elf64_Shdr *names;

	*o = (struct object){.base = p, .n = n};
	if (n < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_machine != MACHINE_CUDA ||
	    h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shoff % 8 != 0 ||
	    !within(o, h->e_shoff, (uint64_t)h->e_shnum *
	    sizeof(Elf64_Shdr)) || h->e_shstrndx >= h->e_shnum)
		return -1;
	o->sections = (const void *)(o->base + h->e_shoff);
	o->n_sections = h->e_shnum;
	names = &o->sections[h->e_shstrndx];
	if (!within(o, names->sh_offset, names->sh_size) ||
	    names->sh_size == 0 ||
	    o->base[names->sh_offset + names->sh_size - 1] != '\0')
		return -1;
	o->names = o->base + names->sh_offset;
	o->names_n = names->sh_size;
	return 0;
}

static int
check_symbols(const struct object *o, const Elf64_Shdr *s, struct verdict *v)
{
	const Elf64_Shdr *strings;
	const Elf64_Sym *sym;

	if (s->sh_link >= o->n_sections || s->sh_offset % 8 != 0 ||
	    !within(o, s->sh_offset, s->sh_size))
		return broken(v);
	strings = &o->sections[s->sh_link];
	if (!within(o, strings->sh_offset, strings->sh_size) ||
	    strings->sh_size == 0 || o->base[strings->sh_offset +
	    strings->sh_size - 1] != '\0')
		return broken(v);
	sym = (const void *)(o->base + s->sh_offset);
	for (size_t i = 1; i < s->sh_size / sizeof(*sym); i++) {
		const char *name = sym[i].st_name < strings->sh_size
		    ? o->base + strings->sh_offset + sym[i].st_name : "";

		if (sym[i].st_shndx == SHN_UNDEF && *name != '\0' &&
		    strncmp(name, ".nv.reservedSmem", 16) != 0 &&
		    defended(load))
			return verdict_set(v, KE_PLAN_ERROR, "symbol",
			    "calls %.100s: a kernel may not print, allocate, "
			    "assert or launch", name);
	}
	return 0;
}

int
cubin_check(const void *p, size_t n, struct verdict *v)
{
	struct object o;

	if (open_object(&o, p, n) == -1)
		return broken(v);
	for (size_t i = 1; i < o.n_sections; i++) {
		const Elf64_Shdr *s = &o.sections[i];
		const char *name = s->sh_name < o.names_n
		    ? o.names + s->sh_name : "";

		if (s->sh_type == SHT_SYMTAB &&
		    check_symbols(&o, s, v) == -1)
			return -1;
		if (strncmp(name, ".nv.global", 10) == 0 && s->sh_size > 0 &&
		    defended(state))
			return verdict_set(v, KE_PLAN_ERROR, "state",
			    "%llu bytes of module-scope variables: a kernel "
			    "keeps nothing between launches; tables belong in "
			    "__constant__", (unsigned long long)s->sh_size);
	}
	return 0;
}
