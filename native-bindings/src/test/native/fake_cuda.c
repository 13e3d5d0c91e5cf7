/*
 * A CUDA driver without a device: memory is the host's, every call is written down, and any function
 * can be told to fail. With cuda.h at hand (-DWITH_CUDA_H) the compiler holds each signature to the
 * header's; without it the few types below stand in. -DOLD leaves out what drivers before 11.2 lack.
 * -DEMULATED launches by the emulation of kernels' tests, where that library is loaded.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef WITH_CUDA_H
#include <cuda.h>
_Static_assert(sizeof(CUmemPoolProps) == 88, "pool properties");
_Static_assert(offsetof(CUmemPoolProps, location) == 8, "pool location");
_Static_assert(CU_MEM_ALLOCATION_TYPE_PINNED == 1 && CU_MEM_LOCATION_TYPE_DEVICE == 1, "pool");
_Static_assert(CU_MEMPOOL_ATTR_RELEASE_THRESHOLD == 4 && CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT == 5 &&
               CU_MEMPOOL_ATTR_USED_MEM_CURRENT == 7 && CU_MEMPOOL_ATTR_USED_MEM_HIGH == 8, "pool");
_Static_assert(CU_JIT_INFO_LOG_BUFFER == 3 && CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES == 4 &&
               CU_JIT_ERROR_LOG_BUFFER == 5 && CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES == 6, "jit");
_Static_assert(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK == 0 && CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES == 1 &&
               CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES == 3 && CU_FUNC_ATTRIBUTE_NUM_REGS == 4 &&
               CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES == 8, "function attributes");
_Static_assert(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT == 16 && CU_DEVICE_ATTRIBUTE_INTEGRATED == 18 &&
               CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE == 38 &&
               CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR == 39 &&
               CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR == 75 &&
               CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR == 76 &&
               CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN == 97 &&
               CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED == 115, "device attributes");
_Static_assert(CUDA_ERROR_OUT_OF_MEMORY == 2 && CUDA_ERROR_NOT_READY == 600 &&
               CUDA_ERROR_NOT_FOUND == 500 && CUDA_ERROR_NO_BINARY_FOR_GPU == 209, "errors");
_Static_assert(CU_MEM_ATTACH_GLOBAL == 1, "managed");
_Static_assert(CU_STREAM_NON_BLOCKING == 1 && CU_EVENT_DISABLE_TIMING == 2, "flags");
_Static_assert(CU_MEMHOSTALLOC_PORTABLE == 1 && CU_MEMHOSTALLOC_DEVICEMAP == 2 &&
               CU_MEMHOSTREGISTER_PORTABLE == 1 && CU_MEMHOSTREGISTER_DEVICEMAP == 2, "pinned");
#else
#define CUDAAPI
typedef int CUresult, CUdevice, CUdevice_attribute, CUjit_option, CUfunction_attribute, CUmemPool_attribute;
typedef struct { char bytes[16]; } CUuuid;
typedef unsigned long long CUdeviceptr;
typedef void *CUcontext, *CUmodule, *CUfunction, *CUstream, *CUevent, *CUmemoryPool;
typedef struct { int allocType, handleTypes; struct { int type, id; } location; } CUmemPoolProps;
#define cuDeviceTotalMem cuDeviceTotalMem_v2
#define cuStreamDestroy cuStreamDestroy_v2
#define cuEventDestroy cuEventDestroy_v2
#define cuMemAlloc cuMemAlloc_v2
#define cuMemFree cuMemFree_v2
#define cuMemGetInfo cuMemGetInfo_v2
#define cuMemHostGetDevicePointer cuMemHostGetDevicePointer_v2
#define cuMemcpyHtoD cuMemcpyHtoD_v2
#define cuMemcpyDtoH cuMemcpyDtoH_v2
#define cuMemcpyHtoDAsync cuMemcpyHtoDAsync_v2
#define cuMemcpyDtoHAsync cuMemcpyDtoHAsync_v2
#define cuMemcpyDtoDAsync cuMemcpyDtoDAsync_v2
#ifndef OLD
#define cuDeviceGetUuid cuDeviceGetUuid_v2
#define cuDevicePrimaryCtxRelease cuDevicePrimaryCtxRelease_v2
#define cuEventElapsedTime cuEventElapsedTime_v2
#define cuMemHostRegister cuMemHostRegister_v2
#endif
#endif

#define STR2(x) #x
#define STR(x) STR2(x)

static char calls[1 << 20];
static size_t used;
static char failing[128];
static int failing_code, pending, refuse_cubins;
static char expected[64];

const char *fake_log(void) { return calls; }
void fake_forget(void) { used = 0; calls[0] = 0; }
void fake_fail(const char *name, int code) { snprintf(failing, sizeof failing, "%s", name); failing_code = code; }
void fake_expect(const char *letters) { snprintf(expected, sizeof expected, "%s", letters); }
void fake_pending(int queries) { pending = queries; }
void fake_refuse_cubins(int yes) { refuse_cubins = yes; }

#ifdef EMULATED
#include <dlfcn.h>
static char problem[1024];

/* Runs a kernel on this processor. Its own list of arguments is what a wrong one is answered with. */
static int emulate(const char *name, const unsigned *g, const unsigned *b, unsigned shared, void **arguments) {
  typedef const char *launch(const char *, const char *, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, void **);
  launch *run = (launch *)(intptr_t)dlsym(RTLD_DEFAULT, "nk_emulation_launch");
  if (!run) return 999;
  char letters[64] = "";
  const char *answer = run(name, "?", g[0], g[1], g[2], b[0], b[1], b[2], shared, arguments);
  const char *takes = answer ? strstr(answer, "takes ") : NULL;
  if (!takes || sscanf(takes, "takes %63[A-Z],", letters) != 1) snprintf(problem, sizeof problem, "%s", answer);
  else answer = run(name, letters, g[0], g[1], g[2], b[0], b[1], b[2], shared, arguments);
  if (answer) snprintf(problem, sizeof problem, "%s", answer);
  return answer ? 719 : 0;
}
#endif

