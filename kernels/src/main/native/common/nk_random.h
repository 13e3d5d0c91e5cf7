/*
 * Counter-based random bits, for C and CUDA: an element's draw depends on a seed and the element's
 * number alone, so nothing is stored and no order matters. Element c: two keys from mix64(seed, high
 * half of c), then two rounds of mix32 over the low half. Where 16 bits do, a pair of elements shares
 * one hash (nk_draw_pair), at a quarter of the cost.
 */
#ifndef NK_RANDOM_H
#define NK_RANDOM_H

#include "nk_math.h"

/* A bijective mixer of 32 bits (the finaliser of MurmurHash3, by Austin Appleby). */
NK_MATH unsigned int nk_mix32(unsigned int h) {
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  return h ^ (h >> 16);
}

/* A mixer of 64 bits (SplitMix64's, by Sebastiano Vigna). */
NK_MATH unsigned long long nk_mix64(unsigned long long z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* The keys of all elements whose numbers share their high half with c. */
NK_MATH unsigned long long nk_draw_key(unsigned long long seed, unsigned long long c) {
  return nk_mix64(seed ^ nk_mix64(c >> 32));
}

NK_MATH unsigned int nk_draw(unsigned long long key, unsigned int low) {
  return nk_mix32(nk_mix32(low ^ (unsigned int)key) + (unsigned int)(key >> 32));
}

/*
 * 16 bits for each of the elements 2·p and 2·p + 1, the first one's lowest: mix32 of the low half of p,
 * the second key between its products, so that two seeds never differ by an exchange of places.
 */
NK_MATH unsigned int nk_draw_pair(unsigned long long key, unsigned int low) {
  unsigned int h = low ^ (unsigned int)key;
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h += (unsigned int)(key >> 32);
  h *= 0xc2b2ae35u;
  return h ^ (h >> 16);
}

#if !defined(__CUDACC__) && !defined(NK_EMULATION)
/*
 * Runs of draws. Their counters have 32 bits: GCC narrows counters of 64 by shuffles, which is a third of
 * a hash. So short a run crosses one border between keys at most.
 */

/* How many of `count` numbers from `first` on share its keys. */
NK_INLINE int32_t nk_of_one_key(uint64_t first, int32_t count) {
  return (int32_t)nk_min((int64_t)(0x100000000u - (first & 0xffffffffu)), count);
}

/* The words of `count` pairs from pair `first` on. */
NK_INLINE void nk_pair_run(uint32_t *words, int64_t seed, uint64_t first, int32_t count) {
  uint32_t base = (uint32_t)first;
  int32_t end = nk_of_one_key(first, count);
  for (int32_t begin = 0; begin < count; begin = end, end = count) {
    uint64_t key = nk_draw_key((uint64_t)seed, first + (uint64_t)begin);
#pragma omp simd
    for (int32_t i = begin; i < end; i++) words[i] = nk_draw_pair(key, base + (uint32_t)i);
  }
}

/* The draws of `count` elements from `first` on. */
NK_INLINE void nk_draw_run(uint32_t *draw, int64_t seed, uint64_t first, int32_t count) {
  uint32_t base = (uint32_t)first;
  int32_t end = nk_of_one_key(first, count);
  for (int32_t begin = 0; begin < count; begin = end, end = count) {
    uint64_t key = nk_draw_key((uint64_t)seed, first + (uint64_t)begin);
#pragma omp simd
    for (int32_t i = begin; i < end; i++) draw[i] = nk_draw(key, base + (uint32_t)i);
  }
}
#endif

#endif
