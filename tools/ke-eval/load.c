/* The check of a shared object before it is loaded.
 *
 * The dynamic loader runs code of an object (constructors, ifunc resolvers) and
 * writes where its relocations say.  A candidate has no use for either: what
 * it has is kernels, which are called when the clock runs.  So we read what the
 * loader would act on, its dynamic section and what that refers to, and let
 * through only what is known to be of no consequence.  The object is hostile:
 * every offset is checked before it is used. */
#include <elf.h>
#include <string.h>

#include "load.h"

#define LOADS_MAX 16
#define PAGE ((uint64_t)4096)
#define SYMBOLS_MAX 100000
#define RELOCATIONS_MAX 1000000

#if defined(__x86_64__)
#define MACHINE EM_X86_64
static const uint32_t known[] = {R_X86_64_64, R_X86_64_GLOB_DAT,
    R_X86_64_JUMP_SLOT, R_X86_64_RELATIVE, R_X86_64_DTPMOD64,
    R_X86_64_DTPOFF64, R_X86_64_TPOFF64};
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
static const uint32_t known[] = {R_AARCH64_ABS64, R_AARCH64_GLOB_DAT,
    R_AARCH64_JUMP_SLOT, R_AARCH64_RELATIVE, R_AARCH64_TLS_DTPMOD,
    R_AARCH64_TLS_DTPREL, R_AARCH64_TLS_TPREL, R_AARCH64_TLSDESC};
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE EM_RISCV
static const uint32_t known[] = {R_RISCV_64, R_RISCV_JUMP_SLOT,
    R_RISCV_RELATIVE, R_RISCV_TLS_DTPMOD64, R_RISCV_TLS_DTPREL64,
    R_RISCV_TLS_TPREL64};
#else
#define MACHINE EM_NONE /* not known here: nothing is let through */
static const uint32_t known[] = {0};
#endif

struct object {
	const unsigned char *p;
	size_t n;
	Elf64_Phdr load[LOADS_MAX];
	size_t n_loads;
	/* the dynamic section, and addresses and sizes from it */
	Elf64_Phdr dynamic, relro;
	bool has_stack;
	uint32_t n_symbols;
	uint64_t hash, symtab, strtab, strsz, rela, relasz, jmprel, pltrelsz;
	struct verdict *v;
};

static int
refuse(const struct object *o, const char *code, const char *what)
{
	return verdict_set(o->v, KE_PLAN_ERROR, code, "%s", what);
}

static int
damaged(const struct object *o, const char *what)
{
	return verdict_set(o->v, KE_COMPILE_ERROR, "object", "%s", what);
}

/* n bytes at an address, as the loader will see them, which no relocation can
 * change unless they may be writable; NULL where they are not such. */
static const void *
at(const struct object *o, uint64_t address, uint64_t n, bool writable)
{
	for (size_t i = 0; i < o->n_loads; i++) {
		const Elf64_Phdr *h = &o->load[i];

		if ((writable || !(h->p_flags & PF_W)) &&
		    address >= h->p_vaddr && n <= h->p_filesz &&
		    address - h->p_vaddr <= h->p_filesz - n)
			return o->p + h->p_offset + (address - h->p_vaddr);
	}
	return NULL;
}

/* May a relocation write there?  Not what the loader itself goes by. */
static bool
is_data(const struct object *o, uint64_t address, uint64_t n)
{
	const Elf64_Phdr *d = &o->dynamic;

	if (address < d->p_vaddr + d->p_memsz && address + n > d->p_vaddr)
		return false;
	for (size_t i = 0; i < o->n_loads; i++) {
		const Elf64_Phdr *h = &o->load[i];

		if (h->p_flags & PF_W && address >= h->p_vaddr &&
		    n <= h->p_memsz && address - h->p_vaddr <= h->p_memsz - n)
			return true;
	}
	return false;
}

