/* cubin_check: what a cubin may not hold.  Images are made here, as NVRTC lays
 * them out, and some then changed or cut. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/ke-eval/cubin.h"

enum { NONE, NAMES, STRINGS, SYMBOLS, TEXT, MORE, SECTIONS };

struct image {
	size_t n;
	_Alignas(16) unsigned char b[2048];
};

static Elf64_Ehdr *
head(struct image *m)
{
	return (void *)m->b;
}

static Elf64_Shdr *
section(struct image *m, size_t i)
{
	return (Elf64_Shdr *)(void *)(m->b + head(m)->e_shoff) + i;
}

static Elf64_Sym *
symbol(struct image *m, size_t i)
{
	return (Elf64_Sym *)(void *)(m->b + section(m, SYMBOLS)->sh_offset) +
	    i;
}

/* Text at the image's end, from a multiple of 8 on; where it begins. */
static uint64_t
append(struct image *m, const void *p, size_t n)
{
	uint64_t at = (m->n + 7) / 8 * 8;

	assert_true(at + n <= sizeof(m->b));
	memcpy(m->b + at, p, n);
	m->n = at + n;
	return at;
}

/* One kernel k and one more section; a symbol of that name, which is defined
 * in .text.k or nowhere.  Headers of sections lie last, or first. */
static void
make(struct image *m, const char *more, uint64_t size, const char *name,
    bool defined, bool headers_first)
{
	static const char zero[64];
	char names[128], strings[64];
	Elf64_Shdr s[SECTIONS] = {{0}};
	Elf64_Sym syms[3] = {{0}};
	Elf64_Ehdr h = {.e_type = ET_EXEC, .e_machine = 190,
	    .e_version = EV_CURRENT, .e_ehsize = sizeof(h),
	    .e_shentsize = sizeof(*s), .e_shnum = SECTIONS,
	    .e_shstrndx = NAMES};
	size_t names_n, strings_n;

	memset(m, 0, sizeof(*m));
	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	names_n = (size_t)snprintf(names, sizeof(names), "%c.shstrtab%c"
	    ".strtab%c.symtab%c.text.k%c%s", 0, 0, 0, 0, 0, more) + 1;
	strings_n = (size_t)snprintf(strings, sizeof(strings), "%ck%c%s", 0, 0,
	    name) + 1;
	s[NAMES].sh_name = 1;
	s[STRINGS].sh_name = 11;
	s[SYMBOLS].sh_name = 19;
	s[TEXT].sh_name = 27;
	s[MORE].sh_name = 35;
	s[NAMES].sh_type = s[STRINGS].sh_type = SHT_STRTAB;
	s[SYMBOLS].sh_type = SHT_SYMTAB;
	s[SYMBOLS].sh_link = STRINGS;
	s[SYMBOLS].sh_entsize = sizeof(*syms);
	s[TEXT].sh_type = SHT_PROGBITS;
	s[MORE].sh_type = SHT_NOBITS;
	s[MORE].sh_size = size;
	syms[1] = (Elf64_Sym){.st_name = 1, .st_shndx = TEXT,
	    .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)};
	syms[2] = (Elf64_Sym){.st_name = 3, .st_shndx = defined ? TEXT
	    : SHN_UNDEF, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)};
	append(m, &h, sizeof(h));
	if (headers_first)
		h.e_shoff = append(m, s, sizeof(s));
	s[NAMES].sh_offset = append(m, names, names_n);
	s[NAMES].sh_size = names_n;
	s[STRINGS].sh_offset = append(m, strings, strings_n);
	s[STRINGS].sh_size = strings_n;
	s[TEXT].sh_offset = append(m, zero, s[TEXT].sh_size = sizeof(zero));
	s[SYMBOLS].sh_offset = append(m, syms, sizeof(syms));
	s[SYMBOLS].sh_size = sizeof(syms);
	if (headers_first)
		memcpy(m->b + h.e_shoff, s, sizeof(s));
	else
		h.e_shoff = append(m, s, sizeof(s));
	memcpy(m->b, &h, sizeof(h));
}

/* What is said of its first n bytes: a code, or "" where it may be loaded.  A
 * copy of that size, so that a tool sees what is read. */
static const char *
said_of(const struct image *m, size_t n)
{
	static struct verdict v;
	char *copy = malloc(n + !n);
	int got;

	assert_non_null(copy);
	memcpy(copy, m->b, n);
	v = (struct verdict){.status = KE_PASS};
	got = cubin_check(copy, n, &v);
	free(copy);
	if (got == 0) {
		assert_int_equal(v.status, KE_PASS);
		return "";
	}
	assert_int_equal(v.status, KE_PLAN_ERROR);
	assert_true(*v.detail != '\0');
	return v.code;
}

static const char *
said(const struct image *m)
{
	return said_of(m, m->n);
}