static int note(const char *name, const char *form, ...) {
  va_list list;
  if (used > sizeof calls - 4096) used = 0;
  va_start(list, form);
  used += (size_t)snprintf(calls + used, sizeof calls - used, "%s ", name);
  used += (size_t)vsnprintf(calls + used, sizeof calls - used, form, list);
  used += (size_t)snprintf(calls + used, sizeof calls - used, "\n");
  va_end(list);
  return strcmp(name, failing) == 0 ? failing_code : 0;
}
#define BEGIN(name, ...)                                                                           \
  do {                                                                                             \
    int failed = note(STR(name), __VA_ARGS__);                                                     \
    if (failed) return (CUresult)failed;                                                           \
  } while (0)

CUresult CUDAAPI cuInit(unsigned flags) { BEGIN(cuInit, "%u", flags); return 0; }
CUresult CUDAAPI cuDriverGetVersion(int *v) {
  BEGIN(cuDriverGetVersion, "");
#ifdef OLD
  *v = 10020;
#else
  *v = 13020;
#endif
  return 0;
}
CUresult CUDAAPI cuGetErrorName(CUresult e, const char **s) {
  *s = e == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : e == 209 ? "CUDA_ERROR_NO_BINARY_FOR_GPU"
     : e == 500 ? "CUDA_ERROR_NOT_FOUND" : e == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : NULL;
  return *s ? 0 : 1;
}
CUresult CUDAAPI cuGetErrorString(CUresult e, const char **s) {
#ifdef EMULATED
  if (e == 719) { *s = problem; return 0; }
#endif
  *s = e == 12345 ? NULL : "words of the driver"; return *s ? 0 : 1; }
