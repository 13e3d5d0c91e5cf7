package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.operator.Attributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * Points and oracles of what is rounded stochastically: activations in few bits, moments in eight.
 * The closed forms stand here once more, with {@link AdapterMatrix}'s bits.
 */
final class CodedMatrix {
  private static final int SCALED = 256;
  private static final double TOP = 1.875;

  private CodedMatrix() {}

  static List<MatrixCase> quantize() {
    List<MatrixCase> cases = new ArrayList<>();
    long[][] shapes = {{0}, {1}, {64}, {3, 0}, {2, 3, 70}, {2, 700}, {70, 33}, {3, 65}};
    for (long[] shape : shapes) {
      for (String bits : List.of("8", "4", "2")) {
        MatrixCase one =
            MatrixCase.of("quantize_activation", Set.of(), 1).input("x", shape).with("bits", bits);
        cases.add(one.with("block", "300").with("seed", "12345678901"));
        cases.add(one.with("block", "4"));
        cases.add(one.with("seed", "3"));
      }
    }
    // A block of more than one run looks for what is no number in a loop of its own.
    for (String bits : List.of("8", "4", "2")) {
      MatrixCase one =
          MatrixCase.of("quantize_activation", Set.of(), 1)
              .input("x", 2, 700)
              .with("bits", bits)
              .with("block", "300");
      cases.addFirst(one.filled(Fill.NAN));
      cases.addFirst(one.filled(Fill.INFINITE));
    }
    return cases;
  }

  static List<MatrixCase> dequantize() {
    List<MatrixCase> cases = new ArrayList<>();
    for (long columns : new long[] {0, 1, 63, 64, 300, 33}) {
      for (int bits : new int[] {8, 4, 2}) {
        for (long block : new long[] {300, 12, 64}) {
          long blocks = (columns + block - 1) / block;
          cases.add(
              MatrixCase.of("dequantize_activation", Set.of(), 1)
                  .input("codes", 3, 2, blocks * block * bits / 8)
                  .input("scales", 3, 2, blocks)
                  .with("n", "" + columns)
                  .with("bits", "" + bits)
                  .with("block", "" + block));
        }
      }
    }
    return cases;
  }

  /** AdamW with moments in eight bits. */
  static List<MatrixCase> eightBit() {
    List<MatrixCase> cases = new ArrayList<>();
    for (long[] shape : new long[][] {{0}, {1}, {7, 3}, {256}, {257}, {8193}}) {
      int scales = (CaseValues.count(shape) + SCALED - 1) / SCALED;
      MatrixCase one =
          MatrixCase.of("adamw", Set.of(), 1)
              .input("parameter", shape)
              .input("gradient", shape)
              .input("exp_avg_codes", shape)
              .input("exp_avg_scales", scales)
              .input("exp_avg_sq_codes", shape)
              .input("exp_avg_sq_scales", scales)
              .with("moments", "8bit");
      cases.add(one.with("step", "7"));
      cases.add(one.filled(Fill.ZEROS));
      cases.add(one.with("beta1", "0.3").with("beta2", "0.5").with("lr", "0.1").with("eps", "0.1"));
    }
    return cases;
  }

  static Map<String, Tensor> quantized(Map<String, Tensor> in, Attributes with) {
    Tensor tensor = Objects.requireNonNull(in.get("x"));
    double[] x = Torch.values(tensor);
    int bits = (int) with.integer("bits");
    int block = (int) with.integer("block");
    int columns = (int) tensor.size(-1);
    int rows = columns == 0 ? 0 : x.length / columns;
    int blocks = (columns + block - 1) / block;
    int steps = (1 << (bits - 1)) - 1;
    double[] scales = new double[rows * blocks];
    double[] codes = new double[rows * blocks * block * bits / 8];
    for (int b = 0; b < scales.length; b++) {
      int begin = b / blocks * columns + b % blocks * block;
      int n = Math.min(block, columns - b % blocks * block);
      float largest = 0;
      for (int i = 0; i < n; i++) {
        float size = Math.abs((float) x[begin + i]);
        largest = Float.isFinite(size) ? Math.max(largest, size) : Float.NaN;
      }
      scales[b] = largest / steps;
      for (int i = 0; i < block; i++) {
        int step = 0;
        if (i < n && scales[b] > 0) {
          float u = (AdapterMatrix.drawOfPair(with.integer("seed"), begin + i) | 1) / 65536f;
          float scale = (float) scales[b];
          boolean ordinary = scale >= 0x1p-125f && scale <= 0x1p125f;
          float t = ordinary ? (float) x[begin + i] * (1 / scale) : (float) x[begin + i] / scale;
          step = (int) Math.max(-steps, Math.min(steps, Math.rint(t + u)));
        }
        int bit = (b * block + i) * bits;
        codes[bit / 8] += (step + steps + 1) << (bit % 8);
      }
    }
    long[] shape = shape(tensor);
    shape[shape.length - 1] = (long) blocks * block * bits / 8;
    Tensor coded = Torch.of(codes, shape);
    shape[shape.length - 1] = blocks;
    return Map.of("codes", coded, "scales", Torch.of(scales, shape));
  }

