/* What the system says of its processors. */
#ifndef KE_CPU_H
#define KE_CPU_H

/* A field of /proc/cpuinfo, of the first processor that has it: "flags", say.
 * NULL where there is none.  The caller frees. */
char *ke_cpu_field(const char *name);

/* The model, under the name that the architecture gives it, or "unknown".
 * Results and ceilings of machines are told apart by it.  The caller frees. */
char *ke_cpu_model(void);

#endif
