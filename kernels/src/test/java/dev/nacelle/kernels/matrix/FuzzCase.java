package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.ShapePattern;
import dev.nacelle.kernels.operator.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Random sizes, attributes and given tensors of one operator, out of its description. What the
 * description does not say (rows of whole blocks, heads in groups) is kept here, mostly: a call
 * that breaks such a rule must be refused.
 */
final class FuzzCase {
  private static final double RULE_BROKEN = 0.04;
  private static final List<Fill> FILLS = List.of(Fill.values());
  private static final int MOST_ELEMENTS = 12_000;

  private final SplittableRandom random;
  private final Operator operator;
  private final String name;
  private final Map<String, Long> letters = new HashMap<>();
  private final Map<String, String> attributes = new LinkedHashMap<>();
  private final Set<String> given = new HashSet<>();
  private final List<Long> rest = new ArrayList<>();

  private FuzzCase(Operator operator, SplittableRandom random) {
    this.operator = operator;
    this.name = operator.spec().name();
    this.random = random;
  }

  static MatrixCase of(Operator operator, SplittableRandom random) {
    while (true) {
      FuzzCase one = new FuzzCase(operator, random);
      one.attributes();
      one.sizes();
      one.optionals();
      one.rules();
      MatrixCase point = one.point();
      long elements = 0;
      for (long[] shape : point.shapes().values()) {
        long n = 1;
        for (long size : shape) {
          n *= size;
        }
        elements += n;
      }
      if (elements <= MOST_ELEMENTS) {
        return point;
      }
    }
  }

  private boolean chance(double share) {
    return random.nextDouble() < share;
  }

  private long size() {
    double kind = random.nextDouble();
    return kind < 0.03
        ? 0
        : kind < 0.15
            ? 1
            : kind < 0.65
                ? random.nextLong(2, 11)
                : kind < 0.93 ? random.nextLong(11, 72) : random.nextLong(72, 520);
  }

  private void sizes() {
    for (int dimensions = random.nextInt(4); dimensions > 0; dimensions--) {
      rest.add(chance(0.04) ? 0 : random.nextLong(1, 6));
    }
    boolean alone =
        operator.spec().inputs().stream().allMatch(t -> t.shape().equals(ShapePattern.REST));
    if (alone && !rest.isEmpty()) {
      rest.set(0, size());
      rest.set(rest.size() - 1, size());
    }
    for (TensorSpec input : operator.spec().inputs()) {
      for (String part : input.shape().split(",", -1)) {
        String letter = part.strip().replace("/2", "");
        if (!letter.equals(ShapePattern.REST)
            && !letter.isEmpty()
            && !Character.isDigit(letter.charAt(0))) {
          letters.putIfAbsent(letter, size());
        }
      }
    }
  }

  private void attributes() {
    for (AttributeSpec spec : operator.spec().attributes()) {
      if (spec.defaultText() == null || spec.name().equals("format") || chance(0.5)) {
        attributes.put(spec.name(), value(spec));
      }
    }
  }

  private String value(AttributeSpec spec) {
    if (spec.noneAllowed() && chance(0.3)) {
      return "none";
    }
    return switch (spec.type()) {
      case BOOLEAN, CHOICE -> spec.choices().get(random.nextInt(spec.choices().size()));
      case INTEGER -> {
        long least = Double.isInfinite(spec.least()) ? -100 : (long) spec.least();
        long most = Double.isInfinite(spec.most()) ? Long.MAX_VALUE : (long) spec.most();
        long near = Math.min(most, least + random.nextLong(70));
        yield Long.toString(
            chance(0.85) ? near : chance(0.5) ? most : random.nextLong(least, most));
      }
      case REAL -> {
        double value =
            switch (random.nextInt(8)) {
              case 0 -> 0;
              case 1 -> random.nextGaussian() * 1e30;
              case 2 -> random.nextGaussian() * 1e-30;
              case 3 -> spec.most();
              case 4 -> spec.least();
              default -> random.nextGaussian() * 2;
            };
        boolean low = spec.aboveLeast() ? value > spec.least() : value >= spec.least();
        boolean high = spec.belowMost() ? value < spec.most() : value <= spec.most();
        boolean fits = low && high && Math.abs(value) <= Float.MAX_VALUE;
        yield Double.toString(fits ? value : random.nextDouble(0.01, 0.99));
      }
    };
  }

  private void optionals() {
    for (TensorSpec input : operator.spec().inputs()) {
      if (!input.optional() || chance(0.5)) {
        given.add(input.name());
      }
    }
  }

  /** Gives one of a pair of tensors where the other is given. */
  private void together(String... tensors) {
    for (String tensor : tensors) {
      if (given.contains(tensors[0])) {
        given.add(tensor);
      } else {
        given.remove(tensor);
      }
    }
  }

