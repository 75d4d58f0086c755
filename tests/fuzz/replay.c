/* Runs the files of a folder through a fuzz target, as one test of TAP, where
 * there is no libFuzzer.  A folder without files fails. */
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "file.h"
#include "fuzz.h"

#define INPUT_MAX ((size_t)1 << 24)

static void
replay(const char *dir, const char *name)
{
	struct ke_buf path = {0}, data = {0};
	struct ke_err e;

	ke_buf_fmt(&path, "%s/%s", dir, name);
	printf("# %s\n", path.s); /* the last one is the one that crashed */
	fflush(stdout);
	ke_buf_room(&data, 0);
	if (ke_file_read(path.s, INPUT_MAX, &data, &e) == -1)
		errx(1, "%s", e.msg);
	LLVMFuzzerTestOneInput((const uint8_t *)data.s, data.n);
	ke_buf_free(&path);
	ke_buf_free(&data);
}

int
main(int argc, char **argv)
{
	struct dirent **names;
	int n, files = 0;

	if (argc != 2)
		errx(2, "usage: %s folder", argv[0]);
	n = scandir(argv[1], &names, NULL, alphasort);
	if (n == -1)
		err(1, "%s", argv[1]);
	puts("1..1");
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			replay(argv[1], names[i]->d_name);
			files++;
		}
		free(names[i]);
	}
	free(names);
	printf("%sok 1 - %s: %d inputs\n", files > 0 ? "" : "not ", argv[1],
	    files);
	return files > 0 ? 0 : 1;
}
