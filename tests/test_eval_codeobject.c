/* codeobject.h and msgpack.h: what a code object may not hold, and what it
 * says of kernels.  Objects are made here, as hiprtc 5.2 lays them out, and
 * some then changed or cut. */
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

#include "../tools/ke-eval/codeobject.h"
#include "../tools/ke-eval/msgpack.h"

enum { NONE, NAMES, STRINGS, SYMBOLS, NOTE, MORE, SECTIONS };

struct image {
	size_t n;
	_Alignas(16) unsigned char b[4096];
};

/* Bytes at the end, from a multiple of 8 on; where they begin. */
static uint64_t
append(struct image *m, const void *p, size_t n)
{
	uint64_t at = (m->n + 7) / 8 * 8;

	assert_true(at + n <= sizeof(m->b));
	memcpy(m->b + at, p, n);
	m->n = at + n;
	return at;
}

static void
put(struct image *m, const void *p, size_t n)
{
	assert_true(m->n + n <= sizeof(m->b));
	memcpy(m->b + m->n, p, n);
	m->n += n;
}

static void
put_byte(struct image *m, unsigned c)
{
	unsigned char b = (unsigned char)c;

	put(m, &b, 1);
}

static void
put_text(struct image *m, const char *s)
{
	put_byte(m, 0xd9);
	put_byte(m, (unsigned)strlen(s));
	put(m, s, strlen(s));
}

static void
put_number(struct image *m, const char *name, unsigned v)
{
	put_text(m, name);
	put_byte(m, 0xcd);
	put_byte(m, v >> 8);
	put_byte(m, v & 255);
}

/* A kernel with two arguments, the second of that kind. */
static void
put_kernel(struct image *m, const char *name, const char *kind)
{
	put_byte(m, 0x80 | 10);
	put_text(m, ".args");
	put_byte(m, 0x90 | 2);
	put_byte(m, 0x80 | 2);
	put_number(m, ".offset", 0);
	put_text(m, ".value_kind");
	put_text(m, "global_buffer");
	put_byte(m, 0x80 | 2);
	put_number(m, ".size", 4);
	put_text(m, ".value_kind");
	put_text(m, kind);
	put_text(m, ".name");
	put_text(m, name);
	put_number(m, ".vgpr_count", 88);
	put_number(m, ".agpr_count", 8);
	put_number(m, ".sgpr_count", 42);
	put_number(m, ".group_segment_fixed_size", 4096);
	put_number(m, ".private_segment_fixed_size", 272);
	put_number(m, ".vgpr_spill_count", 3);
	put_number(m, ".sgpr_spill_count", 2);
	put_number(m, ".max_flat_workgroup_size", 256);
}

/* The note of metadata: kernels "other" and "k". */
static void
make_note(struct image *m, const char *kind)
{
	Elf64_Nhdr h = {.n_namesz = 7, .n_type = 32};

	memset(m, 0, sizeof(*m));
	put(m, &h, sizeof(h));
	put(m, "AMDGPU\0", 8);
	put_byte(m, 0x80 | 2);
	put_text(m, "amdhsa.kernels");
	put_byte(m, 0x90 | 2);
	put_kernel(m, "other", "by_value");
	put_kernel(m, "k", kind);
	put_text(m, "amdhsa.target");
	put_text(m, "amdgcn-amd-amdhsa--gfx90a:xnack-");
	h.n_descsz = (Elf64_Word)(m->n - sizeof(h) - 8);
	memcpy(m->b, &h, sizeof(h));
	m->n = (m->n + 3) / 4 * 4;
}

struct recipe {
	const char *section;
	uint32_t type;
	uint64_t flags, size;
	const char *symbol;
	bool defined;
	const char *kind;
};