static void
made(void **state)
{
	static const struct {
		const char *section;
		uint64_t size;
		const char *symbol;
		bool defined;
		const char *code;
	} rows[] = {
		{".nv.shared.k", 4096, "helper", true, ""},
		{".nv.constant3", 64, "table", true, ""},
		{".nv.constant0.k", 536, "", false, ""},
		{".nv.shared.reserved.0", 0, ".nv.reservedSmem.offset0", false,
		    ""},
		{".nv.global", 0, "k2", true, ""},
		/* what outlives a launch */
		{".nv.global", 4, "g", true, "state"},
		{".nv.global.init", 1, "g", true, "state"},
		{".nv.global", (uint64_t)1 << 40, "g", true, "state"},
		/* what is the driver's to give */
		{".nv.shared.k", 16, "vprintf", false, "symbol"},
		{".nv.shared.k", 16, "malloc", false, "symbol"},
		{".nv.shared.k", 16, "__assertfail", false, "symbol"},
		{".nv.shared.k", 16, "cudaLaunchDeviceV2", false, "symbol"},
		{".nv.shared.k", 16, ".nv.reserved", false, "symbol"},
		{".nv.shared.k", 16, "vprintf", true, ""},
	};
	struct image m;

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows) * 2; i++) {
		const char *code = rows[i / 2].code;

		make(&m, rows[i / 2].section, rows[i / 2].size,
		    rows[i / 2].symbol, rows[i / 2].defined, i % 2);
		if (strcmp(said(&m), code) != 0)
			fail_msg("row %zu: %s, not %s", i / 2, said(&m), code);
	}
}

/* What is said names what was found. */
static void
named(void **state)
{
	struct verdict v = {.status = KE_PASS};
	struct image m;

	(void)state;
	make(&m, ".nv.shared.k", 0, "vprintf", false, false);
	assert_int_equal(cubin_check(m.b, m.n, &v), -1);
	assert_non_null(strstr(v.detail, "vprintf"));
	v.status = KE_PASS;
	make(&m, ".nv.global", 4096, "g", true, false);
	assert_int_equal(cubin_check(m.b, m.n, &v), -1);
	assert_non_null(strstr(v.detail, "4096 bytes"));
}

/* A field of the image made anew, and what is said. */
#define CHANGED(field, value, code) do { \
	make(&m, ".nv.shared.k", 16, "vprintf", true, false); \
	m_##field = (value); \
	if (strcmp(said(&m), code) != 0) \
		fail_msg(#field " " #value ": %s", said(&m)); \
} while (0)
#define m_magic m.b[0]
#define m_class head(&m)->e_ident[EI_CLASS]
#define m_machine head(&m)->e_machine
#define m_shentsize head(&m)->e_shentsize
#define m_shoff head(&m)->e_shoff
#define m_shnum head(&m)->e_shnum
#define m_shstrndx head(&m)->e_shstrndx
#define m_names_at section(&m, NAMES)->sh_offset
#define m_names_size section(&m, NAMES)->sh_size
#define m_names_end m.b[section(&m, NAMES)->sh_offset + \
    section(&m, NAMES)->sh_size - 1]
#define m_name section(&m, MORE)->sh_name
#define m_link section(&m, SYMBOLS)->sh_link
#define m_symbols_at section(&m, SYMBOLS)->sh_offset
#define m_symbols_size section(&m, SYMBOLS)->sh_size
#define m_strings_at section(&m, STRINGS)->sh_offset
#define m_strings_size section(&m, STRINGS)->sh_size
#define m_strings_end m.b[section(&m, STRINGS)->sh_offset + \
    section(&m, STRINGS)->sh_size - 1]
#define m_undefined symbol(&m, 2)->st_shndx
#define m_undefined_name (symbol(&m, 2)->st_shndx = SHN_UNDEF, \
    &symbol(&m, 2)->st_name)[0]

static void
changed(void **state)
{
	struct image m;

	(void)state;
	CHANGED(magic, 0, "object");
	CHANGED(class, ELFCLASS32, "object");
	CHANGED(machine, EM_X86_64, "object");
	CHANGED(shentsize, 63, "object");
	CHANGED(shentsize, 0, "object");
	CHANGED(shoff, m.n, "object");
	CHANGED(shoff, UINT64_MAX - 7, "object");
	CHANGED(shoff, head(&m)->e_shoff + 4, "object");
	CHANGED(shnum, 0, "object");
	CHANGED(shnum, UINT16_MAX, "object");
	CHANGED(shnum, SECTIONS + 1, "object");
	CHANGED(shstrndx, SECTIONS, "object");
	CHANGED(shstrndx, NONE, "object"); /* which has no names */
	CHANGED(names_at, m.n, "object");
	CHANGED(names_at, UINT64_MAX, "object");
	CHANGED(names_size, 0, "object");
	CHANGED(names_size, UINT64_MAX, "object");
	CHANGED(names_end, 'x', "object");
	CHANGED(name, UINT32_MAX, "");
	CHANGED(link, SECTIONS, "object");
	CHANGED(link, NONE, "object");
	CHANGED(symbols_at, section(&m, SYMBOLS)->sh_offset + 4, "object");
	CHANGED(symbols_at, UINT64_MAX - 7, "object");
	CHANGED(symbols_size, UINT64_MAX, "object");
	CHANGED(symbols_size, 0, "");
	CHANGED(strings_at, m.n, "object");
	CHANGED(strings_size, 0, "object");
	CHANGED(strings_size, m.n, "object");
	CHANGED(strings_end, 'x', "object");
	CHANGED(undefined, SHN_UNDEF, "symbol");
	CHANGED(undefined_name, 3, "symbol");
	CHANGED(undefined_name, UINT32_MAX, "");
}

/* Cut anywhere it is refused, wherever the headers lie. */
static void
cut(void **state)
{
	struct image m;

	(void)state;
	for (int first = 0; first < 2; first++) {
		make(&m, ".nv.constant3", 16, "table", true, first);
		assert_string_equal(said(&m), "");
		for (size_t n = 0; n < m.n; n++)
			if (strcmp(said_of(&m, n), "object") != 0)
				fail_msg("of %zu bytes %zu: %s", m.n, n,
				    said_of(&m, n));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(made),
	    cmocka_unit_test(named), cmocka_unit_test(changed),
	    cmocka_unit_test(cut)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
