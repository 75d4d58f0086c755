/* A loader of shared objects from memory: what a compiler makes of kernels. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "block.h"
#include "image.h"
#include "module.h"

#define PAGE ((size_t)4096)

#if defined(__aarch64__)
enum { RELATIVE = R_AARCH64_RELATIVE, WORD = R_AARCH64_ABS64,
	GLOBAL = R_AARCH64_GLOB_DAT, CALL = R_AARCH64_JUMP_SLOT };
#else
enum { RELATIVE = R_X86_64_RELATIVE, WORD = R_X86_64_64,
	GLOBAL = R_X86_64_GLOB_DAT, CALL = R_X86_64_JUMP_SLOT };
#endif

static const Elf64_Sym *
table(const struct module *m, const char *section, const char *names,
    size_t *n, const char **strings)
{
	const Elf64_Shdr *s = image_section(m->so, section);

	*n = s->sh_size / sizeof(Elf64_Sym);
	*strings = m->so + image_section(m->so, names)->sh_offset;
	return (const void *)(m->so + s->sh_offset);
}

static const Elf64_Sym *
symbols(const struct module *m, size_t *n, const char **strings)
{
	return table(m, ".dynsym", ".dynstr", n, strings);
}

/* The address of a symbol: the module's own, or what the C library has. */
static char *
address(const struct module *m, size_t i)
{
	const char *strings;
	size_t n;
	const Elf64_Sym *s = symbols(m, &n, &strings) + i;

	return s->st_shndx != SHN_UNDEF ? m->base + s->st_value
	    : dlsym(RTLD_DEFAULT, strings + s->st_name);
}

static int
relocate(const struct module *m, const char *section)
{
	const Elf64_Shdr *s = image_section(m->so, section);
	const Elf64_Rela *r;

	if (s == NULL)
		return 0;
	r = (const void *)(m->so + s->sh_offset);
	for (size_t i = 0; i < s->sh_size / sizeof(*r); i++) {
		char *to = m->base + r[i].r_offset, *value = m->base;

		switch (ELF64_R_TYPE(r[i].r_info)) {
		case RELATIVE:
			break;
		case WORD:
		case GLOBAL:
		case CALL:
			value = address(m, ELF64_R_SYM(r[i].r_info));
			if (value == NULL)
				return -1;
			break;
		default:
			return -1;
		}
		value += r[i].r_addend;
		memcpy(to, &value, sizeof(value));
	}
	return 0;
}

static int
map(struct module *m)
{
	const Elf64_Ehdr *h = (const void *)m->so;
	const Elf64_Phdr *p = (const void *)(m->so + h->e_phoff);

	for (unsigned i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_LOAD &&
		    p[i].p_vaddr + p[i].p_memsz > m->span)
			m->span = p[i].p_vaddr + p[i].p_memsz;
	m->span = (m->span + PAGE - 1) / PAGE * PAGE;
	m->base = mmap(NULL, m->span, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);
	if (m->base == MAP_FAILED)
		return -1;
	for (unsigned i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_LOAD)
			memcpy(m->base + p[i].p_vaddr, m->so + p[i].p_offset,
			    p[i].p_filesz);
	return 0;
}

static int
protect(const struct module *m)
{
	const Elf64_Ehdr *h = (const void *)m->so;
	const Elf64_Phdr *p = (const void *)(m->so + h->e_phoff);

	for (unsigned i = 0; i < h->e_phnum; i++) {
		char *from = m->base + p[i].p_vaddr / PAGE * PAGE;
		char *to = m->base + p[i].p_vaddr + p[i].p_memsz;

		if (p[i].p_type == PT_LOAD && !(p[i].p_flags & PF_W) &&
		    mprotect(from, (size_t)(to - from), PROT_READ |
		    (p[i].p_flags & PF_X ? PROT_EXEC : 0)) == -1)
			return -1;
	}
	return 0;
}

static void *
find(const struct module *m, const char *prefix, const char *name)
{
	char wanted[192];
	const char *strings;
	size_t n;
	const Elf64_Sym *s = symbols(m, &n, &strings);

	snprintf(wanted, sizeof(wanted), "%s%s", prefix, name);
	for (size_t i = 1; i < n; i++)
		if (s[i].st_shndx != SHN_UNDEF &&
		    strcmp(strings + s[i].st_name, wanted) == 0)
			return m->base + s[i].st_value;
	return NULL;
}

