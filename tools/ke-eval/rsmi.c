/* ROCm SMI by dlopen, in the keeper's process (rocm_smi.h, ROCm 5 to 7).  What
 * the library hasn't got, or the device doesn't tell, isn't told. */
#include <dlfcn.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hip.h"
#include "mem.h"
#include "rsmi.h"

enum { CLOCK_SYSTEM = 0, CLOCK_MEMORY = 4, JUNCTION = 1, CURRENT = 0 };

/* Bytes of rsmi_frequencies_t, and more: 33 frequencies. */
#define FREQUENCIES_BYTES 1024

static bool there;
static uint32_t device;
static struct {
	int (*init)(uint64_t);
	int (*count)(uint32_t *);
	int (*unique_id)(uint32_t, uint64_t *);
	int (*clock)(uint32_t, int, void *);
	int (*socket_power)(uint32_t, uint64_t *);
	int (*power)(uint32_t, uint32_t, uint64_t *);
	int (*limit)(uint32_t, uint32_t, uint64_t *);
	int (*temperature)(uint32_t, uint32_t, int, int64_t *);
	int (*processes)(void *, uint32_t *);
	int (*energy)(uint32_t, uint64_t *, float *, uint64_t *);
} rsmi;

/* Beside HIP's runtime, or by name. */
static void *
load(void)
{
	static const char *const names[] = {"librocm_smi64.so.7",
	    "librocm_smi64.so.6", "librocm_smi64.so.5", "librocm_smi64.so.1",
	    "librocm_smi64.so"};
	char path[PATH_MAX], at[PATH_MAX + 32];
	void *so = NULL;
	bool has = hip_library(path);

	for (size_t i = 0; so == NULL && has && i < KE_LEN(names); i++) {
		snprintf(at, sizeof(at), "%.*s/%s",
		    (int)(strrchr(path, '/') - path), path, names[i]);
		so = dlopen(at, RTLD_NOW);
	}
	for (size_t i = 0; so == NULL && i < KE_LEN(names); i++)
		so = dlopen(names[i], RTLD_NOW);
	return so;
}

/* HIP's UUID is the digits of the unique id, as text; the uuid here is those
 * bytes in hexadecimal, with dashes. */
static uint64_t
id_of(const char *uuid)
{
	char digits[17] = "";
	size_t n = 0;
	unsigned c;

	for (const char *s = uuid; *s != '\0' && n < 16; s += 2) {
		if (*s == '-')
			s++;
		if (sscanf(s, "%2x", &c) != 1)
			break;
		digits[n++] = (char)c;
	}
	return strtoull(digits, NULL, 16);
}

void
rsmi_open(const char *uuid)
{
	static const struct {
		const char *name;
		void *to;
	} all[] = {{"rsmi_init", &rsmi.init},
	    {"rsmi_num_monitor_devices", &rsmi.count},
	    {"rsmi_dev_unique_id_get", &rsmi.unique_id},
	    {"rsmi_dev_gpu_clk_freq_get", &rsmi.clock},
	    {"rsmi_dev_current_socket_power_get", &rsmi.socket_power},
	    {"rsmi_dev_power_ave_get", &rsmi.power},
	    {"rsmi_dev_power_cap_get", &rsmi.limit},
	    {"rsmi_dev_temp_metric_get", &rsmi.temperature},
	    {"rsmi_compute_process_info_get", &rsmi.processes},
	    {"rsmi_dev_energy_count_get", &rsmi.energy}};
	uint64_t id, wanted = id_of(uuid);
	uint32_t n = 0;
	void *so = load();

	for (size_t i = 0; so != NULL && i < KE_LEN(all); i++) {
		void *f = dlsym(so, all[i].name);

		memcpy(all[i].to, &f, sizeof(f));
	}
	if (so == NULL || rsmi.init == NULL || rsmi.count == NULL ||
	    rsmi.unique_id == NULL || rsmi.init(0) != 0 || rsmi.count(&n) != 0)
		return;
	for (uint32_t i = 0; i < n && !there; i++) {
		device = i;
		there = rsmi.unique_id(i, &id) == 0 && id == wanted;
	}
}

/* The clock's frequency, in MHz.  rsmi_frequencies_t is {uint32_t n, current;
 * uint64_t hz[]}; from ROCm 6 on there is a bool before.  No frequency is as
 * low as an index, by which the two are told apart. */
static double
clock_mhz(int which)
{
	_Alignas(8) unsigned char b[FREQUENCIES_BYTES] = {0};
	uint32_t word[4];
	uint64_t hz;
	bool late;

	if (rsmi.clock == NULL || rsmi.clock(device, which, b) != 0)
		return -1;
	memcpy(word, b, sizeof(word));
	late = word[2] < 64 && word[3] == 0;
	if (word[late ? 2 : 1] >= 64)
		return -1;
	memcpy(&hz, b + (late ? 16 : 8) + 8 * word[late ? 2 : 1],
	    sizeof(hz));
	return (double)hz * 1e-6;
}

void
rsmi_read(struct gpu_state *s)
{
	uint64_t microwatts;
	int64_t millidegrees;
	uint32_t n = 0;

	*s = GPU_STATE_NONE;
	if (!there)
		return;
	s->sm_mhz = clock_mhz(CLOCK_SYSTEM);
	s->memory_mhz = clock_mhz(CLOCK_MEMORY);
	if ((rsmi.socket_power != NULL &&
	    rsmi.socket_power(device, &microwatts) == 0) ||
	    (rsmi.power != NULL && rsmi.power(device, 0, &microwatts) == 0))
		s->power_w = (double)microwatts * 1e-6;
	if (rsmi.limit != NULL && rsmi.limit(device, 0, &microwatts) == 0)
		s->limit_w = (double)microwatts * 1e-6;
	if (rsmi.temperature != NULL && rsmi.temperature(device, JUNCTION,
	    CURRENT, &millidegrees) == 0)
		s->temperature_c = (double)millidegrees * 1e-3;
	/* with room for none it says how many there are */
	if (rsmi.processes != NULL && rsmi.processes(NULL, &n) == 0)
		s->processes = n;
}

/* A count in a unit of the device's, of uJ. */
double
rsmi_joules(void)
{
	uint64_t count, when;
	float uj;

	return there && rsmi.energy != NULL &&
	    rsmi.energy(device, &count, &uj, &when) == 0
	    ? 1e-6 * (double)uj * (double)count : NAN;
}
