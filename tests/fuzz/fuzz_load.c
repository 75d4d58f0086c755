/* A candidate's shared object, before it is loaded.  What load_check() lets
 * through is gone through a second time as the dynamic loader of glibc would,
 * by what it would map and not by what the file says of itself: nothing of it
 * may be run. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/ke-eval/load.h"
#include "fuzz.h"

#define PAGE ((uint64_t)4096)
#define STEPS_MAX 2000000

#if defined(__x86_64__)
#define RESOLVED_BY_CODE R_X86_64_IRELATIVE
#define COPIED R_X86_64_COPY
#elif defined(__aarch64__)
#define RESOLVED_BY_CODE R_AARCH64_IRELATIVE
#define COPIED R_AARCH64_COPY
#else
#define RESOLVED_BY_CODE 58
#define COPIED R_RISCV_COPY
#endif

struct image {
	const uint8_t *p;
	size_t n, n_phdrs;
	Elf64_Phdr phdrs[64];
	uint64_t dynamic;
	uint64_t entry[64]; /* by tag; the last one counts */
	bool has[64];
};

/* The byte at an address once the object is mapped; false where there is
 * none. */
static bool
byte_at(const struct image *m, uint64_t address, uint8_t *to)
{
	for (size_t i = m->n_phdrs; i-- > 0;) {
		const Elf64_Phdr *h = &m->phdrs[i];
		uint64_t from = h->p_vaddr / PAGE * PAGE, offset;
		uint64_t end = (h->p_vaddr + h->p_memsz + PAGE - 1) / PAGE *
		    PAGE;

		if (h->p_type != PT_LOAD || address < from || address >= end)
			continue;
		/* pages come whole; behind the file's part there are zeros
		 * where the memory's is longer */
		offset = h->p_offset - (h->p_vaddr - from) + (address - from);
		*to = offset >= m->n || (h->p_memsz > h->p_filesz &&
		    address >= h->p_vaddr + h->p_filesz) ? 0 : m->p[offset];
		return true;
	}
	return false;
}

static bool
get(const struct image *m, uint64_t address, void *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!byte_at(m, address + i, (uint8_t *)to + i))
			return false;
	return true;
}

/* Does a byte of it lie in a segment that is written to? */
static bool
writable(const struct image *m, uint64_t address, uint64_t n)
{
	for (size_t i = 0; i < m->n_phdrs; i++) {
		const Elf64_Phdr *h = &m->phdrs[i];

		if (h->p_type == PT_LOAD && h->p_flags & PF_W &&
		    address < h->p_vaddr + h->p_memsz &&
		    address + n > h->p_vaddr)
			return true;
	}
	return false;
}

/* What the loader makes read-only once it is done is the object's own. */
static void
protected(const struct image *m, const Elf64_Phdr *r)
{
	uint64_t end = (r->p_vaddr + r->p_memsz) / PAGE * PAGE;

	HOLDS(end - r->p_vaddr / PAGE * PAGE <= (uint64_t)STEPS_MAX * PAGE);
	for (uint64_t p = r->p_vaddr / PAGE * PAGE; p < end; p += PAGE)
		HOLDS(writable(m, p, PAGE));
}

static void
segments(struct image *m, const Elf64_Ehdr *h)
{
	const Elf64_Phdr *relro = NULL;
	bool stack = false;

	m->n_phdrs = h->e_phnum;
	memcpy(m->phdrs, m->p + h->e_phoff, m->n_phdrs * sizeof(m->phdrs[0]));
	for (size_t i = 0; i < m->n_phdrs; i++) {
		const Elf64_Phdr *p = &m->phdrs[i];

		if (p->p_type == PT_DYNAMIC)
			m->dynamic = p->p_vaddr;
		if (p->p_type == PT_LOAD)
			HOLDS((p->p_flags & (PF_W | PF_X)) != (PF_W | PF_X));
		if (p->p_type == PT_GNU_RELRO)
			relro = p; /* the last one counts */
		if (p->p_type != PT_GNU_STACK)
			continue;
		HOLDS(!(p->p_flags & PF_X));
		stack = true;
	}
	HOLDS(stack); /* without, the loader makes stacks executable */
	if (relro != NULL)
		protected(m, relro);
}

