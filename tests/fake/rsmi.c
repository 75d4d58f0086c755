/* librocm_smi64.so without a GPU: what ke-eval asks of it, as ROCm 6 has it
 * (rocm_smi.h); the values go by the names that nvml.c has for them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults.h"

struct frequencies {
	bool has_deep_sleep;
	uint32_t n, current;
	uint64_t hz[33];
};

int rsmi_init(uint64_t);
int rsmi_num_monitor_devices(uint32_t *);
int rsmi_dev_unique_id_get(uint32_t, uint64_t *);
int rsmi_dev_gpu_clk_freq_get(uint32_t, int, struct frequencies *);
int rsmi_dev_current_socket_power_get(uint32_t, uint64_t *);
int rsmi_dev_power_cap_get(uint32_t, uint32_t, uint64_t *);
int rsmi_dev_temp_metric_get(uint32_t, uint32_t, int, int64_t *);
int rsmi_compute_process_info_get(void *, uint32_t *);

int
rsmi_init(uint64_t flags)
{
	(void)flags;
	return fault("rsmi_init", NULL);
}

int
rsmi_num_monitor_devices(uint32_t *to)
{
	*to = 2;
	return 0;
}

/* The second is the driver's, by hip_own.c's UUID. */
int
rsmi_dev_unique_id_get(uint32_t device, uint64_t *to)
{
	*to = device == 1 ? 0xfa : 0xfb;
	return 0;
}

int
rsmi_dev_gpu_clk_freq_get(uint32_t device, int clock, struct frequencies *to)
{
	const char *name = clock == 0 ? "sm_mhz" : "memory_mhz";

	*to = (struct frequencies){.n = 3, .current = 1, .hz = {500000000,
	    (uint64_t)(fault_value(name, NULL, 1000) * 1e6), 2000000000}};
	return device == 1 ? 0 : 1;
}

int
rsmi_dev_current_socket_power_get(uint32_t device, uint64_t *to)
{
	*to = (uint64_t)(fault_value("power_mw", NULL, 50000) * 1e3);
	return device == 1 ? 0 : 1;
}

int
rsmi_dev_power_cap_get(uint32_t device, uint32_t sensor, uint64_t *to)
{
	(void)sensor;
	*to = (uint64_t)(fault_value("limit_mw", NULL, 100000) * 1e3);
	return device == 1 ? 0 : 1;
}

int
rsmi_dev_temp_metric_get(uint32_t device, uint32_t sensor, int metric,
    int64_t *to)
{
	*to = (int64_t)(fault_value("temperature_c", NULL, 40) * 1e3);
	return device == 1 && sensor == 1 && metric == 0 ? 0 : 1;
}

int
rsmi_compute_process_info_get(void *to, uint32_t *n)
{
	(void)to;
	*n = (uint32_t)fault_value("processes", NULL, 1);
	return 0;
}
