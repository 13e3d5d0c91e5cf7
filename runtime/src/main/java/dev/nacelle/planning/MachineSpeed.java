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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * How fast this machine multiplies, attends and moves bytes, with so many threads, in the shapes
 * and forms of weights that a step has.
 *
 * @param products by {@code q4_1 forward 576}, the width and height of a square weight
 * @param attention flop/s of causal attention, forward and backward together
 * @param bytes bytes a second of what moves them
 */
public record MachineSpeed(Map<String, Product> products, double attention, ByteRates bytes)
    implements Speed {
  /** Few rows show what a weight costs however many there are, many what each further one does. */
  private static final int FEW_ROWS = 64;

  private static final int ROWS = 512;

  /** Matrices that take turns: in a step each is met anew, none lies in a core's cache. */
  private static final int TURNS = 4;

  private static final int[] SIZES = {576, 1536};
  private static final int ATTENDED = 256;
  private static final int HEADS = 8;
  private static final int HEAD = 64;

  /** Forms of weights that are measured; others are taken as the nearest of them. */
  private static final List<String> FORMS =
      List.of("fp32", "bf16", "q4_0", "q4_1", "q8_0", "q4_k", "q6_k");

  /**
   * A product's law: what each element of the weight costs, read, widened and packed, and what it
   * costs with each row of the other matrix.
   *
   * @param element seconds an element of the weight
   * @param rowElement seconds an element and a row
   */
  public record Product(double element, double rowElement) {
    /** The line through two measurements. */
    static Product of(double elements, double few, double many) {
      double slope = Math.clamp((many - few) / (ROWS - FEW_ROWS), 0, many / ROWS);
      // Where few rows were as slow as many, which noise alone does, rows cost all of it.
      double each = slope > 0 ? slope : many / ROWS;
      return new Product((many - each * ROWS) / elements, each / elements);
    }

    double seconds(double elements, double rows, double passes) {
      return elements * (element * passes + rowElement * rows);
    }

    private Product towards(Product other, double share) {
      return new Product(
          element + (other.element - element) * share,
          rowElement + (other.rowElement - rowElement) * share);
    }
  }

  public MachineSpeed {
    products = Map.copyOf(products);
  }

  /** Measures, for some seconds. */
  static MachineSpeed measure(int threads) {
    Map<String, Product> products = new TreeMap<>();
    try (KernelSet kernels = ComputeKernels.open(threads)) {
      // Threads and clocks take a moment to come up: what is measured first does not count.
      product(kernels, "fp32", SIZES[SIZES.length - 1], new TreeMap<>());
      for (String form : FORMS) {
        for (int size : SIZES) {
          if (size % 256 == 0 || !form.endsWith("_k")) {
            product(kernels, form, size, products);
          }
        }
      }
      return new MachineSpeed(products, attention(kernels), ByteRates.measure(kernels));
    }
  }

  private static void product(
      KernelSet kernels, String form, int n, Map<String, Product> products) {
    double elements = (double) n * n;
    try (NativeBuffer x = ByteRates.filled(4L * TURNS * ROWS * n);
        NativeBuffer y = ByteRates.filled(4L * TURNS * ROWS * n);
        NativeBuffer w = ByteRates.filled(4L * TURNS * n * n)) {
      var both = kernels.weightProducts();
      int[] turn = {0};
      double[][] seconds = new double[2][2];
      for (int many = 0; many < 2; many++) {
        int rows = many == 0 ? FEW_ROWS : ROWS;
        Operand[] left = new Operand[TURNS];
        Operand[] out = new Operand[TURNS];
        Matrix[] weight = new Matrix[TURNS];
        for (int t = 0; t < TURNS; t++) {
          left[t] = Operand.of(x.slice(4L * t * ROWS * n, 4L * ROWS * n), DType.FP32, rows, n);
          out[t] = Operand.of(y.slice(4L * t * ROWS * n, 4L * ROWS * n), DType.FP32, rows, n);
          weight[t] = weight(form, w.slice(4L * t * n * n, 4L * n * n), n);
        }
        seconds[0][many] =
            Stopwatch.usual(
                () -> {
                  int t = turn[0]++ % TURNS;
                  both.forward(out[t], left[t], weight[t]);
                });
        seconds[1][many] =
            Stopwatch.usual(
                () -> {
                  int t = turn[0]++ % TURNS;
                  both.backward(out[t], left[t], weight[t], 0);
                });
      }
      products.put(form + " forward " + n, Product.of(elements, seconds[0][0], seconds[0][1]));
      products.put(form + " backward " + n, Product.of(elements, seconds[1][0], seconds[1][1]));
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
    try (NativeBuffer q = ByteRates.filled(bytes);
        NativeBuffer out = ByteRates.filled(bytes);
        NativeBuffer grad = ByteRates.filled(bytes);
        NativeBuffer gradK = ByteRates.filled(bytes);
        NativeBuffer gradV = ByteRates.filled(bytes);
        NativeBuffer sums = ByteRates.filled(4L * ATTENDED * HEADS)) {
      AttentionMask mask = AttentionMask.causal(0, ATTENDED);
      Operand in = heads(q);
      Operand lse = Operand.of(sums, DType.FP32, HEADS, ATTENDED);
      float scale = 0.125f;
      var attention = kernels.attention();
      double seconds =
          Stopwatch.usual(
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

  @Override
  public double product(
      String form, boolean forward, long rows, long columns, double tokens, double passes) {
    String measured = nearest(form.toLowerCase(Locale.ROOT));
    String direction = forward ? " forward " : " backward ";
    double elements = (double) rows * columns;
    Product low = products.get(measured + direction + SIZES[0]);
    Product high = products.get(measured + direction + SIZES[1]);
    Product law = high == null ? low : high;
    if (law == null) {
      throw new IllegalStateException("no product was measured of " + measured + direction);
    }
    if (low != null && high != null) {
      double share = Math.log(elements / SIZES[0] / SIZES[0]) / 2;
      law = low.towards(high, Math.clamp(share / Math.log(1.0 * SIZES[1] / SIZES[0]), 0, 1));
    }
    return law.seconds(elements, tokens, passes);
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
    new TreeMap<>(products)
        .forEach(
            (name, law) ->
                list.putObject(name)
                    .put("element", law.element)
                    .put("row_element", law.rowElement));
    root.put("attention", attention);
    root.set("bytes", bytes.json());
    return root;
  }

  static MachineSpeed of(JsonNode json) {
    Map<String, Product> products = new TreeMap<>();
    json.path("products")
        .properties()
        .forEach(
            p ->
                products.put(
                    p.getKey(),
                    new Product(
                        p.getValue().path("element").asDouble(),
                        p.getValue().path("row_element").asDouble())));
    return new MachineSpeed(
        products, json.path("attention").asDouble(), ByteRates.of(json.path("bytes")));
  }
}
