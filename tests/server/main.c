/* A server on 127.0.0.1 that answers as the services do that ke-gen asks; see
 * server.h.  It prints its port once it listens, and ends when its standard
 * input does.
 *
 * -l file  log of what was asked: appended to
 * -t file  TLS; its certificate is written there
 * -p       plain at first, TLS behind CONNECT: an https proxy whose every host
 *          is itself */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"
#include "spawn.h"

static int
listen_here(int *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&a, n) == -1 ||
	    listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) == -1)
		err(111, "listen");
	*port = ntohs(a.sin_port);
	return fd;
}

static void
accept_all(struct server *s)
{
	int fd, yes = 1;

	while ((fd = accept4(s->listening, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		/* or small parts would wait for each other */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		conn_open(s, fd);
	}
	if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
		err(111, "accept");
}

/* Milliseconds until the next part is due, or -1. */
static int
next_due(const struct server *s)
{
	int64_t now = ke_now_ms(), least = -1;

	for (size_t i = 0; i < s->n; i++) {
		const struct conn *c = &s->conns[i];
		int64_t left = c->due > now ? c->due - now : 0;

		/* what isn't sent by its time waits for room */
		if (c->busy && c->due > now && (least == -1 || left < least))
			least = left;
	}
	return (int)least;
}

/* Waits for a connection, for bytes, for a time, and for the end of standard
 * input: false then. */
static bool
wait_some(struct server *s, struct pollfd *p)
{
	p[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	p[1] = (struct pollfd){.fd = s->listening, .events = POLLIN};
	for (size_t i = 0; i < s->n; i++)
		p[2 + i] = (struct pollfd){.fd = s->conns[i].fd,
		    .events = s->conns[i].wants};
	if (poll(p, 2 + s->n, next_due(s)) == -1 && errno != EINTR)
		err(111, "poll");
	if (p[0].revents != 0) {
		char c;

		return read(STDIN_FILENO, &c, 1) > 0;
	}
	return true;
}

static void
serve(struct server *s)
{
	struct pollfd *p = NULL;

	do {
		size_t kept = 0;

		accept_all(s);
		for (size_t i = 0; i < s->n; i++) {
			conn_step(s, &s->conns[i]);
			if (s->conns[i].closed)
				conn_close(s, &s->conns[i]);
			else
				s->conns[kept++] = s->conns[i];
		}
		s->n = kept;
		p = ke_grow(p, s->n + 2, sizeof(*p));
	} while (wait_some(s, p));
	free(p);
}

/* As many descriptors as we may have. */
static void
raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

int
main(int argc, char **argv)
{
	struct server s = {.log = -1};
	int c, port;

	while ((c = getopt(argc, argv, "l:pt:")) != -1)
		switch (c) {
		case 'l':
			s.log = open(optarg, O_WRONLY | O_CREAT | O_APPEND |
			    O_CLOEXEC, 0666);
			if (s.log == -1)
				err(2, "%s", optarg);
			break;
		case 'p':
			s.tunnel = true;
			break;
		case 't':
			s.tls = tls_make(optarg);
			break;
		default:
			fputs("usage: server [-p] [-l log] [-t certificate] "
			    "script\n", stderr);
			return 2;
		}
	if (argc - optind != 1 || (s.tunnel && s.tls == NULL))
		errx(2, "one script, and -p only with -t");
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	script_read(&s.script, argv[optind]);
	s.listening = listen_here(&port);
	printf("%d\n", port);
	if (fflush(stdout) != 0)
		err(111, "stdout");
	serve(&s);
	return 0;
}
