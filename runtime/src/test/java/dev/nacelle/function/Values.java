package dev.nacelle.function;

import dev.nacelle.nativeaccess.DType;
import java.util.SplittableRandom;

/** Numbers in a shape, rounded to the storage type that will hold them. */
@SuppressWarnings("ArrayRecordComponent") // never compared; differences write into it on purpose
record Values(float[] data, long... shape) {
  /** Uniform in ±1, with a kept distance from 0 so that relative steps make sense. */
  static Values random(SplittableRandom random, DType storage, long... shape) {
    long n = 1;
    for (long size : shape) {
      n *= size;
    }
    float[] data = new float[Math.toIntExact(n)];
    for (int i = 0; i < data.length; i++) {
      float x = (float) random.nextDouble(0.05, 1);
      data[i] = round(storage, random.nextBoolean() ? x : -x);
    }
    return new Values(data, shape);
  }

  static float round(DType storage, float x) {
    return storage == DType.BF16
        ? Float.intBitsToFloat(Float.floatToRawIntBits(x) & 0xffff0000)
        : x;
  }

  double[] doubles() {
    double[] wide = new double[data.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = data[i];
    }
    return wide;
  }
}
