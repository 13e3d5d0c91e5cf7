/*
 * A parallel region whose `if` says no runs on the thread that meets it. libgomp makes a team of one
 * for that and takes it apart again, some 250 ns (Xeon, GCC 12), more than a small operator's work; here the
 * region's body is called as it stands. Outside of any team its work-sharing loops give all iterations
 * to the only thread there is, as OpenMP has it for orphaned ones.
 *
 * GCC calls GOMP_parallel for a region; the linker's --wrap=GOMP_parallel leads the calls here.
 */
#include <omp.h>

void __real_GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
void __wrap_GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);

void __wrap_GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags) {
  /* Inside another region the body would take itself for a part of that region's team. */
  if (threads == 1 && omp_get_level() == 0)
    body(data);
  else
    __real_GOMP_parallel(body, data, threads, flags);
}
