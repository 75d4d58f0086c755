/* The process that a compiler runs in.  It sees the toolchain's files and a
 * folder of its own, as nobody; it writes the text there, runs cc, and copies
 * what came of it to memory files.  cc itself is not suspected, what it reads
 * is. */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cc.h"
#include "defence.h"
#include "rtc.h"
#include "sandbox.h"
#include "syscalls.h"
#include "warm.h"

enum { FD_TEXT = 3, FD_OBJECT, FD_REMARKS, FD_REPORT, FD_WARM };

#define PATHS_MAX 32
#define ROOT_BYTES "1g" /* of memory for what the compiler writes */

/* Where toolchains live, as far as they are on this machine; at the end there
 * is room for the folder of one that lives elsewhere. */
static const char *toolchain[PATHS_MAX] = {"/bin", "/lib", "/lib32", "/lib64",
    "/libx32", "/usr/bin", "/usr/include", "/usr/lib", "/usr/lib32",
    "/usr/lib64", "/usr/libexec", "/usr/libx32", "/usr/local/bin",
    "/usr/local/include", "/usr/local/lib", "/etc/alternatives",
    "/etc/ld.so.cache",
#ifdef __aarch64__
    "/proc/cpuinfo", /* -march=native */
#endif
};

/* One more folder. */
static void
see(const char *folder)
{
	size_t n = 0;

	while (toolchain[n] != NULL)
		n++;
	if (*folder == '/' && n + 1 < PATHS_MAX)
		toolchain[n] = folder;
}

/* PREFIX of the PREFIX/bin/NAME that the path is, where there is one, unless
 * below /usr: is there one? */
static bool
see_prefix(const char *path)
{
	char *real = realpath(path, NULL), *slash;

	if (real == NULL)
		return false;
	for (int up = 0; up < 2; up++)
		if ((slash = strrchr(real, '/')) != NULL)
			*slash = '\0';
	if (strncmp(real, "/usr", 4) != 0)
		see(real);
	return true;
}

/* Of the cc that PATH finds. */
static void
find_cc(void)
{
	static const char *const places[] = {"/usr/local/bin/cc",
	    "/usr/bin/cc", "/bin/cc"};

	for (size_t i = 0; i < KE_LEN(places); i++)
		if (see_prefix(places[i]))
			return;
}

/* An environment's folder, and the one that its Python is a link to. */
static void
find_python(const char *folder)
{
	char python[4096];

	see(folder);
	snprintf(python, sizeof(python), "%s/bin/python3", folder);
	(void)see_prefix(python);
}

static int
copy(int from, int to)
{
	char chunk[65536];
	ssize_t got;

	while ((got = read(from, chunk, sizeof(chunk))) > 0)
		if (write(to, chunk, (size_t)got) != got)
			return -1;
	return got == -1 ? -1 : 0;
}

/* A product, if it is there, to its memory file. */
static void
hand_over(const char *name, int to)
{
	int from = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (from != -1 && copy(from, to) == -1)
		(void)ftruncate(to, 0);
	if (from != -1)
		close(from);
}

/* Shuts this process in and goes to the folder that is its own: /w in a root of
 * its own, or else one of the host's. */
static void
shut(struct sandbox *s, bool rooted, const char *folder)
{
	static const char *const root[] = {"/", NULL};
	const char *own[] = {folder, NULL};

	if (chdir(folder) == -1)
		err(126, "%s", folder);
	setenv("TMPDIR", folder, 1);
	if (!defended(toolchain))
		return;
	sandbox_drop(s);
	sandbox_landlock(s, rooted ? root : toolchain, own);
	if (filter_install(filter_compiling()) == 0)
		s->layers |= LAYER_SECCOMP;
}