CUresult CUDAAPI cuDeviceGetCount(int *n) { BEGIN(cuDeviceGetCount, ""); *n = 2; return 0; }
CUresult CUDAAPI cuDeviceGet(CUdevice *d, int i) { BEGIN(cuDeviceGet, "%d", i); if (i > 1) return 101; *d = 40 + i; return 0; }
CUresult CUDAAPI cuDeviceGetName(char *s, int n, CUdevice d) { BEGIN(cuDeviceGetName, "%d %d", n, d); snprintf(s, (size_t)n, "Fake %d", d); return 0; }
CUresult CUDAAPI cuDeviceGetAttribute(int *v, CUdevice_attribute a, CUdevice d) {
  BEGIN(cuDeviceGetAttribute, "%d %d", (int)a, d);
  switch ((int)a) { case 75: *v = 8; break; case 76: *v = 7; break; case 115: case 18: *v = d == 40; break; default: *v = (int)a * 100; }
  return 0;
}
CUresult CUDAAPI cuDeviceTotalMem(size_t *n, CUdevice d) { BEGIN(cuDeviceTotalMem_v2, "%d", d); *n = 8ull << 30; return 0; }
CUresult CUDAAPI cuDeviceGetUuid(CUuuid *u, CUdevice d) { BEGIN(cuDeviceGetUuid, "%d", d); memset(u, 0xab, 16); return 0; }
CUresult CUDAAPI cuDeviceCanAccessPeer(int *yes, CUdevice a, CUdevice b) { BEGIN(cuDeviceCanAccessPeer, "%d %d", a, b); *yes = a != b; return 0; }
CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext *c, CUdevice d) { BEGIN(cuDevicePrimaryCtxRetain, "%d", d); *c = (CUcontext)(intptr_t)(1000 + d); return 0; }
CUresult CUDAAPI cuDevicePrimaryCtxRelease(CUdevice d) { BEGIN(cuDevicePrimaryCtxRelease, "%d", d); return 0; }
CUresult CUDAAPI cuCtxSetCurrent(CUcontext c) { BEGIN(cuCtxSetCurrent, "%ld", (long)(intptr_t)c); return 0; }
CUresult CUDAAPI cuCtxSynchronize(void) { BEGIN(cuCtxSynchronize, ""); return 0; }
CUresult CUDAAPI cuCtxEnablePeerAccess(CUcontext c, unsigned f) { BEGIN(cuCtxEnablePeerAccess, "%ld %u", (long)(intptr_t)c, f); return 0; }
CUresult CUDAAPI cuCtxDisablePeerAccess(CUcontext c) { BEGIN(cuCtxDisablePeerAccess, "%ld", (long)(intptr_t)c); return 0; }
CUresult CUDAAPI cuModuleLoadDataEx(CUmodule *m, const void *image, unsigned n, CUjit_option *keys, void **values) {
  const char *bytes = image;
  int elf = memcmp(bytes, "\177ELF", 4) == 0;
  BEGIN(cuModuleLoadDataEx, "%s %u", elf ? "cubin" : "ptx", n);
  for (unsigned i = 0; i < n; i++) if ((int)keys[i] == 5) snprintf(values[i], 64, elf ? "" : "ptxas says so");
  if (elf && refuse_cubins) { for (unsigned i = 0; i < n; i++) if ((int)keys[i] == 5) snprintf(values[i], 64, "made for another device"); return 209; }
  *m = (CUmodule)(intptr_t)7001;
  return 0;
}
CUresult CUDAAPI cuModuleUnload(CUmodule m) { BEGIN(cuModuleUnload, "%ld", (long)(intptr_t)m); return 0; }
CUresult CUDAAPI cuModuleGetFunction(CUfunction *f, CUmodule m, const char *s) {
  BEGIN(cuModuleGetFunction, "%ld %s", (long)(intptr_t)m, s);
  if (strcmp(s, "missing") == 0) return 500;
#ifdef EMULATED
  *f = (CUfunction)strdup(s);
#else
  *f = (CUfunction)(intptr_t)8001;
#endif
  return 0;
}
CUresult CUDAAPI cuFuncGetAttribute(int *v, CUfunction_attribute a, CUfunction f) { BEGIN(cuFuncGetAttribute, "%d %ld", (int)a, (long)(intptr_t)f); *v = 10 + (int)a; return 0; }
CUresult CUDAAPI cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int v) { BEGIN(cuFuncSetAttribute, "%ld %d %d", (long)(intptr_t)f, (int)a, v); return 0; }
CUresult CUDAAPI cuOccupancyMaxActiveBlocksPerMultiprocessor(int *n, CUfunction f, int threads, size_t shared) {
  BEGIN(cuOccupancyMaxActiveBlocksPerMultiprocessor, "%ld %d %zu", (long)(intptr_t)f, threads, shared);
  *n = 6;
  return 0;
}
CUresult CUDAAPI cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                unsigned shared, CUstream s, void **arguments, void **extra) {
  char text[1024] = "";
  size_t at = 0;
  for (size_t i = 0; expected[i]; i++) switch (expected[i]) {
    case 'P': case 'L': at += (size_t)snprintf(text + at, sizeof text - at, " %lld", *(long long *)arguments[i]); break;
    case 'I': at += (size_t)snprintf(text + at, sizeof text - at, " %d", *(int *)arguments[i]); break;
    case 'F': at += (size_t)snprintf(text + at, sizeof text - at, " %.9g", (double)*(float *)arguments[i]); break;
    case 'D': at += (size_t)snprintf(text + at, sizeof text - at, " %.17g", *(double *)arguments[i]); break;
  }
  BEGIN(cuLaunchKernel, "%ld %u %u %u %u %u %u %u %ld %ld;%s", (long)(intptr_t)f, gx, gy, gz, bx, by, bz, shared,
        (long)(intptr_t)s, (long)(intptr_t)extra, text);
#ifdef EMULATED
  unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz};
  return (CUresult)emulate((const char *)f, grid, block, shared, arguments);
