/* Name spaces, another user, Landlock.
 *
 * As root we need no user name space: the others are ours for the asking, and
 * a user who owns nothing is better than one who is root there.  Otherwise
 * a user name space gives the right to make the others.  A container may deny
 * all of them; Landlock and the filter are granted nearly always. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "defence.h"
#include "sandbox.h"

#define NOBODY 65534
#define STAGE "/sys" /* where the new root is built: no path is below it */

#define NS_ALL (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | \
	CLONE_NEWUTS | CLONE_NEWCGROUP)

static unsigned
layers_of(uint64_t flags)
{
	static const struct {
		uint64_t flag;
		unsigned layer;
	} all[] = {{CLONE_NEWUSER, LAYER_USER_NS},
	    {CLONE_NEWPID, LAYER_PID_NS}, {CLONE_NEWNET, LAYER_NET_NS},
	    {CLONE_NEWIPC, LAYER_IPC_NS}, {CLONE_NEWNS, LAYER_FILES}};
	unsigned layers = LAYER_PROCESS;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (flags & all[i].flag)
			layers |= all[i].layer;
	return layers;
}

static int
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : write(fd, text, strlen(text));

	if (fd != -1)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* fork(2) does more than the system call, for threads that an exec ends. */
static pid_t
clone_into(uint64_t flags)
{
	struct clone_args a = {.flags = flags, .exit_signal = SIGCHLD};

	return flags == 0 ? fork() : (pid_t)syscall(SYS_clone3, &a, sizeof(a));
}

pid_t
sandbox_fork(unsigned *layers)
{
	static const uint64_t tries[] = {NS_ALL, NS_ALL | CLONE_NEWUSER,
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, 0};
	static size_t granted; /* what was refused once is not asked again */
	char uid[32], gid[32];
	pid_t pid = -1;

	snprintf(uid, sizeof(uid), "0 %u 1", (unsigned)geteuid());
	snprintf(gid, sizeof(gid), "0 %u 1", (unsigned)getegid());
	if (!defended(namespaces))
		granted = 3;
	for (; granted < 4; granted++) {
		*layers = layers_of(tries[granted]);
		pid = clone_into(tries[granted]);
		if (pid != -1)
			break;
	}
	if (pid == 0 && tries[granted] & CLONE_NEWUSER) {
		put("/proc/self/setgroups", "deny");
		put("/proc/self/uid_map", uid);
		put("/proc/self/gid_map", gid);
	}
	return pid;
}

/* Makes the parents of path, and path itself, below the stage: a folder, or an
 * empty file to bind a file on. */
static void
stage_make(char *path, bool folder)
{
	for (char *p = path + sizeof(STAGE); *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(path, 0755);
			*p = '/';
		}
	if (folder)
		mkdir(path, 0755);
	else
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

/* What is visible stays as it was, but read-only. */
static int
stage_bind(const char *path)
{
	struct statvfs had;
	struct stat st;
	char at[512], link[512];
	ssize_t n;

	snprintf(at, sizeof(at), STAGE "%s", path);
	if (lstat(path, &st) == -1)
		return 0; /* not on this machine */
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		return symlink(link, at);
	}
	stage_make(at, S_ISDIR(st.st_mode));
	if (mount(path, at, NULL, MS_BIND | MS_REC, NULL) == -1 ||
	    statvfs(at, &had) == -1)
		return -1;
	/* ST_ flags have the values of MS_ ones */
	return mount(NULL, at, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY |
	    (had.f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |
	    MS_NODIRATIME | MS_RELATIME)), NULL);
}

int
sandbox_root(struct sandbox *s, const char *const *paths, const char *size)
{
	char options[64];

	if (!(s->layers & LAYER_FILES))
		return -1;
	snprintf(options, sizeof(options), "mode=755,size=%s", size);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("ke", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, options) == -1)
		goto refused;
	mkdir(STAGE "/w", 0777);
	chmod(STAGE "/w", 0777);
	for (; *paths != NULL; paths++)
		if (stage_bind(*paths) == -1)
			goto unmount;
	if (chdir(STAGE) == -1 || syscall(SYS_pivot_root, ".", ".") == -1)
		goto unmount;
	if (umount2(".", MNT_DETACH) == -1 || chdir("/") == -1)
		_exit(126); /* neither the old root nor the new one */
	return 0;
unmount:
	umount2(STAGE, MNT_DETACH);
refused:
	s->layers &= ~(unsigned)LAYER_FILES;
	return -1;
}

void
sandbox_root_close(void)
{
	mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID |
	    MS_NODEV, NULL);
}

/* Nothing that is executed later gets any, whoever owns it. */
static void
bound_capabilities(void)
{
	prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
	    SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0);
	for (int c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
}

static void
drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}, {0}};

	(void)syscall(SYS_capset, &head, none);
}

void
sandbox_drop(struct sandbox *s)
{
	bool root = geteuid() == 0 && !(s->layers & LAYER_USER_NS);

	if (defended(user))
		bound_capabilities();
	if (root && defended(user) && setgroups(0, NULL) == 0 &&
	    setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	    setresuid(NOBODY, NOBODY, NOBODY) == 0)
		s->layers |= LAYER_USER;
	if (defended(user))
		drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		s->layers |= LAYER_PRIVILEGES;
	/* the change of user has cleared it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
}

/* As of Linux 6.12; older headers lack some. */
struct ruleset {
	uint64_t fs, net, scoped;
};
#define FS_OF_ABI_1 0x1fffu
#define FS_REFER (1u << 13)
#define FS_TRUNCATE (1u << 14)
#define FS_IOCTL_DEV (1u << 15)
#define FS_READ (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
	LANDLOCK_ACCESS_FS_READ_DIR)
#define NET_TCP 3u
#define SCOPED 3u /* abstract sockets, signals */

static void
allow(int ruleset, const char *const *paths, uint64_t access)
{
	for (; paths != NULL && *paths != NULL; paths++) {
		struct landlock_path_beneath_attr a = {
		    .allowed_access = access,
		    .parent_fd = open(*paths, O_PATH | O_CLOEXEC)};
		struct stat st;

		if (a.parent_fd == -1)
			continue;
		if (fstat(a.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
			a.allowed_access &= LANDLOCK_ACCESS_FS_EXECUTE |
			    LANDLOCK_ACCESS_FS_READ_FILE |
			    LANDLOCK_ACCESS_FS_WRITE_FILE;
		(void)syscall(SYS_landlock_add_rule, ruleset,
		    LANDLOCK_RULE_PATH_BENEATH, &a, 0);
		close(a.parent_fd);
	}
}

void
sandbox_landlock(struct sandbox *s, const char *const *read,
    const char *const *write)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset r = {.fs = FS_OF_ABI_1};
	size_t size = sizeof(r.fs);
	int fd;

	if (abi < 1 || !defended(landlock))
		return;
	r.fs |= (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
	    (abi >= 5 ? FS_IOCTL_DEV : 0);
	if (abi >= 4) {
		r.net = NET_TCP;
		size = 2 * sizeof(r.fs);
	}
	if (abi >= 6) {
		r.scoped = SCOPED;
		size = sizeof(r);
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd == -1)
		return;
	allow(fd, read, FS_READ);
	allow(fd, write, r.fs);
	if (syscall(SYS_landlock_restrict_self, fd, 0) == 0)
		s->layers |= LAYER_LANDLOCK;
	close(fd);
}
