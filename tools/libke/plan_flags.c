/* The compiler flags that plans may have. */
#include <string.h>

#include "plan.h"
#include "plan_load.h"

/* The compiler flags that a candidate may ask for: none reads or writes a
 * file, names a plugin or changes what is linked. */
static const char *const cpu_flags[] = {"-O2", "-O3", "-Ofast",
	"-ffast-math", "-fassociative-math", "-fno-math-errno",
	"-fno-trapping-math", "-fno-signed-zeros", "-ffp-contract=fast",
	"-funroll-loops", "-fno-tree-vectorize", "-fno-tree-slp-vectorize",
	"-mprefer-vector-width=128", "-mprefer-vector-width=256",
	"-mprefer-vector-width=512"};
static const char *const cuda_flags[] = {"--use_fast_math", "--fmad=false",
	"--ftz=true", "--prec-div=false", "--prec-sqrt=false",
	"--extra-device-vectorization"};
static const char *const hip_flags[] = {"-ffast-math", "-fno-signed-zeros",
	"-freciprocal-math", "-ffp-contract=off",
	"-fgpu-flush-denormals-to-zero", "-fno-unroll-loops",
	"-fno-slp-vectorize"};
static const struct {
	const char *language;
	bool gpu;
	size_t n;
	const char *const *flags;
} flags_of[] = {{"c", false, KE_LEN(cpu_flags), cpu_flags},
	{"cuda", true, KE_LEN(cuda_flags), cuda_flags},
	{"hip", true, KE_LEN(hip_flags), hip_flags}};

const char *const *
ke_plan_flags(const char *language, size_t *n)
{
	for (size_t i = 0; i < KE_LEN(flags_of); i++)
		if (strcmp(flags_of[i].language, language) == 0) {
			*n = flags_of[i].n;
			return flags_of[i].flags;
		}
	*n = 0;
	return NULL;
}

bool
plan_flag_is_allowed(const struct ke_plan *p, const char *flag)
{
	for (size_t i = 0; i < KE_LEN(flags_of) && !p->triton; i++)
		for (size_t k = 0; k < flags_of[i].n &&
		    flags_of[i].gpu == p->gpu; k++)
			if (strcmp(flags_of[i].flags[k], flag) == 0)
				return true;
	return false;
}
