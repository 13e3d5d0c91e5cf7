/*
 * NVIDIA's management library without a device: two GPUs, the second of which supports little. With
 * nvml.h at hand (-DWITH_NVML_H) the compiler holds each signature and constant to the header's.
 * -DOLD names the clocks' reasons as drivers before 535 do and leaves out the energy.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#ifdef WITH_NVML_H
#include <nvml.h>
_Static_assert(sizeof(nvmlMemory_t) == 24 && offsetof(nvmlMemory_t, total) == 0 &&
               offsetof(nvmlMemory_t, used) == 16, "memory");
_Static_assert(NVML_CLOCK_GRAPHICS == 0 && NVML_CLOCK_MEM == 2 && NVML_TEMPERATURE_GPU == 0, "enums");
_Static_assert(NVML_ERROR_NOT_SUPPORTED == 3 && NVML_ERROR_DRIVER_NOT_LOADED == 9, "errors");
_Static_assert(nvmlClocksEventReasonGpuIdle == 1 && nvmlClocksEventReasonApplicationsClocksSetting == 2 &&
               nvmlClocksEventReasonSwPowerCap == 4 && nvmlClocksThrottleReasonHwSlowdown == 8 &&
               nvmlClocksEventReasonSyncBoost == 16 && nvmlClocksEventReasonSwThermalSlowdown == 32 &&
               nvmlClocksThrottleReasonHwThermalSlowdown == 64 &&
               nvmlClocksThrottleReasonHwPowerBrakeSlowdown == 128 &&
               nvmlClocksEventReasonDisplayClockSetting == 256, "reasons");
#else
typedef int nvmlReturn_t;
typedef void *nvmlDevice_t;
typedef int nvmlClockType_t;
typedef int nvmlTemperatureSensors_t;
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;
#define NVML_SUCCESS 0
#define NVML_ERROR_NOT_SUPPORTED 3
#define NVML_ERROR_DRIVER_NOT_LOADED 9
#define NVML_ERROR_GPU_IS_LOST 15
#endif

static int refusing;
static int lost;
static int open_count;
static int devices[2];

void fake_refuse(const char *ignored, int on) { refusing = on; }
void fake_lose(const char *ignored, int device) { lost = device; }
void fake_opened(int *out, int ignored) { *out = open_count; }

static int first(nvmlDevice_t device) { return (void *)device == (void *)&devices[0]; }

nvmlReturn_t nvmlInit_v2(void) {
  if (refusing) return NVML_ERROR_DRIVER_NOT_LOADED;
  open_count++;
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlShutdown(void) {
  open_count--;
  return NVML_SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t result) {
  return result == NVML_ERROR_DRIVER_NOT_LOADED ? "Driver Not Loaded" : "Some Error";
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) {
  *count = 2;
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
  if (lost == (int)index + 1) return NVML_ERROR_GPU_IS_LOST;
  *device = (nvmlDevice_t)(void *)&devices[index];
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
  snprintf(name, length, first(device) ? "NVIDIA GeForce RTX 4090" : "NVIDIA Thor");
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
  if (!first(device)) return NVML_ERROR_NOT_SUPPORTED;
  memory->total = 25757220864ull;
  memory->free = 20757220864ull;
  memory->used = 5000000000ull;
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int *milliwatts) {
  *milliwatts = first(device) ? 371250u : 3000000000u;
  return NVML_SUCCESS;
}

#ifndef OLD
nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, unsigned long long *millijoules) {
  if (!first(device)) return NVML_ERROR_NOT_SUPPORTED;
  *millijoules = 123456789012ull;
  return NVML_SUCCESS;
}
#endif

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, nvmlTemperatureSensors_t sensor, unsigned int *celsius) {
  *celsius = first(device) ? 71u + (unsigned)sensor : 44u;
  return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int *megahertz) {
  if (!first(device)) return NVML_ERROR_NOT_SUPPORTED;
  *megahertz = type == 0 ? 2520u : 10501u;
  return NVML_SUCCESS;
}

nvmlReturn_t
#ifdef OLD
nvmlDeviceGetCurrentClocksThrottleReasons
#else
nvmlDeviceGetCurrentClocksEventReasons
#endif
(nvmlDevice_t device, unsigned long long *reasons) {
  *reasons = first(device) ? 0x4 | 0x40 : 0x1;
  return NVML_SUCCESS;
}
