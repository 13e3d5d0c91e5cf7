/*
 * What Java asks before it binds anything: the ABI number, and which instruction sets this
 * processor and its operating system can run.
 */
#if defined(NK_HAS_AMX)
#define _GNU_SOURCE
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "nk.h"

#include <omp.h>

/* Raised whenever an entry point changes its arguments; KernelLibrary.ABI must equal it. */
#define NK_ABI 3

NK_EXPORT int nk_abi(void) { return NK_ABI; }

#if defined(NK_HAS_AMX)
/*
 * Whether this processor has tiles of bf16 (CPUID 7.0: EDX 22 and 24), and Linux lets this process
 * use them: their registers are saved only for who asked (arch_prctl, "dynamic features").
 */
static int nk_may_use_tiles(void) {
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  if (!(d & (1u << 22)) || !(d & (1u << 24))) return 0;
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}
#endif

/* Levels that run here: bit 0 generic, 1 AVX2+FMA+F16C, 2 AVX-512 F/BW/DQ/VL, 3 NEON, 4 AVX-512 with
 * AMX tiles of bf16. */
NK_EXPORT int nk_levels(void) {
  int levels = 1;
#if defined(__x86_64__)
  /* libgcc asks XGETBV too: a level counts only if the system saves its registers. */
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c")) {
    levels |= 2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
      levels |= 4;
#if defined(NK_HAS_AMX)
      if (nk_may_use_tiles()) levels |= 16;
#endif
    }
  }
#elif defined(__aarch64__)
  levels |= 8;
#endif
  return levels;
}

/*
 * Threads that a parallel region really gets when it asks for `wanted` (OMP_THREAD_LIMIT may say
 * otherwise). Starts the pool, so that the first step does not pay for it.
 */
NK_EXPORT int nk_start_threads(int wanted) {
  int got = 1;
#pragma omp parallel num_threads(wanted)
  {
#pragma omp master
    got = omp_get_num_threads();
  }
  return got;
}

/*
 * Runs job(i, data + i·bytes, index) for every i below `jobs`, each on a thread of its own so that
 * jobs may wait for each other. OpenBLAS hands its work over with this signature; then one pool does
 * everything, and none spins beside another.
 */
NK_EXPORT void nk_run_jobs(int sync, void (*job)(int, void *, int), int jobs, size_t bytes,
                           void *data, int index) {
  (void)sync;
#pragma omp parallel for schedule(static, 1) num_threads(jobs)
  for (int i = 0; i < jobs; i++) job(i, (char *)data + (size_t)i * bytes, index);
}
