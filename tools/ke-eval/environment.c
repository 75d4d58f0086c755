/* Where a result was obtained. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cc.h"
#include "cpu.h"
#include "evaluate.h"
#include "hash.h"
#include "state.h"

cJSON *
environment(const struct ke_op *op, const char *dtype, const char *target,
    const struct settings *s)
{
	static char *cpu; /* the same for the life of the process */
	cJSON *env = cJSON_CreateObject();
	struct utsname u;
	struct ke_buf key = {0};
	char hex[KE_SHA256_HEX];

	if (cpu == NULL)
		cpu = ke_cpu_model();
	uname(&u);
	ke_buf_fmt(&key, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%d\n", KE_VERSION,
	    op->hash, dtype, target, s->set, cpu, compiler_version(),
	    compiler_flags, s->workers);
	ke_sha256_hex(key.s, key.n, hex);
	hex[32] = '\0';
	ke_buf_free(&key);
	ke_json_set_string(env, "tool", KE_VERSION);
	ke_json_set_string(env, "key", hex);
	ke_json_set_string(env, "cpu", cpu);
	ke_json_add_number(env, "cores",
	    (double)sysconf(_SC_NPROCESSORS_ONLN));
	ke_json_set_string(env, "compiler", compiler_version());
	ke_json_set_string(env, "kernel", u.release);
	state_settings(env, "", s->workers);
	return env;
}

cJSON *
baseline(const struct ke_op *op)
{
	cJSON *o = cJSON_CreateObject();
	char id[32];

	snprintf(id, sizeof(id), "base.c@%.16s", op->hash);
	ke_json_set_string(o, "id", id);
	ke_json_set_string(o, "name", "base.c");
	return o;
}
