package dev.nacelle.file;

/**
 * The numbers of torch's generator for the processor: a Mersenne twister (MT19937, Matsumoto and
 * Nishimura 1998), of whose words 24 bits make a float.
 */
final class TorchGenerator {
  private static final int SIZE = 624;
  private static final int SHIFT = 397;
  private static final int UPPER = 0x80000000;
  private static final int LOWER = 0x7fffffff;
  private static final int TWIST = 0x9908b0df;
  private static final int FLOAT_BITS = (1 << 24) - 1;

  private final int[] state = new int[SIZE];
  private int next = SIZE;

  /**
   * @param seed as of torch.manual_seed, of which the generator takes 32 bits
   */
  TorchGenerator(long seed) {
    state[0] = (int) seed;
    for (int i = 1; i < SIZE; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  private int word() {
    if (next == SIZE) {
      turn();
    }
    int y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  private void turn() {
    for (int i = 0; i < SIZE; i++) {
      int y = (state[i] & UPPER) | (state[(i + 1) % SIZE] & LOWER);
      state[i] = state[(i + SHIFT) % SIZE] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : TWIST);
    }
    next = 0;
  }

  /** Floats in ±bound, as of {@code tensor.uniform_(-bound, bound)}. */
  float[] uniform(int count, double bound) {
    float from = (float) -bound;
    float width = (float) bound - from;
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      float unit = (word() & FLOAT_BITS) * 0x1p-24f;
      values[i] = Math.fma(unit, width, from);
    }
    return values;
  }
}
