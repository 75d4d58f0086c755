/* libnvrtc.so without CUDA, and what libamdhip64.so has of hiprtc without ROCm:
 * the two differ in names, and in what they compile and make. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compile.h"
#include "faults.h"
#include "image.h"
#include "names.h"

enum { SUCCESS = 0, OUT_OF_MEMORY = 1, INVALID_INPUT = 3, COMPILATION = 6 };

struct program {
	char *text;
	struct ke_buf log, image;
};

int nvrtcVersion(int *, int *);
int nvrtcCreateProgram(struct program **, const char *, const char *, int,
    const char *const *, const char *const *);
int nvrtcDestroyProgram(struct program **);
int nvrtcCompileProgram(struct program *, int, const char *const *);
int nvrtcGetProgramLogSize(struct program *, size_t *);
int nvrtcGetProgramLog(struct program *, char *);
int nvrtcGetCUBINSize(struct program *, size_t *);
int nvrtcGetCUBIN(struct program *, char *);
const char *nvrtcGetErrorString(int);

int
nvrtcVersion(int *major, int *minor)
{
	*major = language.version;
	*minor = 0;
	return 0;
}

int
nvrtcCreateProgram(struct program **to, const char *text, const char *name,
    int n, const char *const *headers, const char *const *names)
{
	(void)name, (void)headers, (void)names;
	if (n != 0)
		return INVALID_INPUT;
	*to = ke_calloc(1, sizeof(**to));
	(*to)->text = ke_strdup(text);
	return 0;
}

int
nvrtcDestroyProgram(struct program **p)
{
	free((*p)->text);
	ke_buf_free(&(*p)->log);
	ke_buf_free(&(*p)->image);
	free(*p);
	*p = NULL;
	return 0;
}

/* The name of the first kernel. */
static void
first_kernel(const char *text, char name[64])
{
	const char *at = strstr(text, "__global__ void");

	*name = '\0';
	if (at != NULL)
		(void)sscanf(at, "__global__ void %63[A-Za-z0-9_]", name);
}

int
nvrtcCompileProgram(struct program *p, int n, const char *const *options)
{
	struct ke_buf so = {0};
	char name[64];
	int code;

	first_kernel(p->text, name);
	code = fault(__func__, name);

	if (code == FAULT_HANG)
		for (;;)
			pause();
	if (code != 0)
		return code;
	if (compile(p->text, n, options, &so, &p->log) == -1)
		return COMPILATION;
	image_wrap(&so, n, options, &p->image);
	ke_buf_free(&so);
	return SUCCESS;
}

int
nvrtcGetProgramLogSize(struct program *p, size_t *to)
{
	*to = p->log.n + 1;
	return 0;
}

int
nvrtcGetProgramLog(struct program *p, char *to)
{
	if (p->log.n > 0)
		memcpy(to, p->log.s, p->log.n);
	to[p->log.n] = '\0';
	return 0;
}

int
nvrtcGetCUBINSize(struct program *p, size_t *to)
{
	*to = p->image.n;
	return 0;
}

int
nvrtcGetCUBIN(struct program *p, char *to)
{
	memcpy(to, p->image.s, p->image.n);
	return 0;
}

const char *
nvrtcGetErrorString(int code)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s_ERROR_%s", language.prefix,
	    code == COMPILATION ? "COMPILATION" : code == OUT_OF_MEMORY
	    ? "OUT_OF_MEMORY" : "INTERNAL_ERROR");
	return name;
}
