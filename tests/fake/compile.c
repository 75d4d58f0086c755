/* Kernels become C++, of which a compiler of the host makes a shared
 * object. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compile.h"
#include "file.h"
#include "rewrite.h"

#define OBJECT_MAX ((size_t)64 << 20)
#define LOG "fake.log"
#define ARGS_MAX 48

/* Runs it, what it says to the log. */
static int
spawn(const char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int fd = open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0600);

		dup2(fd, 1);
		dup2(fd, 2);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		dprintf(2, "%s: not found\n", argv[0]);
		_exit(127);
	}
	return pid != -1 && waitpid(pid, &status, 0) == pid && status == 0
	    ? 0 : -1;
}

static const Elf64_Shdr *
sections_of(const struct ke_buf *so, unsigned *n, const char **names)
{
	const Elf64_Ehdr *h = (const void *)so->s;
	const Elf64_Shdr *s = (const void *)(so->s + h->e_shoff);

	*n = h->e_shnum;
	*names = so->s + s[h->e_shstrndx].sh_offset;
	return s;
}

uint64_t
compile_state_bytes(const struct ke_buf *so)
{
	const char *names;
	unsigned n;
	const Elf64_Shdr *s = sections_of(so, &n, &names);
	uint64_t bytes = 0;

	for (unsigned i = 1; i < n; i++)
		if (strncmp(names + s[i].sh_name, ".data", 5) == 0 ||
		    strncmp(names + s[i].sh_name, ".bss", 4) == 0)
			bytes += s[i].sh_size;
	return bytes;
}

static int
run(const char *const *argv, const char *include)
{
	const char *all[ARGS_MAX + 1] = {NULL};

	for (size_t i = 0; i < ARGS_MAX && argv[i] != NULL; i++)
		all[i] = strcmp(argv[i], COMPILE_INCLUDE) == 0 ? include
		    : argv[i];
	return spawn(all);
}

static int
make(const char *include, const char *text, struct ke_buf *so)
{
	struct ke_buf plain = {0};
	struct ke_err e;
	char *made;
	int status = -1;

	if (ke_file_write("in.cc", text, strlen(text), &e) == -1 ||
	    run(language.preprocess, include) == -1 ||
	    ke_file_read("fake.ii", OBJECT_MAX, &plain, &e) == -1)
		return -1;
	made = rewrite(plain.s);
	ke_buf_free(&plain);
	if (ke_file_write("fake2.ii", made, strlen(made), &e) == 0 &&
	    run(language.compile, include) == 0)
		status = ke_file_read("fake.so", OBJECT_MAX, so, &e);
	free(made);
	return status;
}

int
compile(const char *text, int n, const char *const *options,
    struct ke_buf *so, struct ke_buf *log)
{
	const char *include = language.include(n, options);
	struct ke_err e;
	int status = include == NULL ? -1 : make(include, text, so);

	(void)ke_file_read(LOG, OBJECT_MAX, log, &e);
	return status;
}