static void
make(struct image *m, const struct recipe *r)
{
	struct image note;
	char names[128], strings[64];
	Elf64_Shdr s[SECTIONS] = {{0}};
	Elf64_Sym syms[2] = {{0}};
	Elf64_Ehdr h = {.e_type = ET_DYN, .e_machine = 224,
	    .e_version = EV_CURRENT, .e_ehsize = sizeof(h),
	    .e_shentsize = sizeof(*s), .e_shnum = SECTIONS,
	    .e_shstrndx = NAMES};

	memset(m, 0, sizeof(*m));
	make_note(&note, r->kind);
	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	s[NAMES].sh_size = (size_t)snprintf(names, sizeof(names), "%c.note%c"
	    "%s", 0, 0, r->section) + 1;
	s[STRINGS].sh_size = (size_t)snprintf(strings, sizeof(strings), "%c%s",
	    0, r->symbol) + 1;
	s[NOTE].sh_name = 1;
	s[MORE].sh_name = 7;
	s[NAMES].sh_type = s[STRINGS].sh_type = SHT_STRTAB;
	s[SYMBOLS].sh_type = SHT_SYMTAB;
	s[SYMBOLS].sh_link = STRINGS;
	s[NOTE].sh_type = SHT_NOTE;
	s[MORE].sh_type = r->type;
	s[MORE].sh_flags = r->flags;
	s[MORE].sh_size = r->size;
	syms[1] = (Elf64_Sym){.st_name = 1, .st_shndx = r->defined ? NOTE
	    : SHN_UNDEF};
	append(m, &h, sizeof(h));
	s[NAMES].sh_offset = append(m, names, s[NAMES].sh_size);
	s[STRINGS].sh_offset = append(m, strings, s[STRINGS].sh_size);
	s[SYMBOLS].sh_size = sizeof(syms);
	s[SYMBOLS].sh_offset = append(m, syms, sizeof(syms));
	s[NOTE].sh_size = note.n;
	s[NOTE].sh_offset = append(m, note.b, note.n);
	h.e_shoff = append(m, s, sizeof(s));
	memcpy(m->b, &h, sizeof(h));
}

static const struct recipe fine = {".text", SHT_PROGBITS,
    SHF_ALLOC | SHF_EXECINSTR, 64, "k", true, "by_value"};

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
	got = codeobject_check(copy, n, &v);
	free(copy);
	if (got == 0)
		return "";
	assert_int_equal(v.status, KE_PLAN_ERROR);
	assert_true(*v.detail != '\0');
	return v.code;
}

static void
made(void **state)
{
	const uint64_t data = SHF_ALLOC | SHF_WRITE;
	const struct {
		struct recipe r;
		const char *code;
	} rows[] = {
		{fine, ""},
		{{".rodata", SHT_PROGBITS, SHF_ALLOC, 64, "t", true,
		    "by_value"}, ""},
		{{".dynamic", SHT_DYNAMIC, data, 112, "k", true, "by_value"},
		    ""},
		{{".relro_padding", SHT_NOBITS, data, 2048, "k", true,
		    "by_value"}, ""},
		{{".bss", SHT_NOBITS, data, 0, "k", true, "by_value"}, ""},
		{{".text", SHT_PROGBITS, SHF_ALLOC, 64, "k", true,
		    "hidden_block_count_x"}, ""},
		{{".text", SHT_PROGBITS, SHF_ALLOC, 64, "k", true,
		    "hidden_multigrid_sync_arg"}, ""},
		/* what outlives a launch */
		{{".bss", SHT_NOBITS, data, 4, "g", true, "by_value"},
		    "state"},
		{{".data", SHT_PROGBITS, data, 1, "g", true, "by_value"},
		    "state"},
		{{".init_array", SHT_INIT_ARRAY, data, 8, "k", true,
		    "by_value"}, "state"},
		/* what is the runtime's to give */
		{{".text", SHT_PROGBITS, SHF_ALLOC, 64, "k", true,
		    "hidden_hostcall_buffer"}, "symbol"},
		{{".text", SHT_PROGBITS, SHF_ALLOC, 64, "k", true,
		    "hidden_heap_v1"}, "symbol"},
		{{".text", SHT_PROGBITS, SHF_ALLOC, 64, "k", true,
		    "hidden_default_queue"}, "symbol"},
		{{".text", SHT_PROGBITS, SHF_ALLOC, 64, "malloc", false,
		    "by_value"}, "symbol"},
	};
	struct image m;

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		make(&m, &rows[i].r);
		if (strcmp(said_of(&m, m.n), rows[i].code) != 0)
			fail_msg("row %zu: %s, not %s", i, said_of(&m, m.n),
			    rows[i].code);
	}
}

/* However short it is cut, it is none; whatever byte is another, nothing is
 * read that isn't there. */
