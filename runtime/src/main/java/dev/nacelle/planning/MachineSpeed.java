package dev.nacelle.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.kernels.KernelSet;
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
 * @param lowRank of the adapters' products
 * @param bytes bytes a second of what moves them
 * @param logit seconds a logit of the loss, beside the head's products
 * @param whole a step's seconds over its parts'
 */
public record MachineSpeed(
    Map<String, Product> products,
    AttentionSpeed attention,
    LowRankSpeed lowRank,
    ByteRates bytes,
    double logit,
    double whole)
    implements Speed {
  /** Widths and heights of the weights that are measured. */
  static final List<Integer> SIZES = List.of(576, 1536);

  /** Forms of weights that are measured; others are taken as the nearest of them. */
  static final List<String> FORMS = List.of("fp32", "bf16", "q4_0", "q4_1", "q8_0", "q4_k", "q6_k");

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
      double rows = ProductWorks.ROWS;
      double slope = Math.clamp((many - few) / (rows - ProductWorks.FEW_ROWS), 0, many / rows);
      // Where few rows were as slow as many, which noise alone does, rows cost all of it.
      double each = slope > 0 ? slope : many / rows;
      return new Product((many - each * rows) / elements, each / elements);
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
      try (ProductWorks works = new ProductWorks(kernels, stopwatch);
          AttentionSpeed.Work attending = new AttentionSpeed.Work(kernels, stopwatch);
          LowRankSpeed.Work adapting = new LowRankSpeed.Work(kernels, stopwatch);
          HeadWork head = new HeadWork(kernels, stopwatch)) {
        stopwatch.run();
        return new MachineSpeed(
            works.laws(),
            attending.speed(),
            adapting.speed(),
            ByteRates.measure(kernels),
            head.logitSeconds(),
            1);
      }
    }
  }

  /** The same parts, in steps that take so many times as long as they do. */
  MachineSpeed inSteps(double factor) {
    return new MachineSpeed(products, attention, lowRank, bytes, logit, factor);
  }

  /** The key of a product. */
  static String name(String form, boolean forward, int size) {
    return form + (forward ? " forward " : " backward ") + size;
  }

  @Override
  public double product(
      String form, boolean forward, long rows, long columns, double tokens, double passes) {
    String measured = nearest(form.toLowerCase(Locale.ROOT));
    double elements = (double) rows * columns;
    Product low = products.get(name(measured, forward, SIZES.getFirst()));
    Product high = products.get(name(measured, forward, SIZES.getLast()));
    Product law = high == null ? low : high;
    if (law == null) {
      throw new IllegalStateException("no product was measured of " + name(measured, forward, 0));
    }
    if (low != null && high != null) {
      double share = Math.log(elements / SIZES.getFirst() / SIZES.getFirst()) / 2;
      law =
          low.towards(
              high, Math.clamp(share / Math.log(1.0 * SIZES.getLast() / SIZES.getFirst()), 0, 1));
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
    root.set("low_rank", lowRank.json());
    root.set("bytes", bytes.json());
    root.put("logit", logit);
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
        LowRankSpeed.of(json.path("low_rank")),
        ByteRates.of(json.path("bytes")),
        json.path("logit").asDouble(),
        json.path("whole").asDouble());
  }
}