struct module *
module_of(const void *so, size_t n)
{
	struct module *m = calloc(1, sizeof(*m));
	struct fake_device *device = &fake, **theirs;

	if (m == NULL || (m->so = malloc(n)) == NULL)
		return NULL;
	memcpy(m->so, so, n);
	if (map(m) == -1 || relocate(m, ".rela.dyn") == -1 ||
	    relocate(m, ".rela.plt") == -1)
		return NULL;
	theirs = find(m, "", "fake_device");
	if (theirs == NULL || protect(m) == -1)
		return NULL;
	memcpy(theirs, &device, sizeof(device));
	return m;
}

struct module *
module_load(const void *image, unsigned machine)
{
	const Elf64_Ehdr *h = image;
	const Elf64_Shdr *host;

	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_machine != machine)
		return NULL;
	host = image_section(image, IMAGE_HOST_NAME);
	return host == NULL ? NULL : module_of((const char *)image +
	    host->sh_offset, host->sh_size);
}

void
module_unload(struct module *m)
{
	struct kernel *next;

	for (struct kernel *k = m->kernels; k != NULL; k = next) {
		next = k->next;
		free(k);
	}
	munmap(m->base, m->span);
	free(m->so);
	free(m);
}

/* Is it the mangled name of a variable within another kernel, such as
 * _ZZ4axpyE1s? */
static bool
is_of_another(const struct module *m, const char *symbol, const char *kernel)
{
	char name[128], *end;
	size_t n;

	if (strncmp(symbol, "_ZZ", 3) != 0)
		return false;
	n = strtoul(symbol + 3, &end, 10);
	if (n == 0 || n >= sizeof(name) || strlen(end) <= n || end[n] != 'E')
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)n, end);
	return strcmp(name, kernel) != 0 &&
	    find(m, "fake_args_", name) != NULL;
}

/* Static bytes of a block: its own variables, and those of all functions that
 * it may call. */
static int
shared_bytes(const struct module *m, const char *kernel)
{
	const Elf64_Shdr *in = image_section(m->so, ".fake_shared");
	const char *strings;
	size_t n, bytes = 0;
	const Elf64_Sym *s = table(m, ".symtab", ".strtab", &n, &strings);

	for (size_t i = 1; i < n; i++) {
		const char *name = strings + s[i].st_name;

		if (ELF64_ST_TYPE(s[i].st_info) == STT_OBJECT &&
		    s[i].st_value >= in->sh_addr &&
		    s[i].st_value < in->sh_addr + in->sh_size &&
		    strcmp(name, "fake_device") != 0 &&
		    !is_of_another(m, name, kernel))
			bytes += s[i].st_size;
	}
	return (int)bytes;
}

struct kernel *
module_kernel(struct module *m, const char *name)
{
	void *call = find(m, "fake_call_", name);
	void *args = find(m, "fake_args_", name);
	unsigned (*sizes)(unsigned *);
	struct kernel *k = m->kernels;

	while (k != NULL && strcmp(k->name, name) != 0)
		k = k->next;
	if (k != NULL || call == NULL || args == NULL)
		return k;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return NULL;
	snprintf(k->name, sizeof(k->name), "%s", name);
	k->shared = shared_bytes(m, name);
	/* dlsym(3): an object pointer that is a function's */
	memcpy(&k->call, &call, sizeof(call));
	memcpy(&sizes, &args, sizeof(args));
	k->n_args = sizes(k->bytes);
	k->next = m->kernels;
	m->kernels = k;
	return k;
}

unsigned
module_kernels(struct module *m)
{
	static const char prefix[] = "fake_args_";
	const char *strings;
	size_t n;
	const Elf64_Sym *s = symbols(m, &n, &strings);
	unsigned count = 0;

	for (size_t i = 1; i < n; i++) {
		const char *name = strings + s[i].st_name;

		if (strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
		    module_kernel(m, name + sizeof(prefix) - 1) != NULL)
			count++;
	}
	return count;
}
