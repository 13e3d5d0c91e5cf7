package dev.nacelle.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.kernels.AttentionMask;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.train.ComputeKernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * How fast this machine multiplies, attends and copies, with so many threads, in the shapes and
 * forms of weights that a step has.
 *
 * @param products flop/s by {@code format direction size}: {@code q4_1 forward 576}, the width and
 *     height of a square weight
 * @param attention flop/s of causal attention, forward and backward together
 * @param copy bytes read plus written a second by a copy that no cache holds
 */
public record MachineSpeed(Map<String, Double> products, double attention, double copy)
    implements Speed {
  private static final int ROWS = 256;
  private static final int[] SIZES = {576, 2048};
  private static final int ATTENDED = 512;
  private static final int HEADS = 8;
  private static final int HEAD = 64;
  private static final double LEAST_SECONDS = 0.06;

  /** On a slow machine one run is long enough to be usual. */
  private static final double ENOUGH_SECONDS = 1;

  private static final long COPIED = 32L << 20;

  /** Forms of weights that are measured; others are taken as the nearest of them. */
  private static final List<String> FORMS =
      List.of("fp32", "bf16", "q4_0", "q4_1", "q8_0", "q4_k", "q6_k");

  public MachineSpeed {
    products = Map.copyOf(products);
  }

  /** Measures, for a second or two. */
  static MachineSpeed measure(int threads) {
    Map<String, Double> products = new TreeMap<>();
    try (KernelSet kernels = ComputeKernels.open(threads)) {
      for (String form : FORMS) {
        for (int size : SIZES) {
          if (size % 256 == 0 || !form.endsWith("_k")) {
            product(kernels, form, size, products);
          }
        }
      }
      return new MachineSpeed(products, attention(kernels), copy(kernels));
    }
  }

  private static void product(KernelSet kernels, String form, int n, Map<String, Double> products) {
    try (NativeBuffer x = filled(4L * ROWS * n);
        NativeBuffer y = filled(4L * ROWS * n);
        NativeBuffer w = filled(4L * n * n)) {
      Operand left = Operand.of(x, DType.FP32, ROWS, n);
      Operand out = Operand.of(y, DType.FP32, ROWS, n);
      Matrix weight = weight(form, w, n);
      double flops = 2.0 * ROWS * n * n;
      var both = kernels.weightProducts();
      products.put(form + " forward " + n, flops / usual(() -> both.forward(out, left, weight)));
      products.put(
          form + " backward " + n, flops / usual(() -> both.backward(out, left, weight, 0)));
    }
  }

  private static Matrix weight(String form, NativeBuffer w, int n) {
    if (form.equals("fp32") || form.equals("bf16")) {
      return Operand.of(w, form.equals("fp32") ? DType.FP32 : DType.BF16, n, n);
    }
    BlockFormat format = BlockFormat.valueOf(form.toUpperCase(Locale.ROOT));
    return BlockMatrix.of(Operand.of(w, DType.U8, n, format.rowBytes(n)), format);
  }

  private static double attention(KernelSet kernels) {
    long bytes = 4L * ATTENDED * HEADS * HEAD;
    try (NativeBuffer q = filled(bytes);
        NativeBuffer out = filled(bytes);
        NativeBuffer grad = filled(bytes);
        NativeBuffer gradK = filled(bytes);
        NativeBuffer gradV = filled(bytes);
        NativeBuffer sums = filled(4L * ATTENDED * HEADS)) {
      AttentionMask mask = AttentionMask.causal(0, ATTENDED);
      Operand in = heads(q);
      Operand lse = Operand.of(sums, DType.FP32, HEADS, ATTENDED);
      float scale = 0.125f;
      var attention = kernels.attention();
      double seconds =
          usual(
              () -> {
                attention.forward(heads(out), lse, in, in, in, mask, scale, 0);
                attention.backward(
                    heads(grad),
                    heads(gradK),
                    heads(gradV),
                    in,
                    heads(out),
                    lse,
                    in,
                    in,
                    in,
                    mask,
                    scale,
                    0);
              });
      // As NeededWork counts it: 7 a square of length, head and its width.
      return 7.0 * HEADS * HEAD * ATTENDED * ATTENDED / seconds;
    }
  }

  private static Operand heads(NativeBuffer buffer) {
    return Operand.of(buffer, DType.FP32, ATTENDED, HEADS, HEAD);
  }

  private static double copy(KernelSet kernels) {
    try (NativeBuffer from = filled(COPIED);
        NativeBuffer to = filled(COPIED)) {
      Operand a = Operand.of(from, DType.FP32, COPIED / 4);
      Operand b = Operand.of(to, DType.FP32, COPIED / 4);
      return 2.0 * COPIED / usual(() -> kernels.elementwise().convert(b, a));
    }
  }

  private static NativeBuffer filled(long bytes) {
    NativeBuffer buffer = NativeBuffer.allocate(bytes);
    buffer.zero();
    return buffer;
  }

  /** The median of some runs, after one that does not count: a step is made of usual ones. */
  private static double usual(Runnable work) {
    work.run();
    List<Double> all = new ArrayList<>();
    double sum = 0;
    while ((all.size() < 3 && sum < ENOUGH_SECONDS) || (sum < LEAST_SECONDS && all.size() < 50)) {
      long begin = System.nanoTime();
      work.run();
      double seconds = (System.nanoTime() - begin) * 1e-9;
      all.add(seconds);
      sum += seconds;
    }
    all.sort(null);
    return all.get(all.size() / 2);
  }

  @Override
  public double product(String form, boolean forward, long rows, long columns) {
    String measured = nearest(form.toLowerCase(Locale.ROOT));
    String direction = forward ? " forward " : " backward ";
    double size = Math.sqrt((double) rows * columns);
    double low = products.getOrDefault(measured + direction + SIZES[0], 0.0);
    double high = products.getOrDefault(measured + direction + SIZES[1], 0.0);
    if (low == 0) {
      return high;
    }
    double share = Math.log(size / SIZES[0]) / Math.log((double) SIZES[1] / SIZES[0]);
    return low + (high - low) * Math.clamp(share, 0, 1);
  }

  private static String nearest(String form) {
    if (FORMS.contains(form)) {
      return form;
    }
    return switch (form) {
      case "fp16" -> "bf16";
      case "q5_0", "q5_1" -> "q4_1";
      case "q5_k" -> "q6_k";
      default -> "fp32";
    };
  }

  ObjectNode json() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ObjectNode list = root.putObject("products");
    new TreeMap<>(products).forEach(list::put);
    return root.put("attention", attention).put("copy", copy);
  }

  static MachineSpeed of(JsonNode json) {
    Map<String, Double> products = new TreeMap<>();
    json.path("products")
        .properties()
        .forEach(p -> products.put(p.getKey(), p.getValue().asDouble()));
    return new MachineSpeed(
        products, json.path("attention").asDouble(), json.path("copy").asDouble());
  }
}
