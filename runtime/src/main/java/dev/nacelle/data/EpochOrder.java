package dev.nacelle.data;

/**
 * A permutation of 0…n−1 that is computed place by place and never held: a Feistel network over the
 * next power of four, walked until it lands below n. It depends on n, the seed and the epoch alone.
 */
public final class EpochOrder {
  /** Below this many bits a half is so small that few of the permutations would be reached. */
  private static final int SMALLEST_HALF_BITS = 4;

  private static final int ROUNDS = 8;

  private final long n;
  private final boolean shuffled;
  private final int halfBits;
  private final long halfMask;
  private final long[] keys = new long[ROUNDS];

  private EpochOrder(long n, boolean shuffled, long seed, long epoch) {
    if (n < 0 || n > 1L << 60) {
      throw new IllegalArgumentException("an order of " + n + " places");
    }
    this.n = n;
    this.shuffled = shuffled;
    int bits = Long.SIZE - Long.numberOfLeadingZeros(Math.max(1, n - 1));
    halfBits = Math.max(SMALLEST_HALF_BITS, (bits + 1) / 2);
    halfMask = (1L << halfBits) - 1;
    long state = mix(mix(seed) + epoch);
    for (int r = 0; r < ROUNDS; r++) {
      state += 0x9E3779B97F4A7C15L;
      keys[r] = mix(state);
    }
  }

  /** The order of one epoch, drawn from the seed. */
  public static EpochOrder shuffled(long n, long seed, long epoch) {
    return new EpochOrder(n, true, seed, epoch);
  }

  /** 0, 1, 2, … */
  public static EpochOrder file(long n) {
    return new EpochOrder(n, false, 0, 0);
  }

  public long size() {
    return n;
  }

  /** What stands at a place, both in 0…n−1. */
  public long at(long place) {
    if (place < 0 || place >= n) {
      throw new IndexOutOfBoundsException("place " + place + " of " + n);
    }
    if (!shuffled) {
      return place;
    }
    long x = place;
    do {
      x = permute(x);
    } while (x >= n);
    return x;
  }

  private long permute(long x) {
    long left = x >>> halfBits;
    long right = x & halfMask;
    for (long key : keys) {
      long next = left ^ (mix(right + key) & halfMask);
      left = right;
      right = next;
    }
    return left << halfBits | right;
  }

  /** The finaliser of SplitMix64: each bit of the argument moves each bit of the result. */
  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
