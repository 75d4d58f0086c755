/* What passes found about the last candidates: a ring. */
#include <string.h>

#include "kept.h"

cJSON *
kept_for(struct kept *k, const char *text)
{
	struct kept_entry *entry;
	char key[KE_SHA256_HEX];

	ke_sha256_hex(text, strlen(text), key);
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (strcmp(k->entries[i].key, key) == 0)
			return k->entries[i].found;
	entry = &k->entries[k->next];
	k->next = (k->next + 1) % KEPT_MAX;
	cJSON_Delete(entry->found);
	memcpy(entry->key, key, sizeof(key));
	entry->found = cJSON_CreateObject();
	return entry->found;
}