/* The first byte behind what the loader maps for a segment. */
static uint64_t
end_of(const Elf64_Phdr *h)
{
	return (h->p_vaddr + h->p_memsz + PAGE - 1) / PAGE * PAGE;
}

/* In order and apart, so that an address means one thing. */
static int
check_load(struct object *o, const Elf64_Phdr *h)
{
	if (h->p_offset > o->n || h->p_filesz > o->n - h->p_offset ||
	    h->p_memsz < h->p_filesz || h->p_memsz > UINT32_MAX ||
	    h->p_vaddr > UINT32_MAX || o->n_loads == LOADS_MAX ||
	    (h->p_vaddr - h->p_offset) % PAGE != 0)
		return damaged(o, "a segment lies outside the file");
	if (o->n_loads > 0 &&
	    h->p_vaddr / PAGE * PAGE < end_of(&o->load[o->n_loads - 1]))
		return damaged(o, "segments overlap");
	if (h->p_flags & PF_W && h->p_flags & PF_X)
		return refuse(o, "segment", "memory that is both written and "
		    "executed");
	o->load[o->n_loads++] = *h;
	return 0;
}

static int
check_segment(struct object *o, const Elf64_Phdr *h)
{
	switch (h->p_type) {
	case PT_LOAD:
		return check_load(o, h);
	case PT_DYNAMIC:
		if (o->dynamic.p_type == PT_DYNAMIC)
			return damaged(o, "two dynamic sections");
		if (h->p_vaddr > UINT32_MAX || h->p_memsz > UINT32_MAX ||
		    h->p_memsz < h->p_filesz)
			return damaged(o, "the dynamic section lies outside");
		o->dynamic = *h;
		return 0;
	case PT_GNU_RELRO:
		o->relro = *h;
		return 0;
	case PT_GNU_STACK:
		o->has_stack = true;
		return h->p_flags & PF_X ? refuse(o, "segment",
		    "the stack would be executable") : 0;
	case PT_INTERP:
		return refuse(o, "segment", "it is a program");
	default:
		return 0;
	}
}

/* What it takes for all of them to be known. */
static int
check_segments(const struct object *o)
{
	const Elf64_Phdr *r = &o->relro;
	size_t i = 0;

	if (o->dynamic.p_type != PT_DYNAMIC)
		return damaged(o, "no dynamic section");
	/* the loader's default is an executable one */
	if (!o->has_stack)
		return refuse(o, "segment", "the stack would be executable");
	while (i < o->n_loads && (!(o->load[i].p_flags & PF_W) ||
	    r->p_vaddr < o->load[i].p_vaddr || r->p_memsz > UINT32_MAX ||
	    r->p_vaddr > UINT32_MAX ||
	    r->p_vaddr + r->p_memsz > end_of(&o->load[i])))
		i++;
	if (r->p_memsz > 0 && i == o->n_loads)
		return refuse(o, "segment", "protection of memory that isn't "
		    "its own");
	return 0;
}

static int
check_needed(const struct object *o, uint64_t name)
{
	static const char *const libraries[] = {"libc.so.6", "libm.so.6",
	    "libmvec.so.1", "ld-linux-x86-64.so.2",
	    "ld-linux-aarch64.so.1", "ld-linux-riscv64-lp64d.so.1"};
	const char *s = name < o->strsz ? at(o, o->strtab + name,
	    o->strsz - name, false) : NULL;

	if (s == NULL || memchr(s, '\0', o->strsz - name) == NULL)
		return damaged(o, "a library's name lies outside");
	for (size_t i = 0; i < KE_LEN(libraries); i++)
		if (strcmp(s, libraries[i]) == 0)
			return 0;
	return refuse(o, "library", "it needs a library beside libc and libm");
}