  private void rules() {
    if (chance(RULE_BROKEN)) {
      return;
    }
    switch (name) {
      case "rope" -> letters.put("D", 2 * random.nextLong(1, 40));
      case "attention" -> letters.put("H", random.nextLong(1, 4) * atLeastOne("K", 5));
      case "fourier_filter" -> modes();
      case "fa_lif" -> {
        modes();
        if ("false".equals(attributes.get("fourier"))) {
          given.remove("gain_re");
        } else {
          given.add("gain_re");
        }
        together("gain_re", "gain_im");
      }
      case "spike_linear" -> letters.put("W", (letter("N") + 31) / 32);
      case "spike_unpack" -> {
        letters.put("W", random.nextLong(8));
        attributes.put("n", Long.toString(within(letter("W"), 32)));
      }
      case "cross_entropy" -> together("a", "b");
      case "lora_linear", "hydra_linear", "dora_linear" -> adapter();
      case "dequantize", "quantized_linear" ->
          blocks(attributes.getOrDefault("format", "q4_0"), "R", "absmax");
      case "quantize_activation" -> block();
      case "dequantize_activation" -> codes();
      case "adamw" -> moments();
      default -> {}
    }
  }

  private long letter(String letter) {
    return letters.getOrDefault(letter, 1L);
  }

  private long atLeastOne(String letter, long most) {
    letters.put(letter, random.nextLong(1, most));
    return letter(letter);
  }

  /** A size that needs just so many groups. */
  private long within(long groups, long each) {
    return groups == 0 ? 0 : (groups - 1) * each + random.nextLong(1, each + 1);
  }

  private void modes() {
    letters.put("T", 1 + letter("T") % 40);
    letters.put("M", random.nextLong(1, letter("T") / 2 + 2));
  }

  private void adapter() {
    given.remove("w_absmax");
    if (given.contains("w")) {
      given.remove("w_blocks");
      attributes.remove("w_format");
    } else {
      given.add("w_blocks");
      BlockFormat[] formats = BlockFormat.values();
      String format = formats[random.nextInt(formats.length)].label();
      attributes.put("w_format", format);
      blocks(format, "Q", "w_absmax");
    }
  }

  private void blocks(String label, String rowLetter, String absmax) {
    BlockFormat format = BlockFormat.parse(label);
    long most = format == BlockFormat.NF4 ? 140 : Math.max(2, 700 / format.blockElements());
    long columns = random.nextLong(1, most + 1) * format.blockElements();
    letters.put("K", columns);
    letters.put(rowLetter, format.rowBytes(columns));
    letters.put("M", letter("M") % 60);
    if (format.hasAbsmax()) {
      given.add(absmax);
      letters.put("S", (letter("M") * columns + 63) / 64);
    } else {
      given.remove(absmax);
    }
  }

  private void block() {
    attributes.put("block", Long.toString(4 * random.nextLong(1, 90)));
  }

  private void codes() {
    block();
    long block = Long.parseLong(attributes.getOrDefault("block", "64"));
    long groups = random.nextLong(5);
    attributes.put("n", Long.toString(within(groups, block)));
    letters.put("S", groups);
    letters.put("Q", groups * block * Long.parseLong(attributes.getOrDefault("bits", "8")) / 8);
  }

  private void moments() {
    boolean eight = "8bit".equals(attributes.get("moments"));
    for (String moment : List.of("exp_avg", "exp_avg_sq")) {
      for (String part : List.of("", "_codes", "_scales")) {
        if (part.isEmpty() != eight) {
          given.add(moment + part);
        } else {
          given.remove(moment + part);
        }
      }
    }
    long elements = 1;
    for (long size : rest) {
      elements *= size;
    }
    letters.put("S", (elements + 255) / 256);
  }

  private MatrixCase point() {
    Set<String> gradients = new HashSet<>();
    for (TensorSpec output : operator.spec().outputs()) {
      boolean asked = !output.optional() || "true".equals(attributes.get("store_" + output.name()));
      if (operator.spec().hasBackward() && output.differentiable() && asked && chance(0.75)) {
        gradients.add(output.name());
      }
    }
    long bound =
        switch (name) {
          case "cross_entropy" -> Math.max(1, letter("V") + (chance(0.05) ? 2 : 0));
          case "attention" -> random.nextLong(1, 6);
          default -> chance(0.3) ? 2_000_000_000L : 300;
        };
    MatrixCase point =
        MatrixCase.of(name, gradients, bound)
            .filled(chance(0.6) ? Fill.NORMAL : FILLS.get(random.nextInt(FILLS.size())));
    for (TensorSpec input : operator.spec().inputs()) {
      if (given.contains(input.name())) {
        point = point.input(input.name(), shape(input.shape()));
      }
    }
    for (Map.Entry<String, String> attribute : attributes.entrySet()) {
      point = point.with(attribute.getKey(), attribute.getValue());
    }
    return point;
  }

  private long[] shape(String pattern) {
    List<Long> sizes = new ArrayList<>();
    for (String part : pattern.split(",", -1)) {
      String letter = part.strip();
      if (letter.equals(ShapePattern.REST)) {
        sizes.addAll(rest);
      } else if (!letter.isEmpty() && Character.isDigit(letter.charAt(0))) {
        sizes.add(Long.parseLong(letter));
      } else if (!letter.isEmpty()) {
        sizes.add(letter.endsWith("/2") ? letter(letter.replace("/2", "")) / 2 : letter(letter));
      }
    }
    return sizes.stream().mapToLong(Long::longValue).toArray();
  }
}
