/* Leases: expansions that are out.  A lease ends when its node is committed,
 * when it expires, or when the process that owns it is found dead. */
#ifndef LEASE_H
#define LEASE_H

#include "db.h"
#include "json.h"
#include "run.h"

/* A process as long as it lives: a boot (with the name space of its ids), an
 * id, and the time it started, in ticks. */
struct owner {
	char boot[96];
	int64_t pid, started;
};

void owner_self(struct owner *);
/* Another process of this boot: 0, or -1 where there is none. */
int owner_other(struct owner *, int64_t pid);

/* Twelve hexadecimal digits that no node and no lease has.  Within a
 * transaction. */
#define ID_SIZE 13
void id_draw(struct store *, char id[ID_SIZE]);

/* Takes a lease for the expansion, whose id is drawn and set where it has
 * none, and xid where it has none.  source is the object that the expansion
 * starts from, 0 for none.  False where the run has seen the xid. */
bool lease_take(struct store *, const struct run *, const struct owner *,
    cJSON *expansion, int64_t depth, int64_t source, int64_t seconds);

/* Leaves the owner's leases to their expiry. */
void lease_disown(struct store *, const struct owner *);

/* Turns leases that expired, or whose owner died, into nodes that are lost. */
void lease_sweep(struct store *);

#endif
