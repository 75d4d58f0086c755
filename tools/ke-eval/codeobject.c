/* Code objects are ELF files (https://llvm.org/docs/AMDGPUUsage.html, Code
 * Object).  Sections that are written to hold what outlives a launch: variables
 * of __device__ and __constant__ that aren't const.  A note has metadata of
 * each kernel in MessagePack; its arguments that are hidden say what of the
 * runtime it needs. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "codeobject.h"
#include "defence.h"
#include "elf64.h"
#include "msgpack.h"

#define MACHINE_AMDGPU 224
#define NOTE_METADATA 32

static int
broken(struct verdict *v, const char *what)
{
	return verdict_set(v, KE_PLAN_ERROR, "object", "%s", what);
}

static int
check_symbols(const struct elf64 *o, const elf64_section *s, struct verdict *v)
{
	const Elf64_Sym *sym;
	const char *names;
	size_t n, names_n;

	if (elf64_symbols(o, s, &sym, &n, &names, &names_n) == -1)
		return broken(v, "not a code object");
	for (size_t i = 1; i < n; i++) {
		const char *name = sym[i].st_name < names_n
		    ? names + sym[i].st_name : "";

		if (sym[i].st_shndx == SHN_UNDEF && *name != '\0' &&
		    defended(load))
			return verdict_set(v, KE_PLAN_ERROR, "symbol",
			    "calls %.100s, which nobody has", name);
	}
	return 0;
}

/* Is it memory that kernels can write to and that outlives a launch?  The
 * linker's own is none of theirs. */
static bool
is_state(const struct elf64 *o, const elf64_section *s)
{
	static const char *const linker[] = {".got", ".got.plt",
	    ".relro_padding"};

	for (size_t i = 0; i < KE_LEN(linker); i++)
		if (strcmp(elf64_name(o, s), linker[i]) == 0)
			return false;
	return (s->sh_flags & SHF_ALLOC) != 0 &&
	    (s->sh_flags & SHF_WRITE) != 0 && s->sh_type != SHT_DYNAMIC &&
	    s->sh_size > 0;
}

static int
check_sections(const struct elf64 *o, struct verdict *v)
{
	for (size_t i = 1; i < o->n_sections; i++) {
		const elf64_section *s = &o->sections[i];

		if ((s->sh_type == SHT_SYMTAB || s->sh_type == SHT_DYNSYM) &&
		    check_symbols(o, s, v) == -1)
			return -1;
		if (is_state(o, s) && defended(state))
			return verdict_set(v, KE_PLAN_ERROR, "state",
			    "%llu bytes of module-scope variables: a kernel "
			    "keeps nothing between launches; tables are const",
			    (unsigned long long)s->sh_size);
	}
	return 0;
}

static uint64_t
padded(uint32_t n)
{
	return ((uint64_t)n + 3) / 4 * 4;
}

/* The metadata among the notes of a section. */
static bool
find_in_notes(const struct elf64 *o, const elf64_section *s, struct msgpack *to)
{
	uint64_t at = s->sh_offset, end = at + s->sh_size;
	Elf64_Nhdr h;

	while (end - at >= sizeof(h)) {
		const char *name = o->base + at + sizeof(h);
		uint64_t names, texts;

		memcpy(&h, o->base + at, sizeof(h));
		at += sizeof(h);
		names = padded(h.n_namesz);
		texts = padded(h.n_descsz);
		if (names > end - at || texts > end - at - names)
			return false;
		at += names;
		if (h.n_type == NOTE_METADATA && h.n_namesz == 7 &&
		    memcmp(name, "AMDGPU", 7) == 0) {
			*to = (struct msgpack){(const void *)(o->base + at),
			    h.n_descsz};
			return true;
		}
		at += texts;
	}
	return false;
}

static bool
find_metadata(const struct elf64 *o, struct msgpack *to)
{
	for (size_t i = 1; i < o->n_sections; i++) {
		const elf64_section *s = &o->sections[i];

		if (s->sh_type == SHT_NOTE &&
		    elf64_within(o, s->sh_offset, s->sh_size) &&
		    find_in_notes(o, s, to))
			return true;
	}
	return false;
}

/* The array that the map has for the name: its length, with *to at the first
 * element; 0 where there is none. */
