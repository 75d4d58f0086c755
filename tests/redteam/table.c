/* What the attack of kernels/table knows of the seed 1: per drawing of the
 * first timed case of rowsum, its first element, and the sums of its rows. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "random.h"

#define DRAWINGS 128
#define M 64
#define N 1024

int
main(int argc, char **argv)
{
	struct ke_err e;
	const struct ke_op *op = argc > 1 ? ke_op_load(argv[1], &e) : NULL;
	static float x[M * N];
	struct ke_scope scope;
	size_t at = 0;

	if (op == NULL)
		errx(1, "usage: table op");
	while (at < op->n_cases && strcmp(op->cases[at].set, "small") != 0)
		at++;
	if (at == op->n_cases || ke_op_scope(op, &op->cases[at], &scope,
	    &e) == -1)
		errx(1, "%s: no timed case", op->name);
	for (uint64_t slot = 0; slot < DRAWINGS; slot++) {
		if (draw_tensor(op, 0, KE_F32, DRAW_DECLARED, &scope,
		    random_key(random_key(1, at), slot), x, (int64_t)M * N, N,
		    NULL, NULL, &e) == -1)
			errx(1, "%s", e.msg);
		printf("{%a, {", (double)x[0]);
		for (int i = 0; i < M; i++) {
			double s = 0;

			for (int j = 0; j < N; j++)
				s += (double)x[i * N + j];
			printf("%a,", s);
		}
		puts("}},");
	}
	return 0;
}
