/* The layers of a sandbox, in words. */
#include "sandbox.h"

cJSON *
layers_json(unsigned layers)
{
#define X(name, text) text,
	static const char *const names[] = {LAYERS(X)};
#undef X
	cJSON *a = cJSON_CreateArray();

	for (int i = 0; i < LAYER_COUNT; i++)
		if (layers & 1U << i)
			cJSON_AddItemToArray(a, cJSON_CreateString(names[i]));
	return a;
}

bool
layers_confine(unsigned layers)
{
	return layers & LAYER_SECCOMP &&
	    layers & (LAYER_FILES | LAYER_LANDLOCK);
}