static size_t
array(const struct msgpack *map, const char *name, struct msgpack *to)
{
	struct msgpack_value v;

	return msgpack_get(map, name, to) && msgpack_read(to, &v) &&
	    v.type == MSGPACK_ARRAY ? v.n : 0;
}

static bool
text(const struct msgpack *map, const char *name, char *to, size_t n)
{
	struct msgpack at;
	struct msgpack_value v;

	if (!msgpack_get(map, name, &at) || !msgpack_read(&at, &v) ||
	    v.type != MSGPACK_TEXT || v.n >= n ||
	    memchr(v.text, '\0', v.n) != NULL)
		return false;
	memcpy(to, v.text, v.n);
	to[v.n] = '\0';
	return true;
}

/* What of the runtime an argument of that kind stands for; NULL: nothing that a
 * kernel may not have. */
static const char *
refused(const char *kind)
{
	static const struct {
		const char *kind, *what;
	} all[] = {{"hidden_hostcall_buffer", "the host"},
	    {"hidden_printf_buffer", "printf"},
	    {"hidden_heap_v1", "malloc"},
	    {"hidden_default_queue", "a queue"},
	    {"hidden_completion_action", "a queue"}};

	for (size_t i = 0; i < KE_LEN(all); i++)
		if (strcmp(all[i].kind, kind) == 0)
			return all[i].what;
	return NULL;
}

static int
check_kernel(const struct msgpack *kernel, struct verdict *v)
{
	struct msgpack at;
	size_t n = array(kernel, ".args", &at);
	const char *what;
	char kind[64];

	for (size_t i = 0; i < n; i++) {
		if (text(&at, ".value_kind", kind, sizeof(kind)) &&
		    (what = refused(kind)) != NULL && defended(load))
			return verdict_set(v, KE_PLAN_ERROR, "symbol",
			    "calls %s: a kernel may not print, allocate, "
			    "assert or launch", what);
		if (!msgpack_skip(&at))
			return broken(v, "its metadata can't be read");
	}
	return 0;
}

int
codeobject_check(const void *p, size_t n, struct verdict *v)
{
	struct elf64 o;
	struct msgpack all, at;
	size_t kernels;

	if (elf64_open(&o, p, n, MACHINE_AMDGPU) == -1)
		return broken(v, "not a code object");
	if (check_sections(&o, v) == -1)
		return -1;
	if (!find_metadata(&o, &all) ||
	    (kernels = array(&all, "amdhsa.kernels", &at)) == 0)
		return broken(v, "it has no metadata of kernels");
	for (size_t i = 0; i < kernels; i++) {
		if (check_kernel(&at, v) == -1)
			return -1;
		if (!msgpack_skip(&at))
			return broken(v, "its metadata can't be read");
	}
	return 0;
}

/* Registers of a SIMD, as LLVM has them (llvm/lib/Target/AMDGPU/Utils/
 * AMDGPUBaseInfo.cpp: getTotalNumVGPRs, getVGPRAllocGranule, getMaxWavesPerEU,
 * and AMDGPUSubtarget.cpp: getOccupancyWithNumSGPRs).  The first row that the
 * name begins with. */
static const struct {
	const char *arch;
	int vgprs, granule, waves;
} simds[] = {
	{"gfx90a", 512, 8, 8}, {"gfx94", 512, 8, 8}, {"gfx95", 512, 8, 8},
	{"gfx90", 256, 4, 10},
};

/* Those of 80, 88, 100 and more scalar registers. */
static int
waves_of_sgprs(int n)
{
	return n <= 80 ? 10 : n <= 88 ? 9 : n <= 100 ? 8 : 7;
}

int
codeobject_waves(const char *arch, int vgprs, int sgprs)
{
	for (size_t i = 0; i < KE_LEN(simds); i++) {
		int granule = simds[i].granule, waves, scalar;

		if (strncmp(arch, simds[i].arch, strlen(simds[i].arch)) != 0)
			continue;
		if (vgprs < 0 || vgprs > simds[i].vgprs)
			return 0;
		vgprs = vgprs == 0 ? granule
		    : (vgprs + granule - 1) / granule * granule;
		waves = simds[i].vgprs / vgprs;
		scalar = waves_of_sgprs(sgprs);
		waves = waves < scalar ? waves : scalar;
		return waves < simds[i].waves ? waves : simds[i].waves;
	}
	return 0;
}

