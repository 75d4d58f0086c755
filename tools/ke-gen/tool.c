/* What the tools of agent.h share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define OUTPUT_MAX ((size_t)16 << 20) /* bytes of a child's that are read */

/* What children get of our environment, in which keys are. */
static const char *const passed[] = {"PATH", "HOME", "TMPDIR", "LANG",
	"LC_ALL", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "KE_OPS", "KE_CUDA",
	"CUDA_HOME", "CUDA_PATH", "CUDA_VISIBLE_DEVICES", "KE_HIP",
	"ROCM_PATH", "HIP_PATH", "HIP_VISIBLE_DEVICES",
	"ROCR_VISIBLE_DEVICES", "KE_TRITON", "ASAN_OPTIONS", "UBSAN_OPTIONS"};

static void __attribute__((format(printf, 2, 0)))
give(struct agent *a, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) == -1)
		text = ke_strdup("out of memory");
	ke_buf_str(&a->result, text);
	free(text);
}

void
tool_say(struct agent *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	give(a, fmt, ap);
	va_end(ap);
}

void
tool_refuse(struct agent *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	give(a, fmt, ap);
	va_end(ap);
	a->failed = true;
}

const char *
tool_string(struct agent *a, const cJSON *args, const char *name,
    const char *other)
{
	const cJSON *v = ke_json_get(args, name);

	if (v == NULL && other != NULL)
		return other;
	if (v == NULL || !cJSON_IsString(v)) {
		tool_refuse(a, "%s: %s", name, v == NULL ? "missing"
		    : "not a string");
		return NULL;
	}
	return v->valuestring;
}

size_t
tool_count(const cJSON *args, const char *name, size_t other)
{
	int64_t v;

	return ke_json_integer(ke_json_get(args, name), &v) && v > 0
	    ? (size_t)v : other;
}

const char *
tool_candidate(const struct agent *a)
{
	return a->candidate;
}

/* The caller frees each up to the NULL. */
static void
environment(char *env[KE_LEN(passed) + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < KE_LEN(passed); i++) {
		const char *v = getenv(passed[i]);
		struct ke_buf b = {0};

		if (v == NULL)
			continue;
		ke_buf_fmt(&b, "%s=%s", passed[i], v);
		env[n++] = b.s;
	}
	env[n] = NULL;
}

void
tool_spawn(struct agent *a, const char *const *args, const char *dir,
    int seconds, size_t memory)
{
	char *env[KE_LEN(passed) + 1], *argv[TOOL_ARGS + 1];
	const struct ke_limit limit = {RLIMIT_AS, memory};
	struct ke_spawn s = {.argv = argv, .envp = env, .dir = dir,
	    .timeout_ms = 1000 * seconds, .output_max = OUTPUT_MAX,
	    .limits = &limit, .n_limits = memory > 0};
	struct ke_err e;
	size_t n = 0;

	for (; n < TOOL_ARGS && args[n] != NULL; n++)
		argv[n] = ke_strdup(args[n]);
	argv[n] = NULL;
	environment(env);
	a->running = ke_spawn(&a->child, &s, &e) == 0;
	if (!a->running)
		tool_refuse(a, "%s", e.msg);
	while (n > 0)
		free(argv[--n]);
	while (env[n] != NULL)
		free(env[n++]);
}