/* Reads the entries to their end, and returns where that is. */
static uint64_t
entries(struct image *m)
{
	Elf64_Dyn d;
	uint64_t at = m->dynamic;

	for (;; at += sizeof(d)) {
		HOLDS(get(m, at, &d, sizeof(d)));
		if (d.d_tag == DT_NULL)
			return at + sizeof(d);
		HOLDS(d.d_tag != DT_AUXILIARY && d.d_tag != DT_FILTER);
		HOLDS(d.d_tag != DT_GNU_HASH && d.d_tag != DT_AUDIT);
		if (d.d_tag > 0 && d.d_tag < (int64_t)KE_LEN(m->entry)) {
			m->has[d.d_tag] = true;
			m->entry[d.d_tag] = d.d_un.d_val;
		}
	}
}

static void
nothing_runs(const struct image *m)
{
	static const int tags[] = {DT_INIT, DT_FINI, DT_INIT_ARRAY,
	    DT_FINI_ARRAY, DT_PREINIT_ARRAY, DT_TEXTREL, DT_RPATH, DT_RUNPATH,
	    DT_REL};

	for (size_t i = 0; i < KE_LEN(tags); i++)
		HOLDS(!m->has[tags[i]]);
}

/* A symbol that the loader may come upon: its value is no function that it
 * would call to learn the value. */
static void
plain_symbol(const struct image *m, uint64_t index)
{
	uint64_t at = m->entry[DT_SYMTAB] + index * sizeof(Elf64_Sym);
	Elf64_Sym s;

	HOLDS(get(m, at, &s, sizeof(s)));
	HOLDS(!writable(m, at, sizeof(s)));
	HOLDS(ELF64_ST_TYPE(s.st_info) != STT_GNU_IFUNC);
}

/* Every symbol that a look-up of a name can meet. */
static void
look_up(const struct image *m)
{
	uint64_t at = m->entry[DT_HASH];
	uint32_t head[2], index;

	HOLDS(m->has[DT_HASH] && get(m, at, head, sizeof(head)));
	for (uint64_t i = 0; i < (uint64_t)head[0] + head[1]; i++) {
		HOLDS(i < STEPS_MAX);
		HOLDS(get(m, at + 8 + 4 * i, &index, sizeof(index)));
		HOLDS(!writable(m, at + 8 + 4 * i, sizeof(index)));
		HOLDS(index < head[1]);
		plain_symbol(m, index);
	}
}

static void
relocations(const struct image *m, int table, int size, uint64_t end)
{
	uint64_t at = m->entry[table], behind = at + m->entry[size];
	Elf64_Rela r;

	if (!m->has[table] || !m->has[size])
		return;
	for (size_t i = 0; at < behind; at += sizeof(r), i++) {
		HOLDS(i < STEPS_MAX);
		HOLDS(get(m, at, &r, sizeof(r)));
		HOLDS(!writable(m, at, sizeof(r)));
		HOLDS(ELF64_R_TYPE(r.r_info) != RESOLVED_BY_CODE);
		HOLDS(ELF64_R_TYPE(r.r_info) != COPIED);
		plain_symbol(m, ELF64_R_SYM(r.r_info));
		HOLDS(writable(m, r.r_offset, 8));
		HOLDS(r.r_offset >= end || r.r_offset + 8 <= m->dynamic);
	}
}

static void
accepted(const uint8_t *data, size_t n)
{
	struct image m = {.p = data, .n = n};
	Elf64_Ehdr h;
	uint64_t end;

	HOLDS(n >= sizeof(h));
	memcpy(&h, data, sizeof(h));
	HOLDS(h.e_phnum <= KE_LEN(m.phdrs));
	segments(&m, &h);
	end = entries(&m);
	nothing_runs(&m);
	look_up(&m);
	relocations(&m, DT_RELA, DT_RELASZ, end);
	relocations(&m, DT_JMPREL, DT_PLTRELSZ, end);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *object = fuzz_bytes(data, n);
	struct verdict v = {.status = KE_PASS};

	if (load_check(object, n, &v) == 0) {
		accepted(data, n);
	} else {
		HOLDS(v.status == KE_PLAN_ERROR ||
		    v.status == KE_COMPILE_ERROR);
		HOLDS(v.code[0] != '\0' && v.detail[0] != '\0');
		HOLDS(fuzz_is_line(v.detail, strlen(v.detail)));
	}
	free(object);
	return 0;
}
