/* The table of policies. */
#include <string.h>

#include "policy.h"

static const struct policy *const policies[] = {
	&policy_greedy, &policy_beam, &policy_uct, &policy_evolve,
	&policy_random};

const struct policy *
policy_find(const char *name)
{
	for (size_t i = 0; i < KE_LEN(policies); i++)
		if (strcmp(policies[i]->name, name) == 0)
			return policies[i];
	return NULL;
}
