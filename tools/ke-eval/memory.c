/* Buffers that parent, verifier and runners share. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "defence.h"
#include "memory.h"
#include "random.h"

#define PAGE ((uint64_t)4096)

int
file_open(struct file *f, size_t bytes, struct ke_err *e)
{
	bytes = (bytes + PAGE - 1) / PAGE * PAGE;
	*f = (struct file){.bytes = bytes};
	f->fd = memfd_create("ke", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (f->fd == -1 || ftruncate(f->fd, (off_t)bytes) == -1)
		return ke_fail(e, "memfd: %s", strerror(errno));
	f->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd,
	    0);
	if (f->map == MAP_FAILED)
		return ke_fail(e, "memfd of %zu bytes: %s", bytes,
		    strerror(errno));
	return 0;
}

void
file_close(struct file *f)
{
	if (f->map == NULL)
		return;
	munmap(f->map, f->bytes);
	close(f->fd);
	*f = (struct file){.fd = -1};
}

int
file_seal(struct file *f, struct ke_err *e)
{
	char path[64];
	int fd;

	if (!defended(seal))
		return fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fcntl(f->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE |
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == -1)
		return ke_fail(e, "memfd: sealing: %s", strerror(errno));
	return fd;
}

int
file_renew(struct file *f, struct ke_err *e)
{
	if (fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
	    (off_t)f->bytes) == -1)
		return ke_fail(e, "memfd: %s", strerror(errno));
	return 0;
}

/* The last of 64-byte lines ends with the pages. */
static uint64_t
rounded(uint64_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

uint64_t
file_data(uint64_t bytes, uint64_t pages, bool flip)
{
	return flip ? 0 : pages - rounded(bytes);
}

int
file_place(struct file *f, uint64_t bytes, bool output, bool flip,
    struct wire_region *r, struct ke_err *e)
{
	uint64_t pages = (rounded(bytes) + PAGE - 1) / PAGE * PAGE;

	if (pages == 0)
		pages = PAGE;
	if (pages > f->bytes - f->used)
		return ke_fail(e, "the case needs more than %zu bytes",
		    f->bytes);
	*r = (struct wire_region){.offset = f->used, .bytes = pages,
	    	.data = file_data(bytes, pages, flip), .output = output};
	f->used += pages;
	return 0;
}

void *
file_at(const struct file *f, const struct wire_region *r)
{
	return f->map + r->offset + r->data;
}

/* Word i of the poison.  As f32 and f64 the odd patterns are NaNs (which any
 * sum keeps), the even ones finite. */
static uint64_t
poison_word(uint64_t key, uint64_t i)
{
	uint64_t w = random_word(key, i >> 6);

	return key & 1 ? w | 0x7ff800007fc00000u : w & 0xbfefffffbf7fffffu;
}

void
file_poison(struct file *f, uint64_t key)
{
	uint64_t *to = (uint64_t *)(void *)f->map, n = f->used / 8;

	for (uint64_t i = 0; i < n; i += 64) {
		uint64_t w = poison_word(key, i);

		for (uint64_t k = 0; k < 64; k++)
			to[i + k] = w;
	}
}

static bool
whole(const struct file *f, uint64_t from, uint64_t to, uint64_t key)
{
	for (uint64_t i = from; i < to; i++) {
		uint64_t w = poison_word(key, i / 8);

		if (f->map[i] != ((const char *)&w)[i % 8])
			return false;
	}
	return true;
}

bool
file_canary_whole(const struct file *f, const struct wire_region *r,
    uint64_t bytes, uint64_t key)
{
	uint64_t at = r->offset + r->data;

	return whole(f, r->offset, at, key) &&
	    whole(f, at + bytes, r->offset + r->bytes, key);
}