/* One entry of the dynamic section.  What isn't listed isn't let through. */
static int
check_entry(struct object *o, const Elf64_Dyn *d)
{
	switch (d->d_tag) {
	case DT_HASH:
		o->hash = d->d_un.d_ptr;
		return 0;
	case DT_SYMTAB:
		o->symtab = d->d_un.d_ptr;
		return 0;
	case DT_STRTAB:
		o->strtab = d->d_un.d_ptr;
		return 0;
	case DT_STRSZ:
		o->strsz = d->d_un.d_val;
		return 0;
	case DT_RELA:
		o->rela = d->d_un.d_ptr;
		return 0;
	case DT_RELASZ:
		o->relasz = d->d_un.d_val;
		return 0;
	case DT_JMPREL:
		o->jmprel = d->d_un.d_ptr;
		return 0;
	case DT_PLTRELSZ:
		o->pltrelsz = d->d_un.d_val;
		return 0;
	case DT_RELAENT:
		return d->d_un.d_val == sizeof(Elf64_Rela) ? 0
		    : damaged(o, "the size of a relocation");
	case DT_SYMENT:
		return d->d_un.d_val == sizeof(Elf64_Sym) ? 0
		    : damaged(o, "the size of a symbol");
	case DT_PLTREL:
		return d->d_un.d_val == DT_RELA ? 0
		    : damaged(o, "the kind of relocations");
	case DT_NEEDED: /* looked at when the strings are known */
	case DT_PLTGOT:
	case DT_RELACOUNT:
	case DT_FLAGS:
	case DT_FLAGS_1:
	case DT_BIND_NOW:
	case DT_VERSYM:
	case DT_VERNEED:
	case DT_VERNEEDNUM:
#ifdef DT_AARCH64_BTI_PLT
	case DT_AARCH64_BTI_PLT:
	case DT_AARCH64_PAC_PLT:
	case DT_AARCH64_VARIANT_PCS:
#endif
		return 0;
	case DT_INIT:
	case DT_FINI:
	case DT_INIT_ARRAY:
	case DT_FINI_ARRAY:
	case DT_INIT_ARRAYSZ:
	case DT_FINI_ARRAYSZ:
	case DT_PREINIT_ARRAY:
	case DT_PREINIT_ARRAYSZ:
		return refuse(o, "constructor", "code that runs when it is "
		    "loaded or unloaded");
	case DT_TEXTREL:
		return refuse(o, "relocation", "code that changes when it is "
		    "loaded");
	default:
		return verdict_set(o->v, KE_PLAN_ERROR, "dynamic",
		    "an entry 0x%llx in its dynamic section",
		    (unsigned long long)d->d_tag);
	}
}

/* Calls f for each entry. */
static int
each_entry(struct object *o, int (*f)(struct object *, const Elf64_Dyn *))
{
	const Elf64_Phdr *h = &o->dynamic;
	const unsigned char *p = at(o, h->p_vaddr, h->p_filesz, true);

	if (p == NULL)
		return damaged(o, "the dynamic section lies outside");
	for (size_t i = 0; i < h->p_filesz / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn d;

		memcpy(&d, p + i * sizeof(d), sizeof(d));
		if (d.d_tag == DT_NULL)
			return 0;
		if (f(o, &d) == -1)
			return -1;
	}
	return damaged(o, "the dynamic section has no end");
}

static int
check_library(struct object *o, const Elf64_Dyn *d)
{
	return d->d_tag == DT_NEEDED ? check_needed(o, d->d_un.d_val) : 0;
}

/* The table that names are looked up in leads to no symbol but the n that are
 * looked at. */
static int
check_hash(struct object *o)
{
	const unsigned char *hash = at(o, o->hash, 8, false);
	uint32_t head[2], index; /* buckets; chains, one per symbol */

	if (o->hash == 0 || hash == NULL)
		return damaged(o, "no table of symbols");
	memcpy(head, hash, sizeof(head));
	o->n_symbols = head[1];
	if (head[0] > SYMBOLS_MAX || head[1] > SYMBOLS_MAX ||
	    at(o, o->hash, 8 + 4 * (uint64_t)(head[0] + head[1]), false) ==
	    NULL)
		return damaged(o, "its table of symbols lies outside");
	for (size_t i = 0; i < (size_t)head[0] + head[1]; i++) {
		memcpy(&index, hash + 8 + 4 * i, sizeof(index));
		if (index >= head[1])
			return damaged(o, "a symbol that isn't there");
	}
	return 0;
}