  static Map<String, Tensor> dequantized(Map<String, Tensor> in, Attributes with) {
    Tensor tensor = Objects.requireNonNull(in.get("codes"));
    double[] codes = Torch.values(tensor);
    double[] scales = Torch.values(Objects.requireNonNull(in.get("scales")));
    int bits = (int) with.integer("bits");
    int block = (int) with.integer("block");
    int columns = (int) with.integer("n");
    int blocks = (columns + block - 1) / block;
    long[] shape = shape(tensor);
    shape[shape.length - 1] = columns;
    double[] y = new double[CaseValues.count(shape)];
    for (int i = 0; i < y.length; i++) {
      int b = i / columns * blocks + i % columns / block;
      int bit = (b * block + i % columns % block) * bits;
      int code = (int) codes[bit / 8] >> (bit % 8) & ((1 << bits) - 1);
      y[i] = (code - (1 << (bits - 1))) * scales[b];
    }
    return Map.of("y", Torch.of(y, shape));
  }

  private static long[] shape(Tensor x) {
    long[] shape = new long[(int) x.dim()];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = x.size(d);
    }
    return shape;
  }

  /** The moments as numbers, for the oracle of the plain step. */
  static Map<String, Tensor> widened(Map<String, Tensor> in) {
    Map<String, Tensor> wide = new HashMap<>(in);
    wide.put("exp_avg", moment(in, "exp_avg", true));
    wide.put("exp_avg_sq", moment(in, "exp_avg_sq", false));
    return wide;
  }

  private static Tensor moment(Map<String, Tensor> in, String name, boolean signed) {
    Tensor tensor = Objects.requireNonNull(in.get(name + "_codes"));
    double[] values = Torch.values(tensor);
    double[] scales = Torch.values(Objects.requireNonNull(in.get(name + "_scales")));
    for (int i = 0; i < values.length; i++) {
      int k = (int) values[i] - (signed ? 128 : 0);
      values[i] = Math.signum(k) * level(Math.abs(k), signed ? 15 : 31) * scales[i / SCALED];
    }
    return Torch.of(values, shape(tensor));
  }

  private static double level(int k, int bias) {
    return k < 8
        ? k * Math.pow(2, -bias - 2)
        : (1 + k % 8 / 8.0) * Math.pow(2, Math.floorDiv(k, 8) - bias);
  }

  /** What the plain step gave, its moments as codes. */
  static Map<String, Tensor> coded(Map<String, Tensor> out, Attributes with) {
    Map<String, Tensor> coded = new HashMap<>();
    coded.put("parameter", Objects.requireNonNull(out.get("parameter")));
    long seed = 2 * with.integer("step");
    code(coded, "exp_avg", Objects.requireNonNull(out.get("exp_avg")), true, seed);
    code(coded, "exp_avg_sq", Objects.requireNonNull(out.get("exp_avg_sq")), false, seed + 1);
    return coded;
  }

  private static void code(
      Map<String, Tensor> to, String name, Tensor moment, boolean signed, long seed) {
    double[] values = Torch.values(moment);
    double[] scales = new double[(values.length + SCALED - 1) / SCALED];
    double[] codes = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      scales[i / SCALED] = Math.max(scales[i / SCALED], Math.abs(values[i]) / TOP);
    }
    int bias = signed ? 15 : 31;
    for (int i = 0; i < values.length; i++) {
      double size = scales[i / SCALED] == 0 ? 0 : Math.abs(values[i]) / scales[i / SCALED];
      double u = (int) (AdapterMatrix.draw(seed, i) >>> 12) * 0x1p-20;
      int low = 0;
      while (low < (signed ? 127 : 255) && level(low + 1, bias) <= size) {
        low++;
      }
      double gap = level(low + 1, bias) - level(low, bias);
      int k = Math.min(signed ? 127 : 255, low + (int) ((size - level(low, bias)) / gap + u));
      codes[i] = signed ? 128 + Math.signum(values[i]) * k : k;
    }
    to.put(name + "_codes", Torch.of(codes, shape(moment)));
    to.put(name + "_scales", Torch.of(scales, scales.length));
  }
}