static void
cut_and_changed(void **state)
{
	struct kernel_facts facts[KE_LAUNCHES_MAX];
	struct ke_plan plan = {.n_launches = 1,
	    .launches[0].kernel = "k"};
	struct verdict v;
	struct image m;
	size_t refused = 0, bytes[2];

	(void)state;
	make(&m, &fine);
	for (size_t n = 0; n < m.n; n++)
		assert_string_equal(said_of(&m, n), "object");
	for (size_t i = 0; i < m.n; i++)
		for (unsigned bit = 1; bit < 256; bit *= 2) {
			char *copy = malloc(m.n);

			assert_non_null(copy);
			m.b[i] ^= bit;
			memcpy(copy, m.b, m.n);
			m.b[i] ^= bit;
			refused += codeobject_check(copy, m.n, &v) == -1;
			(void)codeobject_kernels(copy, m.n, &plan, facts, &v);
			(void)codeobject_parameters(copy, m.n, "k", bytes,
			    KE_LEN(bytes), &v);
			free(copy);
		}
	assert_true(refused > 100);
}

static void
facts(void **state)
{
	struct kernel_facts f[KE_LAUNCHES_MAX];
	struct ke_plan plan = {.n_launches = 2, .launches = {{.kernel = "k"},
	    {.kernel = "other"}}};
	struct verdict v;
	struct image m;

	(void)state;
	make(&m, &fine);
	assert_int_equal(codeobject_kernels(m.b, m.n, &plan, f, &v), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(f[i].vgprs, 88);
		assert_int_equal(f[i].agprs, 8);
		assert_int_equal(f[i].sgprs, 42);
		assert_int_equal(f[i].lds_bytes, 4096);
		assert_int_equal(f[i].scratch_bytes, 272);
		assert_int_equal(f[i].vgpr_spills, 3);
		assert_int_equal(f[i].sgpr_spills, 2);
		assert_int_equal(f[i].threads, 256);
		assert_int_equal(f[i].waves, 5);
	}
	plan.launches[1].kernel = "none";
	v.status = KE_PASS;
	assert_int_equal(codeobject_kernels(m.b, m.n, &plan, f, &v), -1);
	assert_int_equal(v.status, KE_PLAN_ERROR);
}

/* As llvm-calc-occupancy has them, and the tables of the ISA's manuals. */
static void
parameters(void **state)
{
	struct recipe hidden = fine;
	struct verdict v;
	struct image m;
	size_t bytes[2] = {7, 7};

	(void)state;
	make(&m, &fine);
	assert_int_equal(codeobject_parameters(m.b, m.n, "k", bytes, 2, &v),
	    2);
	assert_int_equal(bytes[0], 0); /* it doesn't say */
	assert_int_equal(bytes[1], 4);
	v.status = KE_PASS;
	assert_int_equal(codeobject_parameters(m.b, m.n, "k", bytes, 1, &v),
	    -1);
	assert_int_equal(v.status, KE_PLAN_ERROR);
	assert_int_equal(codeobject_parameters(m.b, m.n, "none", bytes, 2,
	    &v), -1);
	hidden.kind = "hidden_global_offset_x";
	make(&m, &hidden);
	assert_int_equal(codeobject_parameters(m.b, m.n, "k", bytes, 1, &v),
	    1);
}

static void
waves(void **state)
{
	static const struct {
		const char *arch;
		int vgprs, sgprs, waves;
	} rows[] = {
		{"gfx90a", 50, 30, 8}, {"gfx90a", 64, 30, 8},
		{"gfx90a", 65, 30, 7}, {"gfx90a", 128, 30, 4},
		{"gfx90a", 129, 30, 3}, {"gfx90a", 256, 30, 2},
		{"gfx90a", 257, 30, 1}, {"gfx90a", 512, 30, 1},
		{"gfx90a", 0, 0, 8}, {"gfx90a", 8, 102, 7},
		{"gfx90a", 513, 30, 0}, {"gfx942", 64, 30, 8},
		{"gfx942", 168, 30, 3}, {"gfx950", 72, 30, 7},
		{"gfx908", 24, 30, 10}, {"gfx908", 25, 30, 9},
		{"gfx908", 128, 30, 2}, {"gfx906", 24, 88, 9},
		{"gfx1100", 24, 30, 0}, {"", 24, 30, 0},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++)
		if (codeobject_waves(rows[i].arch, rows[i].vgprs,
		    rows[i].sgprs) != rows[i].waves)
			fail_msg("row %zu: %d waves", i, codeobject_waves(
			    rows[i].arch, rows[i].vgprs, rows[i].sgprs));
}

