package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.operator.Attributes;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The numbers of a case in one storage type, rounded to it: what every backend is given. */
final class CaseValues {
  /** One tensor's numbers in row-major order. */
  static final class Values {
    final DType dtype;
    final long[] shape;
    final double[] numbers;

    Values(DType dtype, long[] shape, double[] numbers) {
      this.dtype = dtype;
      this.shape = shape;
      this.numbers = numbers;
    }
  }

  final Map<String, Values> tensors = new LinkedHashMap<>();
  private final MatrixCase point;
  private final DType storage;
  private final SplittableRandom random;

  CaseValues(MatrixCase point, Operator operator, DType storage, long seed) {
    this(point, operator, storage, seed, true);
  }

  /**
   * @param settle whether neurons are kept from their thresholds, where a rounding would decide
   */
  CaseValues(MatrixCase point, Operator operator, DType storage, long seed, boolean settle) {
    this.point = point;
    this.storage = storage;
    this.random =
        new SplittableRandom(seed ^ point.toString().hashCode() ^ storage.label().hashCode());
    for (TensorSpec spec : operator.spec().inputs()) {
      long[] shape = point.shapes().get(spec.name());
      if (shape != null) {
        tensors.put(spec.name(), input(spec, shape));
      }
    }
    if (settle && SpikingCases.isNeuron(point.operator())) {
      Attributes with =
          Attributes.of(point.operator(), operator.spec().attributes(), point.attributes());
      Settling.settle(this, point.operator(), with, storage);
    }
    Values targets = tensors.get("targets");
    Values hidden = tensors.get("hidden");
    if (targets != null && hidden != null) {
      poison(targets, hidden);
    }
  }

  private Values input(TensorSpec spec, long[] shape) {
    boolean whole = spec.kind() == TensorSpec.Kind.INTEGER;
    DType dtype =
        switch (spec.kind()) {
          case STORAGE -> storage;
          case PARAMETER -> random.nextBoolean() ? storage : DType.FP32;
          case FLOAT -> DType.FP32;
          case INTEGER -> random.nextBoolean() ? DType.I32 : DType.I64;
          case BYTES -> DType.U8;
          case STATE -> random.nextBoolean() ? storage : DType.FP32;
          case BITS -> DType.I32;
        };
    if (spec.kind() == TensorSpec.Kind.BYTES) {
      return new Values(dtype, shape, BlockBytes.of(point, count(shape), random));
    }
    double[] numbers = new double[count(shape)];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] =
          spec.kind() == TensorSpec.Kind.BITS
              ? word(i, shape)
              : whole ? random.nextLong(point.bound()) : number(dtype, isPositive(spec.name()));
    }
    if (spec.name().equals("segments") && point.bound() != AttentionMatrix.SCATTERED) {
      int tokens = (int) shape[1];
      for (int at = 0; at < numbers.length; at += tokens) {
        java.util.Arrays.sort(numbers, at, at + tokens);
      }
    }
    return new Values(dtype, shape, numbers);
  }

  private static boolean isPositive(String tensor) {
    return tensor.equals("exp_avg_sq") || tensor.endsWith("_scales");
  }

  /** 32 spikes, a quarter of them set; bits behind the last spike are 0. */
  private double word(int index, long[] shape) {
    int each = (int) shape[shape.length - 1];
    long left = point.spikes() - 32L * (index % each);
    int used = left >= 32 ? -1 : (1 << Math.max(0, left)) - 1;
    long coins = random.nextLong();
    return (int) coins & (int) (coins >>> 32) & used;
  }

  private double number(DType dtype, boolean positive) {
    return Elements.rounded(dtype, point.fill().value(random, dtype, positive));
  }

  /** A third of the rows is ignored, and holds what must never be read. */
  private void poison(Values targets, Values hidden) {
    int columns = (int) hidden.shape[1];
    for (int row = 0; row < targets.numbers.length; row++) {
      if (random.nextInt(3) == 0) {
        targets.numbers[row] = CrossEntropy.IGNORED;
        for (int c = 0; c < columns; c++) {
          hidden.numbers[row * columns + c] = c % 2 == 0 ? Double.NaN : Double.NEGATIVE_INFINITY;
        }
      }
    }
  }

  /** Adds the gradient of an output; expanded ones repeat their first row. */
  void addGradient(String output, boolean isFloat, long[] shape) {
    DType dtype = isFloat ? DType.FP32 : storage;
    double[] numbers = new double[count(shape)];
    int row = shape.length == 0 ? 1 : (int) (numbers.length / Math.max(1, shape[0]));
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = point.expanded() && i >= row ? numbers[i - row] : number(dtype, false);
    }
    tensors.put("grad_" + output, new Values(dtype, shape, numbers));
  }

  /** An attribute as it was given, or null. */
  @Nullable String attribute(String name) {
    return point.attributes().get(name);
  }

  /** Spikes in a row of bits. */
  long spikes() {
    return point.spikes();
  }

  static int count(long[] shape) {
    long n = 1;
    for (long size : shape) {
      n *= size;
    }
    return Math.toIntExact(n);
  }
}