static int
check_symbols(const struct object *o)
{
	uint32_t n = o->n_symbols;
	const unsigned char *p = at(o, o->symtab, n * sizeof(Elf64_Sym),
	    false);

	if (p == NULL)
		return damaged(o, "its symbols lie outside");
	for (uint32_t i = 0; i < n; i++) {
		Elf64_Sym s;

		memcpy(&s, p + i * sizeof(s), sizeof(s));
		if (ELF64_ST_TYPE(s.st_info) == STT_GNU_IFUNC)
			return refuse(o, "ifunc", "a function that code "
			    "resolves when it is loaded");
	}
	return 0;
}

static int
check_relocations(const struct object *o, uint64_t address, uint64_t size)
{
	uint64_t n = size / sizeof(Elf64_Rela);
	const unsigned char *p = size == 0 || n > RELOCATIONS_MAX ? NULL
	    : at(o, address, size, false);

	if (size == 0)
		return 0;
	/* the loader goes on to the last one that begins within the size */
	if (p == NULL || size % sizeof(Elf64_Rela) != 0)
		return damaged(o, "its relocations lie outside");
	for (uint64_t i = 0; i < n; i++) {
		Elf64_Rela r;
		size_t k = 0;

		memcpy(&r, p + i * sizeof(r), sizeof(r));
		while (k < KE_LEN(known) &&
		    known[k] != ELF64_R_TYPE(r.r_info))
			k++;
		if (k == KE_LEN(known))
			return verdict_set(o->v, KE_PLAN_ERROR, "relocation",
			    "a relocation of type %u",
			    (unsigned)ELF64_R_TYPE(r.r_info));
		if (ELF64_R_SYM(r.r_info) >= o->n_symbols)
			return damaged(o, "a symbol that isn't there");
		if (!is_data(o, r.r_offset, 8))
			return refuse(o, "relocation", "a relocation outside "
			    "of what it may write");
	}
	return 0;
}

int
load_check(const void *object, size_t n, struct verdict *v)
{
	struct object o = {.p = object, .n = n, .v = v};
	Elf64_Phdr all[64];
	Elf64_Ehdr h;

	if (n < sizeof(h))
		return damaged(&o, "not a shared object");
	memcpy(&h, object, sizeof(h));
	if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 ||
	    h.e_ident[EI_CLASS] != ELFCLASS64 ||
	    h.e_ident[EI_DATA] != ELFDATA2LSB || h.e_type != ET_DYN ||
	    h.e_machine != MACHINE)
		return damaged(&o, "not a shared object of this machine");
	if (h.e_phentsize != sizeof(*all) || h.e_phnum > KE_LEN(all) ||
	    h.e_phoff > n || h.e_phnum * sizeof(*all) > n - h.e_phoff)
		return damaged(&o, "its segments lie outside");
	memcpy(all, o.p + h.e_phoff, h.e_phnum * sizeof(*all));
	for (size_t i = 0; i < h.e_phnum; i++)
		if (check_segment(&o, &all[i]) == -1)
			return -1;
	if (check_segments(&o) == -1 || each_entry(&o, check_entry) == -1 ||
	    each_entry(&o, check_library) == -1 ||
	    check_hash(&o) == -1 || check_symbols(&o) == -1 ||
	    check_relocations(&o, o.rela, o.relasz) == -1 ||
	    check_relocations(&o, o.jmprel, o.pltrelsz) == -1)
		return -1;
	return 0;
}
