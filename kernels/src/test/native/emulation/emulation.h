/*
 * CUDA's words for a compiler of plain C++, so that .cu files run on this processor: what
 * cuda/nk_cuda.h includes instead of NVRTC's own.
 *
 * The threads of a block are fibers on one thread of the operating system, blocks run one after the
 * other (emulation.cpp). What a GPU would do silently is an error here, by name: a barrier that not
 * every thread of the block reaches, a warp whose lanes meet at different places, a vector that is
 * not aligned as one, more shared memory than every GPU has, a launch whose arguments are not the
 * kernel's. Shared memory holds no old values: it is filled with NaN before each block.
 *
 * What it does not see: races between threads that no barrier keeps apart show only where the order
 * of threads makes them, so odd launches run the threads of a block backwards; and nothing of speed.
 */
#ifndef NK_EMULATION_H
#define NK_EMULATION_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define __device__
#define __global__
#define __forceinline__ inline __attribute__((always_inline, unused))

struct dim3 {
  uint32_t x, y, z;
};

struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};

namespace emulation {

/* Where a thread waits. */
struct Site {
  const char *what, *file;
  int line;
};

/* What the running thread sees of itself. */
struct Thread {
  dim3 thread;
  int number; /* within its block */
};

struct Launch {
  dim3 grid, block, at;
};

extern Thread *now;
extern Launch launch;

[[noreturn]] void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void block_barrier(const Site &site);

/* Leaves `value` for the other lanes of the warp and waits for theirs; 32 values, good until the
 * second exchange after this one. */
const uint64_t *exchange(const Site &site, uint32_t mask, uint64_t value);

/* The block's memory of this name: the same for all its threads. */
void *shared(const void *key, const char *name, size_t bytes);
void *dynamic_shared();

template <class T>
uint64_t bits_of(T value) {
  static_assert(sizeof(T) <= 8, "a shuffle moves eight bytes at most");
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof(T));
  return bits;
}

template <class T>
T value_of(uint64_t bits) {
  T value;
  memcpy(&value, &bits, sizeof(T));
  return value;
}

template <class T>
T shuffle(const Site &site, uint32_t mask, T value, int from) {
  const uint64_t *all = exchange(site, mask, bits_of(value));
  return from >= 0 && from < 32 ? value_of<T>(all[from]) : value;
}

inline int lane() { return now->number % 32; }

inline void aligned(const void *address, size_t bytes, const char *file, int line) {
  if ((uintptr_t)address % bytes != 0)
    fail("a vector of %zu bytes at %s:%d is not aligned as one", bytes, file, line);
}

/* One letter for each parameter: P address, L int64, I int, F float, D double. */
template <class A> struct Letter;
template <class A> struct Letter<A *> { static const char letter = 'P'; };
template <> struct Letter<int64_t> { static const char letter = 'L'; };
template <> struct Letter<int> { static const char letter = 'I'; };
template <> struct Letter<float> { static const char letter = 'F'; };
template <> struct Letter<double> { static const char letter = 'D'; };

struct Kernel {
  const char *name;
  int threads;
  const char *signature;
  const void *function;
  void (*call)(const void *function, void **arguments);
  Kernel *next;
};

void add(Kernel *kernel);

template <size_t... I> struct Numbers {};
template <size_t N, size_t... I> struct Count : Count<N - 1, N - 1, I...> {};
template <size_t... I> struct Count<0, I...> { typedef Numbers<I...> All; };

template <class... A>
struct Entry {
  template <size_t... I>
  static void spread(void (*f)(A...), void **a, Numbers<I...>) {
    f(*(A *)a[I]...);
  }
  static void call(const void *f, void **a) {
    spread((void (*)(A...))f, a, typename Count<sizeof...(A)>::All());
  }
  static constexpr char letters[] = {Letter<A>::letter..., 0};
};

/* Registers itself while the library is loaded. */
struct Registered {
  Kernel kernel;
  template <class... A>
  Registered(const char *name, int threads, void (*f)(A...)) {
    kernel = {name, threads, Entry<A...>::letters, (const void *)f, Entry<A...>::call, nullptr};
    add(&kernel);
  }
};

} // namespace emulation

#define threadIdx (emulation::now->thread)
#define blockIdx (emulation::launch.at)
#define blockDim (emulation::launch.block)
#define gridDim (emulation::launch.grid)

