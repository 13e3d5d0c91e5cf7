package dev.nacelle.adapter;

import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;

/**
 * How a fresh adapter begins: A uniform in ±1/√in (Kaiming with a = √5, as PEFT), B zero, so that
 * the first step starts from the base model. Numbers come from a counter and the module's own seed:
 * the same whatever the other targets are.
 */
public final class AdapterInit {
  private AdapterInit() {}

  /** The seed of one module: the run's seed and the module's path. */
  public static long moduleSeed(long seed, String modulePath) {
    long h = seed ^ 0x9E3779B97F4A7C15L;
    for (int i = 0; i < modulePath.length(); i++) {
      h = mix(h ^ modulePath.charAt(i));
    }
    return h;
  }

  /** The seed of one module's dropout masks. */
  static long dropoutSeed(long seed, String modulePath) {
    return moduleSeed(seed, modulePath + "#dropout");
  }

  /** Elements of a fresh module's tensor: those of A and of a router random, all others zero. */
  static float[] values(Part part, String modulePath, long seed) {
    long[] shape = part.shape();
    return switch (part.suffix()) {
      case LoraKind.A -> uniformA(shape[0], shape[1], moduleSeed(seed, modulePath));
      case HydraKind.ROUTER ->
          uniformA(shape[0], shape[1], moduleSeed(seed, modulePath + "#router"));
      default -> new float[elements(shape)];
    };
  }

  static int elements(long[] shape) {
    long elements = 1;
    for (long size : shape) {
      elements = Math.multiplyExact(elements, size);
    }
    return Math.toIntExact(elements);
  }

  /** Elements of A (rank, in), row by row. */
  public static float[] uniformA(long rank, long in, long moduleSeed) {
    float[] values = new float[Math.toIntExact(Math.multiplyExact(rank, in))];
    double bound = 1 / Math.sqrt((double) in);
    for (int i = 0; i < values.length; i++) {
      double unit = (mix(moduleSeed + i * 0x9E3779B97F4A7C15L) >>> 11) * 0x1p-53;
      values[i] = (float) ((2 * unit - 1) * bound);
    }
    return values;
  }

  // SplitMix64's finaliser: every bit of the counter reaches every bit of the result.
  private static long mix(long z) {
    long y = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    y = (y ^ (y >>> 27)) * 0x94D049BB133111EBL;
    return y ^ (y >>> 31);
  }
}