#endif
  return 0;
}
CUresult CUDAAPI cuStreamCreate(CUstream *s, unsigned f) { BEGIN(cuStreamCreate, "%u", f); *s = (CUstream)(intptr_t)3001; return 0; }
CUresult CUDAAPI cuStreamDestroy(CUstream s) { BEGIN(cuStreamDestroy_v2, "%ld", (long)(intptr_t)s); return 0; }
CUresult CUDAAPI cuStreamSynchronize(CUstream s) { BEGIN(cuStreamSynchronize, "%ld", (long)(intptr_t)s); return 0; }
CUresult CUDAAPI cuStreamQuery(CUstream s) { BEGIN(cuStreamQuery, "%ld", (long)(intptr_t)s); return pending-- > 0 ? 600 : 0; }
CUresult CUDAAPI cuStreamWaitEvent(CUstream s, CUevent e, unsigned f) { BEGIN(cuStreamWaitEvent, "%ld %ld %u", (long)(intptr_t)s, (long)(intptr_t)e, f); return 0; }
CUresult CUDAAPI cuEventCreate(CUevent *e, unsigned f) { static int next; BEGIN(cuEventCreate, "%u", f); *e = (CUevent)(intptr_t)(5000 + ++next % 100); return 0; }
CUresult CUDAAPI cuEventDestroy(CUevent e) { BEGIN(cuEventDestroy_v2, "%d", e != 0); return 0; }
CUresult CUDAAPI cuEventRecord(CUevent e, CUstream s) { BEGIN(cuEventRecord, "%d %ld", e != 0, (long)(intptr_t)s); return 0; }
CUresult CUDAAPI cuEventQuery(CUevent e) { BEGIN(cuEventQuery, "%d", e != 0); return pending-- > 0 ? 600 : 0; }
CUresult CUDAAPI cuEventSynchronize(CUevent e) { BEGIN(cuEventSynchronize, "%d", e != 0); return 0; }
CUresult CUDAAPI cuEventElapsedTime(float *ms, CUevent a, CUevent b) { BEGIN(cuEventElapsedTime, "%d", a != b); *ms = 1500.0f; return 0; }
CUresult CUDAAPI cuMemGetInfo(size_t *f, size_t *t) { BEGIN(cuMemGetInfo_v2, ""); *f = 5; *t = 9; return 0; }
CUresult CUDAAPI cuMemAlloc(CUdeviceptr *p, size_t n) { BEGIN(cuMemAlloc_v2, "%zu", n); if (n > 1ull << 40) return 2; *p = (CUdeviceptr)(uintptr_t)malloc(n ? n : 1); return 0; }
CUresult CUDAAPI cuMemAllocManaged(CUdeviceptr *p, size_t n, unsigned f) { BEGIN(cuMemAllocManaged, "%zu %u", n, f); *p = (CUdeviceptr)(uintptr_t)aligned_alloc(64, (n + 63) / 64 * 64); return 0; }
CUresult CUDAAPI cuMemFree(CUdeviceptr p) { BEGIN(cuMemFree_v2, "%d", p != 0); free((void *)(uintptr_t)p); return 0; }
CUresult CUDAAPI cuMemHostAlloc(void **p, size_t n, unsigned f) { BEGIN(cuMemHostAlloc, "%zu %u", n, f); *p = malloc(n); return 0; }
CUresult CUDAAPI cuMemFreeHost(void *p) { BEGIN(cuMemFreeHost, "%d", p != 0); free(p); return 0; }
CUresult CUDAAPI cuMemHostRegister(void *p, size_t n, unsigned f) { BEGIN(cuMemHostRegister, "%d %zu %u", p != 0, n, f); return 0; }
CUresult CUDAAPI cuMemHostUnregister(void *p) { BEGIN(cuMemHostUnregister, "%d", p != 0); return 0; }
CUresult CUDAAPI cuMemHostGetDevicePointer(CUdeviceptr *d, void *p, unsigned f) { BEGIN(cuMemHostGetDevicePointer_v2, "%u", f); *d = (CUdeviceptr)(uintptr_t)p + 1; return 0; }
CUresult CUDAAPI cuMemcpyHtoD(CUdeviceptr d, const void *h, size_t n) { BEGIN(cuMemcpyHtoD_v2, "%zu", n); memcpy((void *)(uintptr_t)d, h, n); return 0; }
CUresult CUDAAPI cuMemcpyDtoH(void *h, CUdeviceptr d, size_t n) { BEGIN(cuMemcpyDtoH_v2, "%zu", n); memcpy(h, (void *)(uintptr_t)d, n); return 0; }
CUresult CUDAAPI cuMemcpyHtoDAsync(CUdeviceptr d, const void *h, size_t n, CUstream s) { BEGIN(cuMemcpyHtoDAsync_v2, "%zu %ld", n, (long)(intptr_t)s); memcpy((void *)(uintptr_t)d, h, n); return 0; }
CUresult CUDAAPI cuMemcpyDtoHAsync(void *h, CUdeviceptr d, size_t n, CUstream s) { BEGIN(cuMemcpyDtoHAsync_v2, "%zu %ld", n, (long)(intptr_t)s); memcpy(h, (void *)(uintptr_t)d, n); return 0; }
CUresult CUDAAPI cuMemcpyDtoDAsync(CUdeviceptr d, CUdeviceptr f, size_t n, CUstream s) { BEGIN(cuMemcpyDtoDAsync_v2, "%zu %ld", n, (long)(intptr_t)s); memcpy((void *)(uintptr_t)d, (void *)(uintptr_t)f, n); return 0; }
CUresult CUDAAPI cuMemcpyPeerAsync(CUdeviceptr d, CUcontext dc, CUdeviceptr f, CUcontext fc, size_t n, CUstream s) {
  BEGIN(cuMemcpyPeerAsync, "%ld %ld %zu %ld", (long)(intptr_t)dc, (long)(intptr_t)fc, n, (long)(intptr_t)s);
  memcpy((void *)(uintptr_t)d, (void *)(uintptr_t)f, n);
  return 0;
}
CUresult CUDAAPI cuMemsetD8Async(CUdeviceptr d, unsigned char v, size_t n, CUstream s) { BEGIN(cuMemsetD8Async, "%u %zu %ld", v, n, (long)(intptr_t)s); memset((void *)(uintptr_t)d, v, n); return 0; }
CUresult CUDAAPI cuMemsetD32Async(CUdeviceptr d, unsigned v, size_t n, CUstream s) {
  BEGIN(cuMemsetD32Async, "%u %zu %ld", v, n, (long)(intptr_t)s);
  for (size_t i = 0; i < n; i++) ((unsigned *)(uintptr_t)d)[i] = v;
  return 0;
}
#ifndef OLD
CUresult CUDAAPI cuMemAllocAsync(CUdeviceptr *p, size_t n, CUstream s) { BEGIN(cuMemAllocAsync, "%zu %ld", n, (long)(intptr_t)s); *p = (CUdeviceptr)(uintptr_t)malloc(n); return 0; }
CUresult CUDAAPI cuMemAllocFromPoolAsync(CUdeviceptr *p, size_t n, CUmemoryPool m, CUstream s) {
  BEGIN(cuMemAllocFromPoolAsync, "%zu %ld %ld", n, (long)(intptr_t)m, (long)(intptr_t)s);
  *p = (CUdeviceptr)(uintptr_t)malloc(n);
  return 0;
}
CUresult CUDAAPI cuMemFreeAsync(CUdeviceptr p, CUstream s) { BEGIN(cuMemFreeAsync, "%d %ld", p != 0, (long)(intptr_t)s); free((void *)(uintptr_t)p); return 0; }
CUresult CUDAAPI cuMemPoolCreate(CUmemoryPool *m, const CUmemPoolProps *p) {
  BEGIN(cuMemPoolCreate, "%d %d %d %d", (int)p->allocType, (int)p->handleTypes, (int)p->location.type, (int)p->location.id);
  *m = (CUmemoryPool)(intptr_t)6002;
  return 0;
}
CUresult CUDAAPI cuMemPoolDestroy(CUmemoryPool m) { BEGIN(cuMemPoolDestroy, "%ld", (long)(intptr_t)m); return 0; }
CUresult CUDAAPI cuMemPoolTrimTo(CUmemoryPool m, size_t n) { BEGIN(cuMemPoolTrimTo, "%ld %zu", (long)(intptr_t)m, n); return 0; }
CUresult CUDAAPI cuMemPoolSetAttribute(CUmemoryPool m, CUmemPool_attribute a, void *v) { BEGIN(cuMemPoolSetAttribute, "%ld %d %lld", (long)(intptr_t)m, (int)a, *(long long *)v); return 0; }
CUresult CUDAAPI cuMemPoolGetAttribute(CUmemoryPool m, CUmemPool_attribute a, void *v) { BEGIN(cuMemPoolGetAttribute, "%ld %d", (long)(intptr_t)m, (int)a); *(long long *)v = 100 + (int)a; return 0; }
CUresult CUDAAPI cuDeviceGetDefaultMemPool(CUmemoryPool *m, CUdevice d) { BEGIN(cuDeviceGetDefaultMemPool, "%d", d); *m = (CUmemoryPool)(intptr_t)6001; return 0; }
#endif
