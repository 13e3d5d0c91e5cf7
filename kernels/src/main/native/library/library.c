/*
 * What Java asks before it binds anything: the ABI number, and which instruction sets this
 * processor and its operating system can run.
 */
#include "nk.h"

#include <omp.h>

/* Raised whenever an entry point changes its arguments; KernelLibrary.ABI must equal it. */
#define NK_ABI 3

NK_EXPORT int nk_abi(void) { return NK_ABI; }

/* Levels that run here, best last: bit 0 generic, 1 AVX2+FMA+F16C, 2 AVX-512 F/BW/DQ/VL, 3 NEON. */
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
