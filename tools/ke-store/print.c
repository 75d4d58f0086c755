/* Text on standard output. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "print.h"

static void
failed(void)
{
	if (errno == EPIPE)
		_exit(0);
	warn("stdout");
	_exit(111);
}

void
print_text(const char *s, size_t n)
{
	if (fwrite(s, 1, n, stdout) != n)
		failed();
}

void
print_flush(void)
{
	if (fflush(stdout) == EOF)
		failed();
}