static void
messages(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		int type; /* -1: it can't be read */
		uint64_t number;
	} rows[] = {
		{"\x00", 1, MSGPACK_INTEGER, 0},
		{"\x7f", 1, MSGPACK_INTEGER, 127},
		{"\xcc\xff", 2, MSGPACK_INTEGER, 255},
		{"\xcd\x01\x02", 3, MSGPACK_INTEGER, 258},
		{"\xce\x80\x00\x00\x00", 5, MSGPACK_INTEGER, 0x80000000},
		{"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, MSGPACK_INTEGER,
		    UINT64_MAX},
		{"\xcd\x01", 2, -1, 0}, {"\xcf\x01", 2, -1, 0},
		{"", 0, -1, 0},
		{"\xa2" "ab", 3, MSGPACK_TEXT, 2}, {"\xa3" "ab", 3, -1, 0},
		{"\xd9\x02" "ab", 4, MSGPACK_TEXT, 2},
		{"\xda\x00\x02" "ab", 5, MSGPACK_TEXT, 2},
		{"\xdb\xff\xff\xff\xff" "ab", 7, -1, 0},
		{"\x91\x01", 2, MSGPACK_ARRAY, 1}, {"\x92\x01", 2, -1, 0},
		{"\xdc\x00\x01\xc0", 4, MSGPACK_ARRAY, 1},
		{"\xdd\xff\xff\xff\xff\xc0", 6, -1, 0},
		{"\x81\xa1" "a" "\x01", 4, MSGPACK_MAP, 1},
		{"\xdf\xff\xff\xff\xff\xc0\xc0", 7, -1, 0},
		{"\xc0", 1, MSGPACK_OTHER, 0}, {"\xc2", 1, MSGPACK_OTHER, 0},
		{"\xc3", 1, MSGPACK_OTHER, 0}, {"\xe0", 1, MSGPACK_OTHER, 0},
		{"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, MSGPACK_OTHER, 0},
		{"\xca\x00\x00\x00\x00", 5, MSGPACK_OTHER, 0},
		{"\xcb\x00\x00\x00\x00", 5, -1, 0},
		{"\xc1", 1, -1, 0}, {"\xc4\x00", 2, -1, 0},
		{"\xd4\x00\x00", 3, -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < KE_LEN(rows); i++) {
		struct msgpack m = {(const void *)rows[i].bytes, rows[i].n};
		struct msgpack_value v;
		int type = msgpack_read(&m, &v) ? (int)v.type : -1;

		if (type != rows[i].type || (type == MSGPACK_INTEGER &&
		    v.number != rows[i].number) || (type > MSGPACK_INTEGER &&
		    v.n != rows[i].number))
			fail_msg("row %zu: type %d", i, type);
	}
}

static void
skipped(void **state)
{
	static const char map[] = "\x83\xa1" "a" "\x92\x01\x81\x02\x91\xa1" "x"
	    "\xa1" "b" "\x07\xa1" "a" "\x08";
	struct msgpack m = {(const void *)map, sizeof(map) - 1}, at;
	struct msgpack_value v;
	unsigned char deep[512];

	(void)state;
	assert_true(msgpack_get(&m, "b", &at) && msgpack_read(&at, &v));
	assert_int_equal(v.number, 7);
	/* the first of a name counts */
	assert_true(msgpack_get(&m, "a", &at) && msgpack_read(&at, &v));
	assert_int_equal(v.type, MSGPACK_ARRAY);
	assert_false(msgpack_get(&m, "c", &at));
	assert_true(msgpack_skip(&m));
	assert_int_equal(m.n, 0);
	for (size_t n = 0; n < sizeof(map) - 1; n++) {
		m = (struct msgpack){(const void *)map, n};
		assert_false(msgpack_skip(&m));
	}
	/* arrays in arrays, of which the last is empty */
	memset(deep, 0x91, sizeof(deep));
	deep[sizeof(deep) - 1] = 0x90;
	m = (struct msgpack){deep, sizeof(deep)};
	assert_true(msgpack_skip(&m));
	assert_int_equal(m.n, 0);
	deep[sizeof(deep) - 1] = 0x91;
	m = (struct msgpack){deep, sizeof(deep)};
	assert_false(msgpack_skip(&m));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made),
		cmocka_unit_test(cut_and_changed),
		cmocka_unit_test(facts),
		cmocka_unit_test(parameters),
		cmocka_unit_test(waves),
		cmocka_unit_test(messages),
		cmocka_unit_test(skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
