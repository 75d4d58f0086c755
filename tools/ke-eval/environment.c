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
#include "target.h"

cJSON *
environment(const struct ke_op *op, const char *dtype,
    const struct target *target, const struct settings *s)
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
	    op->hash, dtype, target->name, settings_set(s), cpu,
	    target->toolchain->version(), target->toolchain->flags(),
	    s->workers);
	target->describe(target, env, &key, s->workers);
	ke_sha256_hex(key.s, key.n, hex);
	hex[32] = '\0';
	ke_buf_free(&key);
	ke_json_set_string(env, "tool", KE_VERSION);
	ke_json_set_string(env, "key", hex);
	ke_json_set_string(env, "cpu", cpu);
	ke_json_add_number(env, "cores",
	    (double)sysconf(_SC_NPROCESSORS_ONLN));
	ke_json_set_string(env, "compiler", target->toolchain->version());
	ke_json_set_string(env, "kernel", u.release);
	return env;
}

const char *
settings_set(const struct settings *s)
{
	return s->set != NULL ? s->set : s->target->set;
}

cJSON *
baseline(const struct ke_op *op, const struct target *t)
{
	cJSON *o = cJSON_CreateObject();
	char id[32];

	snprintf(id, sizeof(id), "%s@%.16s", t->base, op->hash);
	ke_json_set_string(o, "id", id);
	ke_json_set_string(o, "name", t->base);
	return o;
}
