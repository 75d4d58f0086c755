/* NVRTC's language is compiled by g++, and the object put into what looks like
 * a cubin to who reads its sections. */
#include <string.h>

#include "compile.h"
#include "image.h"

static const char *const preprocess[] = {"g++", "-E", "-x", "c++",
    "-std=c++20", "-nostdinc", "-I", COMPILE_INCLUDE, "-include",
    "fake_device.h", "-o", "fake.ii", "in.cc", NULL};
static const char *const compiler[] = {"g++", "-std=c++20", "-O2", "-w",
    "-fPIC", "-shared", "-nostdlib", "-fno-exceptions", "-fno-rtti",
    "-fno-asynchronous-unwind-tables", "-fno-strict-aliasing",
    "-fno-threadsafe-statics", "-ffp-contract=off", "-Wl,-z,now", "-x",
    "c++-cpp-output", "-o", "fake.so", "fake2.ii", NULL};

static const char *
include(int n, const char *const *options)
{
	static const char option[] = "--include-path=";

	for (int i = 0; i < n; i++)
		if (strncmp(options[i], option, sizeof(option) - 1) == 0)
			return options[i] + sizeof(option) - 1;
	return "";
}

const struct language language = {"NVRTC", 13, preprocess, compiler,
    include};


void
image_wrap(const struct ke_buf *so, int n, const char *const *options,
    struct ke_buf *to)
{
	(void)n, (void)options;
	image_make(to, &(struct image){EM_CUDA, 0, 0, 2, {
	    {".nv.global", SHT_NOBITS, 0, NULL, compile_state_bytes(so)},
	    {IMAGE_HOST_NAME, SHT_PROGBITS, 0, so->s, so->n}}});
}
