package dev.nacelle.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.WeightProducts;
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
 * @param attention of samples short and long
 * @param bytes bytes a second of what moves them
 * @param whole a step's seconds over its parts'
 */
public record MachineSpeed(
    Map<String, Product> products, AttentionSpeed attention, ByteRates bytes, double whole)
    implements Speed {
  /** Few rows show what a weight costs however many there are, many what each further one does. */
  private static final int FEW_ROWS = 64;

  private static final int ROWS = 512;

  /** Matrices that take turns: in a step each is met anew, none lies in a core's cache. */
  private static final int TURNS = 4;

  private static final int[] SIZES = {576, 1536};
  private static final int LARGEST = 1536;

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

  /** Measures the parts of a step, for some seconds. */
  static MachineSpeed measure(int threads) {
    try (KernelSet kernels = ComputeKernels.open(threads)) {
      Stopwatch stopwatch = new Stopwatch();
      Map<String, Product> products = new TreeMap<>();
      AttentionSpeed attention;
      try (ProductWorks works = new ProductWorks(kernels, stopwatch);
          AttentionSpeed.Work attending = new AttentionSpeed.Work(kernels, stopwatch)) {
        stopwatch.run();
        works.laws(products);
        attention = attending.speed();
      }
      return new MachineSpeed(products, attention, ByteRates.measure(kernels), 1);
    }
  }

  /** The same parts, in steps that take so many times as long as they do. */
  MachineSpeed inSteps(double factor) {
    return new MachineSpeed(products, attention, bytes, factor);
  }

  /** Products of every form, size and direction, with few rows and with many, to be measured. */
  private static final class ProductWorks implements AutoCloseable {
    private final NativeBuffer x = ByteRates.filled(4L * TURNS * ROWS * LARGEST);
    private final NativeBuffer y = ByteRates.filled(4L * TURNS * ROWS * LARGEST);
    private final NativeBuffer w = ByteRates.filled(4L * TURNS * LARGEST * LARGEST);
    private final Map<String, Readings> readings = new TreeMap<>();

    private record Readings(double elements, Stopwatch.Reading few, Stopwatch.Reading many) {}

    ProductWorks(KernelSet kernels, Stopwatch stopwatch) {
      for (String form : FORMS) {
        for (int size : SIZES) {
          if (size % 256 == 0 || !form.endsWith("_k")) {
            for (boolean forward : new boolean[] {true, false}) {
              readings.put(
                  name(form, forward, size),
                  new Readings(
                      (double) size * size,
                      stopwatch.add(work(kernels, form, forward, size, FEW_ROWS)),
                      stopwatch.add(work(kernels, form, forward, size, ROWS))));
            }
          }
        }
      }
    }

    private Runnable work(KernelSet kernels, String form, boolean forward, int n, int rows) {
      Operand[] left = new Operand[TURNS];
      Operand[] out = new Operand[TURNS];
      Matrix[] weight = new Matrix[TURNS];
      for (int t = 0; t < TURNS; t++) {
        left[t] = Operand.of(x.slice(4L * t * ROWS * n, 4L * ROWS * n), DType.FP32, rows, n);
        out[t] = Operand.of(y.slice(4L * t * ROWS * n, 4L * ROWS * n), DType.FP32, rows, n);
        weight[t] = weight(form, w.slice(4L * t * n * n, 4L * n * n), n);
      }
      WeightProducts both = kernels.weightProducts();
      int[] turn = {0};
      return () -> {
        int t = turn[0]++ % TURNS;
        if (forward) {
          both.forward(out[t], left[t], weight[t]);
        } else {
          both.backward(out[t], left[t], weight[t], 0);
        }
      };
    }

    void laws(Map<String, Product> products) {
      readings.forEach(
          (name, r) -> products.put(name, Product.of(r.elements, r.few.median(), r.many.median())));
    }

    @Override
    public void close() {
      x.close();
      y.close();
      w.close();
    }
  }

  private static String name(String form, boolean forward, int size) {
    return form + (forward ? " forward " : " backward ") + size;
  }

  private static Matrix weight(String form, NativeBuffer w, int n) {
    if (form.equals("fp32") || form.equals("bf16")) {
      return Operand.of(w, form.equals("fp32") ? DType.FP32 : DType.BF16, n, n);
    }
    BlockFormat format = BlockFormat.valueOf(form.toUpperCase(Locale.ROOT));
    return BlockMatrix.of(Operand.of(w, DType.U8, n, format.rowBytes(n)), format);
  }

  @Override
  public double product(
      String form, boolean forward, long rows, long columns, double tokens, double passes) {
    String measured = nearest(form.toLowerCase(Locale.ROOT));
    double elements = (double) rows * columns;
    Product low = products.get(name(measured, forward, SIZES[0]));
    Product high = products.get(name(measured, forward, SIZES[1]));
    Product law = high == null ? low : high;
    if (law == null) {
      throw new IllegalStateException("no product was measured of " + name(measured, forward, 0));
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
    root.set("attention", attention.json());
    root.set("bytes", bytes.json());
    root.put("whole", whole);
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
        products,
        AttentionSpeed.of(json.path("attention")),
        ByteRates.of(json.path("bytes")),
        json.path("whole").asDouble());
  }
}
