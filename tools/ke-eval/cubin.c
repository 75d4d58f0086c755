/* Cubins are ELF objects (probe P7: what NVRTC 13.0 makes of each kind of
 * variable).  Sections .nv.global and .nv.global.init hold what kernels can
 * write and what outlives a launch, const or not; .nv.constant3 holds
 * __constant__ tables, which can be written through a pointer as well, so the
 * module is loaded anew for each segment. */
#include <stdio.h>
#include <string.h>

#include "cubin.h"
#include "defence.h"
#include "elf64.h"

#define MACHINE_CUDA 190

static int
broken(struct verdict *v)
{
	return verdict_set(v, KE_PLAN_ERROR, "object", "not a cubin");
}

static int
check_symbols(const struct elf64 *o, const elf64_section *s, struct verdict *v)
{
	const Elf64_Sym *sym;
	const char *names;
	size_t n, names_n;

	if (elf64_symbols(o, s, &sym, &n, &names, &names_n) == -1)
		return broken(v);
	for (size_t i = 1; i < n; i++) {
		const char *name = sym[i].st_name < names_n
		    ? names + sym[i].st_name : "";

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
	struct elf64 o;

	if (elf64_open(&o, p, n, MACHINE_CUDA) == -1)
		return broken(v);
	for (size_t i = 1; i < o.n_sections; i++) {
		const elf64_section *s = &o.sections[i];
		const char *name = elf64_name(&o, s);

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

/* The section of that name, within the object and aligned to 4, or NULL. */
static const elf64_section *
find_section(const struct elf64 *o, const char *name)
{
	for (size_t i = 1; i < o->n_sections; i++) {
		const elf64_section *s = &o->sections[i];

		if (strcmp(elf64_name(o, s), name) == 0 &&
		    s->sh_offset % 4 == 0 && s->sh_type != SHT_NOBITS &&
		    elf64_within(o, s->sh_offset, s->sh_size))
			return s;
	}
	return NULL;
}

/* The symbol's index, or 0. */
static uint32_t
find_symbol(const struct elf64 *o, const char *name)
{
	const elf64_section *s = find_section(o, ".symtab");
	const Elf64_Sym *sym;
	const char *names;
	size_t n, names_n;

	if (s == NULL ||
	    elf64_symbols(o, s, &sym, &n, &names, &names_n) == -1)
		return 0;
	for (uint32_t i = 1; i < n; i++)
		if (sym[i].st_name < names_n &&
		    strcmp(names + sym[i].st_name, name) == 0)
			return i;
	return 0;
}

/* Sections .nv.info and .nv.info.KERNEL are lists of attributes: a byte of
 * format, one of kind, two of length (format SIZED) or value, then the bytes.
 * Formats and kinds are as ptxas 12.8 writes them and readelf -x shows. */
enum { SIZED = 4, FRAME = 0x11, PARAMETER = 0x17, REGISTERS = 0x2f };

/* The words of the next attribute at *at that has some; its kind, or -1. */
static int
next_attribute(const struct elf64 *o, const elf64_section *s, size_t *at,
    uint32_t words[3])
{
	while (*at + 4 <= s->sh_size) {
		const unsigned char *p = (const void *)(o->base +
		    s->sh_offset + *at);
		size_t n = p[0] == SIZED ? p[2] + 256u * p[3] : 0;

		*at += 4 + n;
		if (*at > s->sh_size)
			break;
		if (n < 8)
			continue;
		memset(words, 0, 3 * sizeof(*words));
		memcpy(words, p + 4, n < 12 ? n : 12);
		return p[1];
	}
	return -1;
}

/* Index; ordinal and offset; flags and, from bit 18 on, bytes. */
static int
add_parameter(struct cubin_kernel *k, const uint32_t words[3])
{
	uint32_t i = words[1] & 0xffff;

	if (i >= CUBIN_PARAMETERS_MAX)
		return -1;
	k->parameter[i] = words[2] >> 18;
	if (i >= k->n_parameters)
		k->n_parameters = i + 1;
	return 0;
}

int
cubin_kernel(const void *p, size_t n, const char *name,
    struct cubin_kernel *k)
{
	char own[160];
	struct elf64 o;
	const elf64_section *s;
	uint32_t words[3], symbol;
	size_t at = 0;
	int kind;

	*k = (struct cubin_kernel){0};
	snprintf(own, sizeof(own), ".nv.info.%s", name);
	if (elf64_open(&o, p, n, MACHINE_CUDA) == -1 ||
	    (symbol = find_symbol(&o, name)) == 0 ||
	    (s = find_section(&o, own)) == NULL)
		return -1;
	while ((kind = next_attribute(&o, s, &at, words)) != -1)
		if (kind == PARAMETER && add_parameter(k, words) == -1)
			return -1;
	at = 0;
	s = find_section(&o, ".nv.info");
	while (s != NULL &&
	    (kind = next_attribute(&o, s, &at, words)) != -1) {
		if (kind == REGISTERS && words[0] == symbol)
			k->registers = (int)words[1];
		if (kind == FRAME && words[0] == symbol)
			k->local_bytes = (int)words[1];
	}
	return 0;
}
