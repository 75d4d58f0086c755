/* Parts of reading a plan: plan.c does the rest. */
#ifndef KE_PLAN_LOAD_H
#define KE_PLAN_LOAD_H

#include "plan.h"

/* Into p, from p->json; the scope has the names of dims and tunables, p the
 * workspaces.  0, or -1 with the place and the reason. */
int plan_load_maps(struct ke_plan *, const struct ke_op *,
    const struct ke_scope *, struct ke_err *);
int plan_load_launches(struct ke_plan *, const struct ke_op *,
    const struct ke_scope *, struct ke_err *);

/* May some language whose launches are like the plan's have the flag? */
bool plan_flag_is_allowed(const struct ke_plan *, const char *flag);

#endif
