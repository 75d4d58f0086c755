/* ELF objects. */
#include <string.h>

#include "image.h"

#define ALIGN 64

static void
pad(struct ke_buf *b)
{
	static const char zeros[ALIGN];

	ke_buf_add(b, zeros, (ALIGN - b->n % ALIGN) % ALIGN);
}

/* Its text to names, the bytes to the file. */
static void
add(Elf64_Shdr *s, const struct image_part *p, struct ke_buf *names,
    struct ke_buf *b)
{
	pad(b);
	*s = (Elf64_Shdr){.sh_name = (Elf64_Word)names->n, .sh_type = p->type,
	    .sh_flags = p->flags, .sh_offset = b->n, .sh_size = p->n,
	    .sh_addralign = 1};
	ke_buf_add(names, p->name, strlen(p->name) + 1);
	if (p->data != NULL)
		ke_buf_add(b, p->data, p->n);
}

void
image_make(struct ke_buf *to, const struct image *i)
{
	static const Elf64_Sym none;
	const struct image_part symbols = {".symtab", SHT_SYMTAB, 0, &none,
	    sizeof(none)}, strings = {".strtab", SHT_STRTAB, 0, NULL, 0};
	Elf64_Shdr s[IMAGE_PARTS + 3] = {{0}};
	unsigned n = i->n_parts + 3;
	Elf64_Ehdr head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
	    ELFCLASS64, ELFDATA2LSB, EV_CURRENT, i->osabi},
	    .e_type = ET_DYN, .e_machine = i->machine,
	    .e_version = EV_CURRENT, .e_flags = i->flags,
	    .e_ehsize = sizeof(head), .e_shoff = sizeof(head),
	    .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = (Elf64_Half)n,
	    .e_shstrndx = (Elf64_Half)(n - 1)};
	struct ke_buf names = {0};

	ke_buf_add(to, &head, sizeof(head));
	ke_buf_add(to, s, n * sizeof(*s));
	ke_buf_add(&names, "", 1);
	for (unsigned k = 0; k < i->n_parts; k++)
		add(&s[k + 1], &i->part[k], &names, to);
	add(&s[n - 2], &symbols, &names, to);
	s[n - 2].sh_link = n - 1;
	s[n - 2].sh_entsize = sizeof(none);
	add(&s[n - 1], &strings, &names, to);
	s[n - 1].sh_size = names.n;
	ke_buf_add(to, names.s, names.n);
	memcpy(to->s + sizeof(head), s, n * sizeof(*s));
	ke_buf_free(&names);
}
