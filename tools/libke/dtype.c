/* Element types. */
#include <string.h>

#include "dtype.h"

#define KE_DTYPE_ROW(name, text, bytes, c, u) {text, bytes, c, u},
const struct ke_dtype_info ke_dtypes[] = {KE_DTYPES(KE_DTYPE_ROW)};

enum ke_dtype
ke_dtype_find(const char *name)
{
	int t = 0;

	while (t < KE_DTYPE_COUNT && strcmp(ke_dtypes[t].name, name) != 0)
		t++;
	return (enum ke_dtype)t;
}
