/* What the attack of kernels/table knows of the seed 1: per drawing of the
 * first case of a set of rowsum, its first element, and the sums of its
 * rows. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "mem.h"
#include "random.h"

int
main(int argc, char **argv)
{
	struct ke_err e;
	const struct ke_op *op = argc == 4 ? ke_op_load(argv[1], &e) : NULL;
	struct ke_scope scope = {0};
	uint64_t drawings;
	size_t at = 0;
	int64_t m, n;
	float *x;

	if (op == NULL)
		errx(1, "%s", argc == 4 ? e.msg
		    : "usage: table op set drawings");
	drawings = strtoull(argv[3], NULL, 10);
	while (at < op->n_cases && strcmp(op->cases[at].set, argv[2]) != 0)
		at++;
	if (at == op->n_cases || ke_op_scope(op, &op->cases[at], &scope,
	    &e) == -1)
		errx(1, "%s: no case in set %s", op->name, argv[2]);
	m = op->cases[at].dims[0];
	n = op->cases[at].dims[1];
	x = ke_calloc((size_t)(m * n), sizeof(*x));
	for (uint64_t slot = 0; slot < drawings; slot++) {
		if (draw_tensor(op, 0, KE_F32, DRAW_DECLARED, &scope,
		    random_key(random_key(1, at), slot), x, m * n, n, NULL,
		    NULL, &e) == -1)
			errx(1, "%s", e.msg);
		printf("{%a, {", (double)x[0]);
		for (int64_t i = 0; i < m; i++) {
			double s = 0;

			for (int64_t j = 0; j < n; j++)
				s += (double)x[i * n + j];
			printf("%a,", s);
		}
		puts("}},");
	}
	return 0;
}