/* A compiler that is a library, or NULL. */
static const struct rtc *
find_rtc(const char *name)
{
	static const struct rtc *const all[] = {&rtc_nvrtc, &rtc_hiprtc};

	for (size_t i = 0; i < KE_LEN(all); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static int
run(char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0 && find_rtc(argv[0]) != NULL)
		_exit(rtc_main(find_rtc(argv[0]), argv));
	if (pid == 0 && strcmp(argv[0], "triton") == 0)
		_exit(triton_main(argv));
	if (pid == 0) {
		execvp(argv[0], argv);
		dprintf(2, "%s: not found\n", argv[0]);
		_exit(127);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return 126;
	if (WIFSIGNALED(status)) {
		dprintf(2, "%s: %s\n", argv[0],
		    ke_signal_name(WTERMSIG(status)));
		return 1;
	}
	return WEXITSTATUS(status);
}

static int
compile(struct sandbox *s, char **argv)
{
	int in = open("in.c", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), status;

	if (in == -1 || copy(FD_TEXT, in) == -1)
		err(126, "in.c");
	close(in);
	status = run(argv);
	if (status == 0) {
		hand_over("out.so", FD_OBJECT);
		hand_over("out.remarks", FD_REMARKS);
	}
	return write(FD_REPORT, &s->layers, sizeof(s->layers)) ==
	    (ssize_t)sizeof(s->layers) ? status : 126;
}

/* Files, and folders of files: comgr has one of its own (hiprtc). */
static void
empty_folder(int fd, int deep)
{
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *f;

	while (d != NULL && (f = readdir(d)) != NULL) {
		if (strcmp(f->d_name, ".") == 0 ||
		    strcmp(f->d_name, "..") == 0 ||
		    unlinkat(dirfd(d), f->d_name, 0) == 0 || deep == 0)
			continue;
		empty_folder(openat(dirfd(d), f->d_name, O_RDONLY |
		    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), deep - 1);
		(void)unlinkat(dirfd(d), f->d_name, AT_REMOVEDIR);
	}
	if (d != NULL)
		closedir(d);
}

static void
remove_folder(const char *folder)
{
	empty_folder(open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC), 4);
	rmdir(folder);
}

#define FOLDERS "/tmp/ke-cc-"

/* Locks a folder, unless somebody uses it or it is gone: a descriptor, or
 * -1. */
static int
lock_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(fd, &st) == 0 && st.st_nlink > 0)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

/* Who was killed could not remove its folder. */
static void
sweep_folders(void)
{
	glob_t all;

	if (glob(FOLDERS "*", GLOB_NOSORT, NULL, &all) != 0)
		return;
	for (size_t i = 0; i < all.gl_pathc; i++) {
		int lock = lock_folder(all.gl_pathv[i]);

		if (lock == -1)
			continue;
		remove_folder(all.gl_pathv[i]);
		close(lock);
	}
	globfree(&all);
}

/* Makes folder's name and folder, locked for as long as we live. */
static void
make_folder(char *folder, size_t size)
{
	do {
		snprintf(folder, size, FOLDERS "XXXXXX");
		if (mkdtemp(folder) == NULL || chmod(folder, 0777) == -1)
			err(126, "a folder in /tmp");
		/* another's sweep may have come between */
	} while (lock_folder(folder) == -1);
}

/* Where there can be no root of its own: in a folder of the host's, which a
 * process that isn't shut in removes. */
static int
compile_in_host(struct sandbox *s, char **argv)
{
	char folder[32];
	int status = 0;
	pid_t pid;

	sweep_folders();
	make_folder(folder, sizeof(folder));
	pid = fork();
	if (pid == 0) {
		shut(s, false, folder);
		_exit(compile(s, argv));
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		status = W_EXITCODE(126, 0);
	remove_folder(folder);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

/* Becomes the server of warm.h, in a root of its own, or returns where that
 * isn't granted. */
static int
serve(struct sandbox *s, char **argv)
{
	if (!(s->layers & LAYER_PID_NS) ||
	    sandbox_root(s, toolchain, ROOT_BYTES) == -1 ||
	    chdir(WARM_FOLDER) == -1)
		return 126;
	setenv("TMPDIR", WARM_FOLDER, 1);
	return triton_serve(argv, s->layers);
}

static int
ask(const char *words)
{
	const int fds[WARM_STATUS] = {[WARM_TEXT] = FD_TEXT,
	    [WARM_OBJECT] = FD_OBJECT, [WARM_REPORT] = FD_REPORT,
	    [WARM_OUTPUT] = 1};

	return warm_ask(FD_WARM, fds, words);
}

int
compiler_main(int argc, char **argv)
{
	struct sandbox s = {0};

	if (argc < 3)
		return 2;
	if (strcmp(argv[2], "ask") == 0)
		return ask(argv[argc - 1]);
	/* who only asks for the version */
	if (argc == 4 && find_rtc(argv[2]) != NULL)
		return rtc_main(find_rtc(argv[2]), argv + 2);
	s.layers = (unsigned)strtoul(argv[1], NULL, 10);
	find_cc();
	if (strcmp(argv[2], "serve") == 0 && argc > 4) {
		find_python(argv[4]);
		return serve(&s, argv + 3);
	}
	for (int fd = FD_TEXT; fd <= FD_REPORT; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (find_rtc(argv[2]) != NULL && argc > 4) {
		char *slash = strrchr(argv[3], '/');

		see(slash == NULL ? "" : strndup(argv[3],
		    (size_t)(slash - argv[3])));
		see(argv[4]);
	}
	if (strcmp(argv[2], "triton") == 0 && argc == 5)
		find_python(argv[3]);
	if (!defended(toolchain) ||
	    sandbox_root(&s, toolchain, ROOT_BYTES) == -1)
		return compile_in_host(&s, argv + 2);
	shut(&s, true, "/w");
	return compile(&s, argv + 2);
}
