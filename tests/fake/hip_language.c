/* hiprtc's language is compiled by clang, behind headers that the library has
 * in itself, as hiprtc does. */
#include "compile.h"
#include "file.h"

#define HALVES "-Xclang", "-fnative-half-type", "-Xclang", \
	"-fallow-half-arguments-and-returns"

static const char *const preprocess[] = {"clang++", "-E", "-x", "c++",
    "-std=c++17", "-nostdinc", "-I", COMPILE_INCLUDE, "-include", "fake_hip.h",
    "-o", "fake.ii", "in.cc", NULL};
static const char *const compiler[] = {"clang++", "-std=c++17", "-O2", "-w",
    HALVES, "-fPIC", "-shared", "-nostdlib", "-fno-exceptions", "-fno-rtti",
    "-fno-asynchronous-unwind-tables", "-fno-strict-aliasing",
    "-fno-threadsafe-statics", "-ffp-contract=off", "-Wl,-z,now", "-x",
    "c++-cpp-output", "-o", "fake.so", "fake2.ii", "-lgcc", NULL};

#define HEADERS(X) \
	X(device, "", "device.h") \
	X(kernel, "include/", "fake_kernel.h") \
	X(half, "include/", "fake_half.h") \
	X(hip, "include/", "fake_hip.h") \
	X(hip_half, "include/", "fake_hip_half.h") \
	X(hip_vector, "include/", "fake_hip_vector.h") \
	X(hip_mfma, "include/", "fake_hip_mfma.h")

#define X(name, at, file) \
	__asm__(".pushsection .rodata\n" #name "_text: .incbin \"tests/fake/" \
	    at file "\"\n" #name "_end: .byte 0\n.popsection"); \
	extern const char name##_text[], name##_end[];
HEADERS(X)
#undef X

static const char *
include(int n, const char *const *options)
{
	static const struct {
		const char *name, *text, *end;
	} all[] = {
#define X(name, at, file) {file, name##_text, name##_end},
		HEADERS(X)
#undef X
	};
	struct ke_err e;

	(void)n, (void)options;
	for (size_t i = 0; i < KE_LEN(all); i++)
		if (ke_file_write(all[i].name, all[i].text,
		    (size_t)(all[i].end - all[i].text), &e) == -1)
			return NULL;
	return ".";
}

const struct language language = {"HIPRTC", 9, preprocess, compiler,
    include};