/* The number that the map has for the name; 0 where it has none that a kernel
 * can have. */
static int
number(const struct msgpack *map, const char *name)
{
	struct msgpack at;
	struct msgpack_value v;

	return msgpack_get(map, name, &at) && msgpack_read(&at, &v) &&
	    v.type == MSGPACK_INTEGER && v.number <= INT_MAX ? (int)v.number
	    : 0;
}

/* "gfx90a" of "amdgcn-amd-amdhsa--gfx90a:xnack-". */
static void
read_arch(const struct msgpack *all, char *to, size_t n)
{
	char target[128];
	const char *dash;

	*to = '\0';
	if (!text(all, "amdhsa.target", target, sizeof(target)))
		return;
	target[strcspn(target, ":")] = '\0';
	dash = strrchr(target, '-');
	snprintf(to, n, "%s", dash == NULL ? "" : dash + 1);
}

static bool
find_kernel(const struct msgpack *all, const char *name, struct msgpack *to)
{
	size_t n = array(all, "amdhsa.kernels", to);
	char own[256];

	for (size_t i = 0; i < n; i++) {
		if (text(to, ".name", own, sizeof(own)) &&
		    strcmp(own, name) == 0)
			return true;
		if (!msgpack_skip(to))
			return false;
	}
	return false;
}

static void
read_facts(const struct msgpack *k, const char *arch, struct kernel_facts *f)
{
	*f = (struct kernel_facts){
	    .vgprs = number(k, ".vgpr_count"),
	    .agprs = number(k, ".agpr_count"),
	    .sgprs = number(k, ".sgpr_count"),
	    .lds_bytes = number(k, ".group_segment_fixed_size"),
	    .scratch_bytes = number(k, ".private_segment_fixed_size"),
	    .vgpr_spills = number(k, ".vgpr_spill_count"),
	    .sgpr_spills = number(k, ".sgpr_spill_count"),
	    .threads = number(k, ".max_flat_workgroup_size")};
	f->waves = codeobject_waves(arch, f->vgprs, f->sgprs);
}

/* A kernel's metadata, and the architecture of all. */
static int
open_kernel(const void *p, size_t n, const char *name, struct msgpack *k,
    char *arch, size_t arch_n, struct verdict *v)
{
	struct elf64 o;
	struct msgpack all;

	if (elf64_open(&o, p, n, MACHINE_AMDGPU) == -1 ||
	    !find_metadata(&o, &all))
		return broken(v, "not a code object");
	read_arch(&all, arch, arch_n);
	if (!find_kernel(&all, name, k))
		return verdict_set(v, KE_PLAN_ERROR, "object",
		    "no such kernel: %.100s", name);
	return 0;
}

int
codeobject_kernel(const void *p, size_t n, const char *name,
    struct kernel_facts *f, struct verdict *v)
{
	struct msgpack k;
	char arch[32];

	if (open_kernel(p, n, name, &k, arch, sizeof(arch), v) == -1)
		return -1;
	read_facts(&k, arch, f);
	return 0;
}

int
codeobject_kernels(const void *p, size_t n, const struct ke_plan *plan,
    struct kernel_facts *facts, struct verdict *v)
{
	for (size_t i = 0; i < plan->n_launches; i++)
		if (codeobject_kernel(p, n, plan->launches[i].kernel,
		    &facts[i], v) == -1)
			return -1;
	return 0;
}

int
codeobject_parameters(const void *p, size_t n, const char *name,
    size_t *bytes, size_t most, struct verdict *v)
{
	struct msgpack k, at;
	char arch[32], kind[64];
	size_t args, got = 0;

	if (open_kernel(p, n, name, &k, arch, sizeof(arch), v) == -1)
		return -1;
	args = array(&k, ".args", &at);
	for (size_t i = 0; i < args; i++) {
		if (!text(&at, ".value_kind", kind, sizeof(kind)))
			return broken(v, "its metadata can't be read");
		if (strncmp(kind, "hidden_", 7) != 0) {
			if (got == most)
				return broken(v, "too many parameters");
			bytes[got++] = (size_t)number(&at, ".size");
		}
		if (!msgpack_skip(&at))
			return broken(v, "its metadata can't be read");
	}
	return (int)got;
}
