/* libnvidia-ml.so.1 without a GPU: what ke-eval asks of it. */
#include <string.h>
#include <time.h>

#include "faults.h"

int nvmlInit_v2(void);
int nvmlDeviceGetHandleByUUID(const char *, void **);
int nvmlDeviceGetClockInfo(void *, int, unsigned *);
int nvmlDeviceGetPowerUsage(void *, unsigned *);
int nvmlDeviceGetEnforcedPowerLimit(void *, unsigned *);
int nvmlDeviceGetTemperature(void *, int, unsigned *);
int nvmlDeviceGetCurrentClocksThrottleReasons(void *, unsigned long long *);
int nvmlDeviceGetComputeRunningProcesses_v3(void *, unsigned *, void *);
int nvmlDeviceGetTotalEnergyConsumption(void *, unsigned long long *);

int
nvmlInit_v2(void)
{
	return fault("nvmlInit_v2", 0);
}

int
nvmlDeviceGetHandleByUUID(const char *uuid, void **to)
{
	static int device;

	*to = &device;
	return strncmp(uuid, "GPU-fafafafa-", 13) == 0 ? 0 : 6;
}

/* The usual value, unless the faults say another. */
static int
tell(const char *call, unsigned usual, unsigned *to)
{
	*to = (unsigned)fault_value(call, 0, usual);
	return 0;
}

int
nvmlDeviceGetClockInfo(void *device, int type, unsigned *to)
{
	(void)device;
	return type == 1 ? tell("sm_mhz", 1000, to)
	    : tell("memory_mhz", 1000, to);
}

int
nvmlDeviceGetPowerUsage(void *device, unsigned *to)
{
	(void)device;
	return tell("power_mw", 50000, to);
}

int
nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *to)
{
	(void)device;
	return tell("limit_mw", 100000, to);
}

int
nvmlDeviceGetTemperature(void *device, int sensor, unsigned *to)
{
	(void)device;
	(void)sensor;
	return tell("temperature_c", 40, to);
}

int
nvmlDeviceGetCurrentClocksThrottleReasons(void *device,
    unsigned long long *to)
{
	unsigned bits;

	(void)device;
	(void)tell("clock_reasons", 0, &bits);
	*to = bits;
	return 0;
}

int
nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *n, void *to)
{
	(void)device;
	(void)to;
	return tell("processes", 1, n);
}

/* 50 W, all the time. */
int
nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *mj)
{
	struct timespec t;

	(void)device;
	clock_gettime(CLOCK_MONOTONIC, &t);
	*mj = 50ull * ((unsigned long long)t.tv_sec * 1000 +
	    (unsigned long long)t.tv_nsec / 1000000);
	return 0;
}
