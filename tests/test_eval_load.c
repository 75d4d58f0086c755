/* load_check: what an object may not do when it is loaded.  Objects are made by
 * the compiler here, some then changed byte by byte. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "file.h"
#include "../tools/ke-eval/load.h"

static const char honest[] =
    "#include <math.h>\n"
    "static int calls;\n"
    "static void k(float *x) { *x = sinf(*x) + ++calls; }\n"
    "void (*const ke_calls[])(float *) = {k};\n";

/* Compiles text as candidates are, with more flags. */
static void
make(const char *text, const char *flags, struct ke_buf *object)
{
	char dir[] = "/tmp/ke-load-XXXXXX";
	struct ke_buf path = {0}, command = {0};
	struct ke_err e;

	assert_non_null(mkdtemp(dir));
	ke_buf_fmt(&path, "%s/t.c", dir);
	assert_int_equal(ke_file_write(path.s, text, strlen(text), &e), 0);
	ke_buf_fmt(&command, "cd %s && cc -O1 -fPIC -shared "
	    "-Wl,-z,now,--hash-style=sysv %s -o t.so t.c -lm", dir, flags);
	assert_int_equal(system(command.s), 0);
	path.n = 0;
	ke_buf_fmt(&path, "%s/t.so", dir);
	object->n = 0;
	assert_int_equal(ke_file_read(path.s, (size_t)1 << 20, object, &e),
	    0);
	command.n = 0;
	ke_buf_fmt(&command, "rm -r %s", dir);
	assert_int_equal(system(command.s), 0);
	ke_buf_free(&path);
	ke_buf_free(&command);
}

/* What is said of it: a code, or "" where it may be loaded. */
static const char *
said(const struct ke_buf *object)
{
	static struct verdict v;

	v = (struct verdict){.status = KE_PASS};
	if (load_check(object->s, object->n, &v) == 0) {
		assert_int_equal(v.status, KE_PASS);
		return "";
	}
	assert_true(v.status == KE_PLAN_ERROR ||
	    v.status == KE_COMPILE_ERROR);
	assert_true(*v.detail != '\0');
	return v.code;
}

static void
expect(const char *text, const char *flags, const char *code)
{
	struct ke_buf b = {0};

	make(text, flags, &b);
	assert_string_equal(said(&b), code);
	ke_buf_free(&b);
}

static void
test_made(void **state)
{
	(void)state;
	expect(honest, "-nostartfiles", "");
	/* crti.o and crtbeginS.o bring constructors of their own */
	expect(honest, "", "constructor");
	expect("__attribute__((constructor)) void f(void) {}",
	    "-nostartfiles", "constructor");
	expect("__attribute__((destructor)) void f(void) {}", "-nostartfiles",
	    "constructor");
	expect("static int g(void) { return 1; }\n"
	    "static void *r(void) { return g; }\n"
	    "int f(void) __attribute__((ifunc(\"r\")));\n"
	    "int h(void) { return f(); }", "-nostartfiles", "ifunc");
	/* called within the object: a relocation, and no symbol */
	expect("static int g(void) { return 1; }\n"
	    "static void *r(void) { return g; }\n"
	    "static int f(void) __attribute__((ifunc(\"r\")));\n"
	    "int h(void) { return f(); }", "-nostartfiles", "relocation");
	expect(honest, "-nostartfiles -Wl,-rpath,/tmp", "dynamic");
	expect(honest, "-nostartfiles -Wl,-z,execstack", "segment");
	expect(honest, "-nostartfiles -Wl,--no-as-needed -lcjson", "library");
	expect(honest, "-nostartfiles -Wl,--audit,/tmp/a.so", "dynamic");
}

/* The n-th entry with this tag, or this program header, in the object. */
static Elf64_Dyn *
entry(struct ke_buf *b, int64_t tag)
{
	Elf64_Ehdr *h = (void *)b->s;
	Elf64_Phdr *p = (void *)(b->s + h->e_phoff);

	while (p->p_type != PT_DYNAMIC)
		p++;
	for (Elf64_Dyn *d = (void *)(b->s + p->p_offset);; d++)
		if (d->d_tag == tag)
			return d;
}

static Elf64_Phdr *
segment(struct ke_buf *b, uint32_t type, int n)
{
	Elf64_Ehdr *h = (void *)b->s;
	Elf64_Phdr *p = (void *)(b->s + h->e_phoff);

	for (;; p++)
		if (p->p_type == type && n-- == 0)
			return p;
}

static void
test_changed(void **state)
{
	static const int64_t places[] = {DT_HASH, DT_STRTAB, DT_SYMTAB,
	    DT_STRSZ, DT_RELA, DT_RELASZ, DT_JMPREL, DT_PLTRELSZ, DT_NEEDED};
	struct ke_buf b = {0};
	Elf64_Dyn *d;
	Elf64_Phdr *p;
	Elf64_Rela *r;
	uint64_t was;

	(void)state;
	make(honest, "-nostartfiles", &b);
	d = entry(&b, DT_FLAGS_1);
	d->d_tag = DT_INIT;
	assert_string_equal(said(&b), "constructor");
	d->d_tag = DT_AUXILIARY;
	assert_string_equal(said(&b), "dynamic");
	d->d_tag = DT_FLAGS_1;
	assert_string_equal(said(&b), "");

	/* the first segment holds relocations at the address of their offset */
	r = (void *)(b.s + entry(&b, DT_RELA)->d_un.d_ptr);
	was = r->r_offset;
	r->r_offset = 0x10; /* code, or what is beside the object */
	assert_string_equal(said(&b), "relocation");
	r->r_offset = UINT64_MAX - 3;
	assert_string_equal(said(&b), "relocation");
	r->r_offset = segment(&b, PT_DYNAMIC, 0)->p_vaddr + 8;
	assert_string_equal(said(&b), "relocation");
	r->r_offset = was;
	was = r->r_info;
	r->r_info = ELF64_R_INFO(0, 0x7ff);
	assert_string_equal(said(&b), "relocation");
	r->r_info = was;
	assert_string_equal(said(&b), "");

	for (size_t i = 0; i < KE_LEN(places); i++) {
		d = entry(&b, places[i]);
		was = d->d_un.d_val;
		d->d_un.d_val = UINT64_MAX - 7;
		assert_string_not_equal(said(&b), "");
		d->d_un.d_val = was;
	}
	p = segment(&b, PT_LOAD, 1);
	was = p->p_vaddr;
	p->p_vaddr = segment(&b, PT_LOAD, 0)->p_vaddr;
	assert_string_equal(said(&b), "object");
	p->p_vaddr = was;
	p->p_flags |= PF_W;
	assert_string_equal(said(&b), "segment");
	ke_buf_free(&b);
}

/* Cut anywhere it is refused or, behind all that is loaded, not. */
static void
test_cut(void **state)
{
	struct ke_buf b = {0};
	char *copy;
	size_t refused = 0;

	(void)state;
	make(honest, "-nostartfiles", &b);
	for (size_t n = 0; n < b.n; n += n < 1024 ? 1 : 97) {
		struct ke_buf cut = {.n = n};

		copy = malloc(n + 1); /* so that a tool sees what is read */
		assert_non_null(copy);
		memcpy(copy, b.s, n);
		cut.s = copy;
		refused += *said(&cut) != '\0';
		free(copy);
	}
	assert_true(refused > 1024);
	ke_buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_made),
	    cmocka_unit_test(test_changed), cmocka_unit_test(test_cut)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
