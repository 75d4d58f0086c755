/* The object is put into what looks like a code object to who reads its
 * sections and metadata (https://llvm.org/docs/AMDGPUUsage.html, Code
 * Object). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "image.h"
#include "module.h"

#define NOTE_METADATA 32 /* NT_AMDGPU_METADATA */
#define OSABI 64         /* ELFOSABI_AMDGPU_HSA */
#define GFX90A 0x3f      /* EF_AMDGPU_MACH_AMDGCN_GFX90A */

/* MessagePack, as far as metadata needs it. */

static void
put_byte(struct ke_buf *b, unsigned v)
{
	char c = (char)v;

	ke_buf_add(b, &c, 1);
}

static void
put_16(struct ke_buf *b, unsigned type, unsigned v)
{
	put_byte(b, type);
	put_byte(b, v >> 8);
	put_byte(b, v);
}

static void
put_text(struct ke_buf *b, const char *text)
{
	put_16(b, 0xda, (unsigned)strlen(text));
	ke_buf_str(b, text);
}

static void
put_map(struct ke_buf *b, unsigned n)
{
	put_16(b, 0xde, n);
}

static void
put_array(struct ke_buf *b, unsigned n)
{
	put_16(b, 0xdc, n);
}

static void
put_number(struct ke_buf *b, const char *name, unsigned v)
{
	put_text(b, name);
	put_16(b, 0xce, v >> 16);
	put_byte(b, v >> 8);
	put_byte(b, v);
}

/* Arguments lie one behind the other, aligned by their size: the bytes of
 * all. */
static unsigned
put_args(struct ke_buf *b, const struct kernel *k)
{
	unsigned at = 0;

	put_text(b, ".args");
	put_array(b, k->n_args);
	for (unsigned i = 0; i < k->n_args; i++) {
		unsigned n = k->bytes[i], align = n % 8 == 0 ? 8 : 4;

		at = (at + align - 1) / align * align;
		put_map(b, 3);
		put_number(b, ".offset", at);
		put_number(b, ".size", n);
		put_text(b, ".value_kind");
		put_text(b, "by_value");
		at += n;
	}
	return (at + 7) / 8 * 8;
}

static void
put_kernel(struct ke_buf *b, const struct kernel *k)
{
	unsigned bytes;

	put_map(b, 13);
	put_text(b, ".name");
	put_text(b, k->name);
	bytes = put_args(b, k);
	put_number(b, ".kernarg_segment_size", bytes);
	put_number(b, ".kernarg_segment_align", 8);
	put_number(b, ".group_segment_fixed_size",
	    (unsigned)k->shared);
	put_number(b, ".private_segment_fixed_size", 0);
	put_number(b, ".wavefront_size", 64);
	put_number(b, ".sgpr_count", 16);
	put_number(b, ".vgpr_count", 32);
	put_number(b, ".agpr_count", 0);
	put_number(b, ".sgpr_spill_count", 0);
	put_number(b, ".vgpr_spill_count", 0);
	put_number(b, ".max_flat_workgroup_size", 1024);
}

/* The architecture that was asked for. */
static void
put_target(struct ke_buf *b, int n, const char *const *options)
{
	static const char option[] = "--offload-arch=";
	char target[128] = "";

	for (int i = 0; i < n; i++)
		if (strncmp(options[i], option, sizeof(option) - 1) == 0)
			snprintf(target, sizeof(target),
			    "amdgcn-amd-amdhsa--%s",
			    options[i] + sizeof(option) - 1);
	put_text(b, "amdhsa.target");
	put_text(b, target);
}

static void
metadata(const struct ke_buf *so, int n, const char *const *options,
    struct ke_buf *to)
{
	struct module *m = module_of(so->s, so->n);

	if (m == NULL)
		abort();
	put_map(to, 3);
	put_text(to, "amdhsa.version");
	put_array(to, 2);
	put_byte(to, 1);
	put_byte(to, 1);
	put_target(to, n, options);
	put_text(to, "amdhsa.kernels");
	put_array(to, module_kernels(m));
	for (const struct kernel *k = m->kernels; k != NULL; k = k->next)
		put_kernel(to, k);
	module_unload(m);
}

void
image_wrap(const struct ke_buf *so, int n, const char *const *options,
    struct ke_buf *to)
{
	static const char zeros[4];
	struct ke_buf text = {0}, note = {0};
	Elf64_Nhdr h = {7, 0, NOTE_METADATA};

	metadata(so, n, options, &text);
	h.n_descsz = (Elf64_Word)text.n;
	ke_buf_add(&note, &h, sizeof(h));
	ke_buf_add(&note, "AMDGPU\0", 8);
	ke_buf_add(&note, text.s, text.n);
	ke_buf_add(&note, zeros, (4 - text.n % 4) % 4);
	image_make(to, &(struct image){EM_AMDGPU, OSABI, GFX90A, 3, {
	    {".note", SHT_NOTE, SHF_ALLOC, note.s, note.n},
	    {".data", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL,
	    compile_state_bytes(so)},
	    {IMAGE_HOST_NAME, SHT_PROGBITS, 0, so->s, so->n}}});
	ke_buf_free(&text);
	ke_buf_free(&note);
}
