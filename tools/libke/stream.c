/* Lines in, records out. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"

int
ke_input_open(struct ke_input *in, const char *path, struct ke_err *e)
{
	*in = (struct ke_input){.name = "stdin"};
	if (path == NULL || strcmp(path, "-") == 0)
		return 0;
	in->name = path;
	in->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd == -1)
		return ke_fail(e, "%s: %s", path, strerror(errno));
	return 0;
}

void
ke_input_close(struct ke_input *in)
{
	if (in->fd > 0)
		close(in->fd);
	ke_buf_free(&in->buf);
}

/* Finds a buffered line, moving what follows it to be found next. */
static int
take(struct ke_input *in, char **line, size_t *n)
{
	char *from = in->buf.s + in->at, *nl;
	size_t have = in->buf.n - in->at;

	if (have == 0)
		return 0;
	nl = memchr(from + in->scanned, '\n', have - in->scanned);
	if (nl == NULL && !(in->eof && have > 0)) {
		in->scanned = have;
		return 0;
	}
	*line = from;
	*n = nl != NULL ? (size_t)(nl - from) : have;
	if (nl != NULL)
		*nl = '\0';
	in->at += *n + (nl != NULL);
	in->scanned = 0;
	in->line++;
	return 1;
}

static enum ke_read
fill(struct ke_input *in, struct ke_err *e)
{
	ssize_t got;

	if (in->at > 0) {
		memmove(in->buf.s, in->buf.s + in->at, in->buf.n - in->at);
		in->buf.n -= in->at;
		in->at = 0;
	}
	if (in->buf.n > KE_LINE_MAX) {
		ke_fail(e, "%s:%zu: line is longer than %zu bytes", in->name,
		    in->line + 1, KE_LINE_MAX);
		return KE_READ_ERROR;
	}
	got = read(in->fd, ke_buf_room(&in->buf, 65536), 65536);
	if (got == -1 && (errno == EINTR || errno == EAGAIN))
		return KE_READ_LINE;
	if (got == -1) {
		ke_fail(e, "%s: %s", in->name, strerror(errno));
		return KE_READ_ERROR;
	}
	in->buf.n += (size_t)got;
	in->buf.s[in->buf.n] = '\0';
	if (got == 0)
		in->eof = 1;
	return KE_READ_LINE;
}

enum ke_read
ke_input_line(struct ke_input *in, char **line, size_t *n, int timeout_ms,
    struct ke_err *e)
{
	while (!take(in, line, n)) {
		/* POLLERR on the output alone means that its reader is gone */
		struct pollfd p[2] = {{.fd = in->fd, .events = POLLIN},
		    {.fd = STDOUT_FILENO}};
		int ready;

		if (in->eof)
			return KE_READ_EOF;
		ready = poll(p, 2, timeout_ms);
		if (ready == -1 && errno != EINTR) {
			ke_fail(e, "poll: %s", strerror(errno));
			return KE_READ_ERROR;
		}
		if (ready == -1)
			return KE_READ_TIMEOUT;
		if (p[1].revents & (POLLERR | POLLHUP))
			return KE_READ_GONE;
		if (ready == 0)
			return KE_READ_TIMEOUT;
		if (fill(in, e) == KE_READ_ERROR)
			return KE_READ_ERROR;
	}
	return KE_READ_LINE;
}

int
ke_output_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)) != 0;
}

static void *
watch(void *unused)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	(void)unused;
	while (poll(&p, 1, -1) == -1 && errno == EINTR)
		;
	if (p.revents & (POLLERR | POLLHUP))
		_exit(0);
	return NULL; /* there is no standard output */
}

void
ke_output_watch(void)
{
	pthread_t t;

	/* without the thread the end is noticed at the next write */
	if (pthread_create(&t, NULL, watch, NULL) == 0)
		pthread_detach(t);
}

int
ke_emit(const cJSON *v, struct ke_err *e)
{
	char *s = ke_json_print(v);
	int bad = fputs(s, stdout) == EOF || putchar('\n') == EOF ||
	    fflush(stdout) == EOF;

	free(s);
	if (!bad)
		return 0;
	if (errno == EPIPE)
		_exit(0);
	return ke_fail(e, "stdout: %s", strerror(errno));
}

int
ke_closeout(struct ke_err *e)
{
	int gone = ke_output_gone(), bad = ferror(stdout);

	if (fclose(stdout) == EOF && errno != EPIPE)
		bad = 1;
	if (!bad || gone)
		return 0;
	ke_fail(e, "stdout: %s", strerror(errno));
	return 111;
}
