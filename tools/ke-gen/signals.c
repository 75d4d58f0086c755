/* Signals that end us, as something to poll for. */
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "signals.h"

int
signals_open(struct ke_err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd == -1 || sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return ke_fail(e, "signalfd failed");
	return fd;
}

int
signals_take(int fd)
{
	struct signalfd_siginfo si;

	return read(fd, &si, sizeof(si)) == sizeof(si) ? (int)si.ssi_signo : 0;
}

void
signals_die(int sig)
{
	sigset_t none;

	sigemptyset(&none);
	raise(sig);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
