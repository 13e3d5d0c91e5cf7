/*
 * Times products of our library against another BLAS (`cblas_sgemm` of the library given), for those
 * who work on the kernels: products LIBRARY LEVEL THREADS [BLAS [DTYPE]]. Both are checked against each other.
 * On one thread it counts processor time. Not part of the build:
 *   cc -O2 -o /tmp/products products.c -ldl -lm
 *   /tmp/products kernels/target/native/libnacelle_kernels.so avx512 1 libopenblas.so.0
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void (*gemm_fn)(void *, void *, const void *, const void *, int64_t, int64_t, int64_t,
                        int64_t, int64_t, int64_t, int, int, int, int, int, float, float, int);
typedef void (*cblas_fn)(int, int, int, int, int, int, float, const float *, int, const float *,
                         int, float, float *, int);

/* On one thread processor time: others on the machine disturb it less. */
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
    p[i] = (float)(s >> 8) / 16777216.0f - 0.5f;
  }
  return p;
}

static const struct {
  int64_t m, n, k;
  int ta, tb;
  const char *what;
} shapes[] = {
    {1024, 1536, 576, 0, 1, "gate, forward"},   {1024, 576, 1536, 0, 0, "gate, input gradient"},
    {1024, 576, 1536, 0, 1, "down, forward"},   {1024, 1536, 576, 0, 0, "down, input gradient"},
    {1024, 576, 576, 0, 1, "q, forward"},       {1024, 192, 576, 0, 1, "k, forward"},
    {1024, 576, 192, 0, 0, "k, input gradient"}, {512, 8192, 576, 0, 1, "head, logits"},
    {512, 576, 8192, 0, 0, "head, input gradient"},
    {1024, 16, 576, 0, 1, "LoRA A"},            {1024, 16, 1536, 0, 1, "LoRA A wide"},
    {1024, 576, 16, 0, 1, "LoRA B"},            {1024, 1536, 16, 0, 1, "LoRA B wide"},
    {1024, 16, 576, 0, 0, "LoRA grad h"},       {1024, 576, 16, 0, 0, "LoRA grad x"},
    {576, 16, 1024, 1, 0, "LoRA grad B"},       {16, 576, 1024, 1, 0, "LoRA grad A"},
    {1, 1536, 576, 0, 1, "one row"},            {1, 49152, 576, 0, 1, "one row, head"},
    {16, 1536, 576, 0, 1, "16 rows"},           {64, 1536, 576, 0, 1, "64 rows"},
    {2048, 2048, 2048, 0, 1, "square"},
};

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  char name[64];
  void *ours = dlopen(argv[1], RTLD_NOW);
  if (!ours) return fprintf(stderr, "%s\n", dlerror()), 1;
  int threads = atoi(argv[3]);
  cpu_clock = threads == 1;
  /* The tile unit's registers are this process's only once the library asked for them. */
  ((int (*)(void))dlsym(ours, "nk_levels"))();
  snprintf(name, sizeof name, "nk_gemm_forward_%s", argv[2]);
  gemm_fn gemm = (gemm_fn)dlsym(ours, name);
  snprintf(name, sizeof name, "nk_gemm_workspace_%s", argv[2]);
  int64_t (*space)(int) = (int64_t(*)(int))dlsym(ours, name);
  cblas_fn cblas = NULL;
  if (argc > 4) {
    void *blas = dlopen(argv[4], RTLD_NOW);
    if (!blas) return fprintf(stderr, "%s\n", dlerror()), 1;
    cblas = (cblas_fn)dlsym(blas, "cblas_sgemm");
    void (*set)(int) = (void (*)(int))dlsym(blas, "openblas_set_num_threads");
    if (set) set(threads);
  }
  int type = argc > 5 ? atoi(argv[5]) : 0;
  void *workspace = aligned_alloc(64, (size_t)space(threads));
  for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
    int64_t m = shapes[s].m, n = shapes[s].n, k = shapes[s].k;
    int ta = shapes[s].ta, tb = shapes[s].tb;
    float *a = numbers(m * k), *b = numbers(k * n), *c = numbers(m * n), *d = numbers(m * n);
    uint16_t *a16 = malloc((size_t)(m * k * 2)), *b16 = malloc((size_t)(k * n * 2)), *c16 = malloc((size_t)(m * n * 2));
    if (type) {
      for (int64_t i = 0; i < m * k; i++) { uint32_t u; memcpy(&u, a + i, 4); a16[i] = (uint16_t)(u >> 16); }
      for (int64_t i = 0; i < k * n; i++) { uint32_t u; memcpy(&u, b + i, 4); b16[i] = (uint16_t)(u >> 16); }
    }
    double best[2] = {1e9, 1e9};
    double flops = 2.0 * m * n * k;
    int turns = (int)fmax(4, fmin(60, 4e9 / flops));
    for (int turn = 0; turn < turns; turn++) {
      double t = now();
      if (type)
        gemm(c16, workspace, a16, b16, m, n, k, n, ta ? m : k, tb ? k : n, type, type, type, ta, tb, 1, 0, threads);
      else
        gemm(c, workspace, a, b, m, n, k, n, ta ? m : k, tb ? k : n, 0, 0, 0, ta, tb, 1, 0, threads);
      t = now() - t;
      if (t < best[0]) best[0] = t;
    }
    if (cblas) {
      for (int turn = 0; turn < turns; turn++) {
        double t = now();
        cblas(101, ta ? 112 : 111, tb ? 112 : 111, (int)m, (int)n, (int)k, 1, a,
              (int)(ta ? m : k), b, (int)(tb ? k : n), 0, d, (int)n);
        t = now() - t;
        if (t < best[1]) best[1] = t;
      }
    }
    double worst = 0;
    if (cblas && !type)
      for (int64_t i = 0; i < m * n; i++) worst = fmax(worst, fabs((double)c[i] - d[i]));
    printf("%5ld %5ld %5ld %c%c %-20s ours %7.1f GFLOP/s  other %7.1f  ratio %5.2f  error %.1e\n",
           (long)m, (long)n, (long)k, ta ? 'T' : 'N', tb ? 'T' : 'N', shapes[s].what,
           flops / best[0] / 1e9, cblas ? flops / best[1] / 1e9 : 0.0,
           cblas ? best[1] / best[0] : 0.0, worst);
    free(a), free(b), free(c), free(d), free(a16), free(b16), free(c16);
  }
  return 0;
}
