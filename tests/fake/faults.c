/* The faults that a test asks for, and the count of those that came. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"

#define RULES_MAX 16
#define DIGITS 4

static struct rule {
	char process[16], call[80], result[24];
	unsigned nth, times;
	unsigned seen; /* in this process */
	char *fired;   /* in the file; NULL where it can't be written */
} rules[RULES_MAX];
static size_t n_rules, n_lost;
static struct {
	const char *fired; /* how often */
	char *left;        /* how often it is asked for in vain; NULL: always */
} lost[RULES_MAX];

static const char *
process(void)
{
	const char *name = program_invocation_short_name;

	return strcmp(name, "ke-eval-gpu") == 0 ? "runner"
	    : strcmp(name, "ke-eval") == 0 ? "keeper" : "compiler";
}

static void
add_rule(char *line, bool writable)
{
	struct rule *r = &rules[n_rules];
	int result = 0, at = 0;

	if (sscanf(line, "%15s %79s %u %u %n%23s %n", r->process, r->call,
	    &r->nth, &r->times, &result, r->result, &at) < 5 || at == 0)
		return;
	if (strncmp(r->result, "lost", 4) == 0) {
		lost[n_lost].left = r->result[4] == ':' && writable
		    ? line + result + 5 : NULL;
		lost[n_lost++].fired = line + at;
	}
	if (strcmp(r->process, "*") != 0 &&
	    strcmp(r->process, process()) != 0)
		return;
	r->fired = writable ? line + at : NULL;
	n_rules++;
}

/* The file, mapped for good: where it ends, a page of zeros does.  NULL where
 * there is none. */
static char *
map_file(bool *writable)
{
	char path[4096], *text, *slash;
	struct stat st;
	Dl_info self;
	int fd;

	if (dladdr(&rules, &self) == 0)
		return NULL;
	snprintf(path, sizeof(path) - 8, "%s", self.dli_fname);
	slash = strrchr(path, '/');
	snprintf(slash == NULL ? path : slash + 1, 8, "faults");
	fd = open(path, O_RDWR | O_CLOEXEC);
	*writable = fd != -1;
	if (fd == -1)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1 || st.st_size % 4096 == 0)
		return NULL;
	text = mmap(NULL, (size_t)st.st_size, PROT_READ | (*writable
	    ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	close(fd);
	return text == MAP_FAILED ? NULL : text;
}

static void
read_rules(void)
{
	static bool done, writable;
	char *line;

	if (done)
		return;
	done = true;
	line = map_file(&writable);
	while (line != NULL && *line != '\0' && n_rules < RULES_MAX &&
	    n_lost < RULES_MAX) {
		add_rule(line, writable);
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
}

/* One more; false where it fired as often as it may. */
static bool
fire(struct rule *r)
{
	char digits[DIGITS + 1] = "";
	unsigned n;

	if (r->fired == NULL)
		return r->times == 0 || r->seen < r->nth + r->times;
	memcpy(digits, r->fired, DIGITS);
	n = (unsigned)strtoul(digits, NULL, 10);
	if (r->times > 0 && n >= r->times)
		return false;
	for (int i = DIGITS, v = (int)n + 1; i-- > 0; v /= 10)
		r->fired[i] = (char)('0' + v % 10);
	return true;
}

static bool
is_for(const struct rule *r, const char *call, const char *argument)
{
	size_t n = strlen(call);

	if (strncmp(r->call, call, n) != 0)
		return false;
	return r->call[n] == '\0' || (r->call[n] == ':' && argument != NULL &&
	    strcmp(r->call + n + 1, argument) == 0);
}

static const char *
find(const char *call, const char *argument)
{
	read_rules();
	for (size_t i = 0; i < n_rules; i++)
		if (is_for(&rules[i], call, argument) &&
		    ++rules[i].seen >= rules[i].nth && fire(&rules[i]))
			return rules[i].result;
	return NULL;
}

int
fault(const char *call, const char *argument)
{
	const char *result = find(call, argument);

	if (result == NULL || *result == '=')
		return 0;
	if (strcmp(result, "exit") == 0)
		_exit(1);
	if (strcmp(result, "abort") == 0)
		abort();
	if (strncmp(result, "lost", 4) == 0)
		return FAULT_LOST;
	return strcmp(result, "hang") == 0 ? FAULT_HANG : atoi(result);
}

bool
fault_lost(bool opens)
{
	static bool was; /* a context doesn't come back with the device */

	read_rules();
	for (size_t i = 0; i < n_lost && !was; i++) {
		if (strncmp(lost[i].fired, "0000", DIGITS) == 0 ||
		    (lost[i].left != NULL && *lost[i].left == '0'))
			continue;
		was = true;
		if (opens && lost[i].left != NULL)
			--*lost[i].left;
	}
	return was;
}

double
fault_value(const char *call, const char *argument, double otherwise)
{
	const char *result = find(call, argument);

	return result != NULL && *result == '=' ? strtod(result + 1, NULL)
	    : otherwise;
}
