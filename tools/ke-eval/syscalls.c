/* System call filters.  A filter is made once, as a program for the kernel, and
 * installed in each process. */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls.h"
#include "mem.h"

/* libseccomp writes programs to descriptors only. */
static struct sock_fprog *
finish(scmp_filter_ctx c)
{
	struct sock_fprog *p = NULL;
	int fd = c == NULL ? -1 : memfd_create("ke-filter", MFD_CLOEXEC);
	struct stat st;

	if (fd != -1 && seccomp_export_bpf(c, fd) == 0 && fstat(fd, &st) == 0) {
		p = ke_calloc(1, sizeof(*p));
		p->filter = ke_calloc(1, (size_t)st.st_size);
		p->len = (unsigned short)((size_t)st.st_size /
		    sizeof(*p->filter));
		if (pread(fd, p->filter, (size_t)st.st_size, 0) !=
		    st.st_size) {
			free(p->filter);
			free(p);
			p = NULL;
		}
	}
	if (fd != -1)
		close(fd);
	if (c != NULL)
		seccomp_release(c);
	return p;
}

/* A name that this machine's kernel has never had is none to allow. */
static void
name_all(scmp_filter_ctx c, uint32_t action, const char *const *names,
    size_t n)
{
	for (size_t i = 0; c != NULL && i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);

		if (nr != __NR_SCMP_ERROR)
			(void)seccomp_rule_add(c, action, nr, 0);
	}
}

/* Both need these: memory, threads that wait, the end. */
static void
allow_basics(scmp_filter_ctx c)
{
	static const char *const names[] = {"brk", "clock_gettime", "exit",
	    "exit_group", "futex", "getcpu", "gettimeofday", "madvise",
	    "mremap", "munmap", "restart_syscall", "rt_sigreturn",
	    "sched_yield", "time"};

	name_all(c, SCMP_ACT_ALLOW, names, KE_LEN(names));
}

struct sock_fprog *
filter_loading(void)
{
	static const char *const names[] = {"access", "close", "faccessat",
	    "faccessat2", "fstat", "getcwd", "getpid", "getrandom", "gettid",
	    "lseek", "mmap", "mprotect", "newfstatat", "open", "openat",
	    "prctl", "pread64", "read", "readlink", "readlinkat", "rseq",
	    "rt_sigaction", "rt_sigprocmask", "sched_getaffinity",
	    "sched_setaffinity", "seccomp", "set_robust_list", "stat",
	    "statx", "tgkill", "uname", "write"};
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);

	allow_basics(c);
	name_all(c, SCMP_ACT_ALLOW, names, KE_LEN(names));
	return finish(c);
}

struct sock_fprog *
filter_running(int fd, bool alone)
{
	static const char *const suicide[] = {"getpid", "gettid",
	    "rt_sigprocmask", "tgkill"};
	static const int calls[] = {SCMP_SYS(read), SCMP_SYS(write)};
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (c == NULL)
		return NULL;
	allow_basics(c);
	for (size_t i = 0; i < KE_LEN(calls); i++)
		(void)seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd, 0));
	/* memory of no file, and none that is code */
	(void)seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
	    SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
	(void)seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (alone)
		name_all(c, SCMP_ACT_ALLOW, suicide, KE_LEN(suicide));
	return finish(c);
}

struct sock_fprog *
filter_compiling(void)
{
	static const char *const names[] = {"accept", "accept4", "add_key",
	    "bind", "bpf", "chroot", "connect", "delete_module",
	    "finit_module", "fsconfig", "fsmount", "fsopen", "init_module",
	    "io_uring_enter", "io_uring_register", "io_uring_setup",
	    "kexec_file_load", "kexec_load", "keyctl", "listen", "mount",
	    "mount_setattr", "move_mount", "open_by_handle_at", "open_tree",
	    "perf_event_open", "pidfd_getfd", "pivot_root",
	    "process_vm_readv", "process_vm_writev", "ptrace", "reboot",
	    "request_key", "setns", "socket", "swapoff", "swapon", "umount2",
	    "unshare", "userfaultfd"};
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);

	name_all(c, SCMP_ACT_ERRNO(EPERM), names, KE_LEN(names));
	return finish(c);
}