#define NK_KERNEL(name, threads, ...)                                                              \
  extern "C" void name(__VA_ARGS__);                                                               \
  static emulation::Registered registered_##name(#name, threads, name);                            \
  extern "C" void name(__VA_ARGS__)
#define NK_SHARED(type, name, count)                                                               \
  static const char key_of_##name = 0;                                                             \
  type *name = (type *)emulation::shared(&key_of_##name, #name, sizeof(type) * (count))
#define NK_DYNAMIC_SHARED(type, name) type *name = (type *)emulation::dynamic_shared()
#define NK_UNROLL
#define NK_ROLLED
#define NK_ALIGNED(address, bytes) emulation::aligned(address, bytes, __FILE__, __LINE__)
#define NK_INFINITY INFINITY

#define NK_SITE(what) (emulation::Site{what, __FILE__, __LINE__})
#define __syncthreads() emulation::block_barrier(NK_SITE("__syncthreads"))
#define __syncwarp() ((void)emulation::exchange(NK_SITE("__syncwarp"), 0xffffffffu, 0))
#define __shfl_sync(mask, value, from)                                                             \
  emulation::shuffle(NK_SITE("__shfl_sync"), mask, value, (from) % 32)
#define __shfl_xor_sync(mask, value, bits)                                                         \
  emulation::shuffle(NK_SITE("__shfl_xor_sync"), mask, value, emulation::lane() ^ (bits))
#define __shfl_down_sync(mask, value, by)                                                          \
  emulation::shuffle(NK_SITE("__shfl_down_sync"), mask, value, emulation::lane() + (by))
#define __shfl_up_sync(mask, value, by)                                                            \
  emulation::shuffle(NK_SITE("__shfl_up_sync"), mask, value, emulation::lane() - (by))
#define __ballot_sync(mask, predicate)                                                             \
  emulation::ballot(NK_SITE("__ballot_sync"), mask, (predicate) != 0)
#define __any_sync(mask, predicate)                                                                \
  (emulation::ballot(NK_SITE("__any_sync"), mask, (predicate) != 0) != 0)
#define __all_sync(mask, predicate)                                                                \
  (emulation::ballot(NK_SITE("__all_sync"), mask, (predicate) != 0) == 0xffffffffu)

namespace emulation {
inline uint32_t ballot(const Site &site, uint32_t mask, bool predicate) {
  const uint64_t *all = exchange(site, mask, predicate);
  uint32_t votes = 0;
  for (int i = 0; i < 32; i++) votes |= (uint32_t)all[i] << i;
  return votes;
}
} // namespace emulation

/* One thread runs at a time: nothing can come between. */
template <class T>
inline T atomicAdd(T *at, T value) {
  T old = *at;
  *at = old + value;
  return old;
}
template <class T>
inline T atomicMin(T *at, T value) {
  T old = *at;
  if (value < old) *at = value;
  return old;
}
template <class T>
inline T atomicMax(T *at, T value) {
  T old = *at;
  if (value > old) *at = value;
  return old;
}
template <class T>
inline T atomicOr(T *at, T value) {
  T old = *at;
  *at = old | value;
  return old;
}
template <class T>
inline T atomicCAS(T *at, T expected, T value) {
  T old = *at;
  if (old == expected) *at = value;
  return old;
}
inline void __threadfence() {}

template <class T>
inline T __ldg(const T *at) {
  return *at;
}
inline float __uint_as_float(uint32_t bits) { return emulation::value_of<float>(bits); }
inline float __int_as_float(int32_t bits) { return emulation::value_of<float>((uint32_t)bits); }
inline uint32_t __float_as_uint(float x) { return (uint32_t)emulation::bits_of(x); }
inline int __popc(uint32_t x) { return __builtin_popcount(x); }
inline int __ffs(int32_t x) { return __builtin_ffs(x); }

/* The processor's own conversions of fp16, which round to nearest, ties to even. */
inline float nk_emulated_from_fp16(unsigned short x) {
  _Float16 half;
  memcpy(&half, &x, 2);
  return (float)half;
}
inline unsigned short nk_emulated_to_fp16(float x) {
  _Float16 half = (_Float16)x;
  unsigned short bits;
  memcpy(&bits, &half, 2);
  return bits;
}

#endif
