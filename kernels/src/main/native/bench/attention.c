/*
 * Times attention of our library: attention LIBRARY LEVEL THREADS [DTYPE]. Flops are those of the
 * lower triangle: 2·len²·H·D forward, 5·len²·H·D backward. Not part of the build.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef void (*forward_fn)(void *, float *, void *, const void *, const void *, const void *,
                           const int32_t *, const int32_t *, int64_t, int64_t, int64_t, int64_t,
                           int64_t, int64_t, int64_t, int64_t, int64_t, int, int, int, int, int,
                           float, float, int);
typedef void (*backward_fn)(void *, void *, void *, void *, const void *, const void *,
                            const float *, const void *, const void *, const void *,
                            const int32_t *, const int32_t *, int64_t, int64_t, int64_t, int64_t,
                            int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                            int64_t, int, int, int, int, int, int, int, int, int, float, float,
                            int);

static int cpu_clock;

static double now(void) {
  struct timespec t;
  clock_gettime(cpu_clock ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static float *numbers(int64_t n) {
  float *p = aligned_alloc(64, (size_t)((n * 4 + 63) / 64 * 64));
  static uint32_t s = 1;
  for (int64_t i = 0; i < n; i++) {
    s = s * 1664525u + 1013904223u;
    p[i] = (float)(s >> 8) / 8388608.0f - 1.0f;
  }
  return p;
}

static void *find(void *library, const char *name, const char *level) {
  char full[96];
  snprintf(full, sizeof full, "%s_%s", name, level);
  return dlsym(library, full);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 1;
  int threads = atoi(argv[3]);
  cpu_clock = threads == 1;
  forward_fn forward = (forward_fn)find(library, "nk_attention_forward", argv[2]);
  backward_fn backward = (backward_fn)find(library, "nk_attention_backward", argv[2]);
  int64_t (*space_f)(int64_t, int64_t, int64_t, int) =
      (int64_t(*)(int64_t, int64_t, int64_t, int))find(library, "nk_attention_forward_workspace",
                                                       argv[2]);
  int64_t (*space_b)(const int32_t *, int64_t, int64_t, int64_t, int64_t, int, int, int, int) =
      (int64_t(*)(const int32_t *, int64_t, int64_t, int64_t, int64_t, int, int, int, int))find(
          library, "nk_attention_backward_workspace", argv[2]);
  static const int64_t shapes[][5] = {
      {2, 512, 9, 3, 64}, {4, 200, 9, 3, 64}, {1, 2048, 9, 3, 64}, {1, 512, 32, 8, 128}};
  for (int s = 0; s < 4; s++) {
    int64_t count = shapes[s][0], length = shapes[s][1], h = shapes[s][2], k = shapes[s][3],
            d = shapes[s][4], rows = count * length;
    int32_t starts[8];
    for (int i = 0; i <= count; i++) starts[i] = (int32_t)(i * length);
    float *q = numbers(rows * h * d), *key = numbers(rows * k * d), *v = numbers(rows * k * d);
    float *out = numbers(rows * h * d), *lse = numbers(rows * h), *go = numbers(rows * h * d);
    float *gq = numbers(rows * h * d), *gk = numbers(rows * k * d), *gv = numbers(rows * k * d);
    void *wf = aligned_alloc(64, (size_t)space_f(h, k, d, threads));
    void *wb = aligned_alloc(64, (size_t)(space_b(starts, count, h, k, d, 0, 1, 0, threads) + 63) / 64 * 64);
    double best[2] = {1e9, 1e9}, flops = (double)count * length * length * h * d;
    float scale = 1 / sqrtf((float)d);
    for (int turn = 0; turn < 12; turn++) {
      double t0 = now();
      forward(out, lse, wf, q, key, v, starts, NULL, count, rows, h, k, d, h * d, h * d, k * d, k * d,
              0, 0, 0, 0, 1, scale, 0, threads);
      double t1 = now();
      backward(gq, gk, gv, wb, go, out, lse, q, key, v, starts, NULL, count, rows, h, k, d, h * d,
               k * d, k * d, h * d, h * d, h * d, k * d, k * d, 0, 0, 0, 0, 0, 0, 0, 0, 1, scale, 0,
               threads);
      double t2 = now();
      best[0] = fmin(best[0], t1 - t0);
      best[1] = fmin(best[1], t2 - t1);
    }
    printf("%ld x %ld rows, %ld/%ld heads of %ld: forward %6.1f GFLOP/s (%.2f ms), backward %6.1f "
           "(%.2f ms)\n",
           (long)count, (long)length, (long)h, (long)k, (long)d, 2 * flops / best[0] / 1e9,
           best[0] * 1e3, 5 * flops / best[1] / 1e9, best[1] * 1e3);
  }
  return 0;
}
