/* NVML by dlopen, in the keeper's process. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "nvml.h"

enum { CLOCK_SM = 1, CLOCK_MEMORY = 2, SENSOR_GPU = 0, TOO_SMALL = 7 };

static void *device;
static struct {
	int (*init)(void);
	int (*find)(const char *, void **);
	int (*clock)(void *, int, unsigned *);
	int (*power)(void *, unsigned *);
	int (*limit)(void *, unsigned *);
	int (*temperature)(void *, int, unsigned *);
	int (*reasons)(void *, unsigned long long *);
	int (*processes)(void *, unsigned *, void *);
	int (*energy)(void *, unsigned long long *);
} nvml;

void
nvml_open(const char *uuid)
{
	static const struct {
		const char *name;
		void *to;
	} all[] = {{"nvmlInit_v2", &nvml.init},
	    {"nvmlDeviceGetHandleByUUID", &nvml.find},
	    {"nvmlDeviceGetClockInfo", &nvml.clock},
	    {"nvmlDeviceGetPowerUsage", &nvml.power},
	    {"nvmlDeviceGetEnforcedPowerLimit", &nvml.limit},
	    {"nvmlDeviceGetTemperature", &nvml.temperature},
	    {"nvmlDeviceGetCurrentClocksThrottleReasons", &nvml.reasons},
	    {"nvmlDeviceGetComputeRunningProcesses_v3", &nvml.processes},
	    {"nvmlDeviceGetTotalEnergyConsumption", &nvml.energy}};
	void *so = dlopen("libnvidia-ml.so.1", RTLD_NOW);
	char name[64];

	for (size_t i = 0; so != NULL && i < KE_LEN(all); i++) {
		void *f = dlsym(so, all[i].name);

		if (f == NULL)
			return;
		memcpy(all[i].to, &f, sizeof(f));
	}
	snprintf(name, sizeof(name), "GPU-%s", uuid);
	if (so == NULL || nvml.init() != 0 || nvml.find(name, &device) != 0)
		device = NULL;
}

void
nvml_read(struct gpu_state *s)
{
	unsigned long long reasons;
	unsigned v;
	int code;

	*s = GPU_STATE_NONE;
	if (device == NULL)
		return;
	if (nvml.clock(device, CLOCK_SM, &v) == 0)
		s->sm_mhz = v;
	if (nvml.clock(device, CLOCK_MEMORY, &v) == 0)
		s->memory_mhz = v;
	if (nvml.power(device, &v) == 0)
		s->power_w = v * 1e-3;
	if (nvml.limit(device, &v) == 0)
		s->limit_w = v * 1e-3;
	if (nvml.temperature(device, SENSOR_GPU, &v) == 0)
		s->temperature_c = v;
	if (nvml.reasons(device, &reasons) == 0)
		s->reasons = (int64_t)reasons;
	/* with room for none it says how many there are */
	v = 0;
	code = nvml.processes(device, &v, NULL);
	if (code == 0 || code == TOO_SMALL)
		s->processes = v;
}

double
nvml_joules(void)
{
	unsigned long long mj;

	return device != NULL && nvml.energy(device, &mj) == 0
	    ? 1e-3 * (double)mj : NAN;
}
