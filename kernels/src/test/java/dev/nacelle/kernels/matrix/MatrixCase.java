package dev.nacelle.kernels.matrix;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One point of the matrix, without type and backend.
 *
 * @param operator its name
 * @param shapes of all inputs that are given
 * @param attributes texts
 * @param fill what floating-point inputs and gradients hold
 * @param gradients outputs that are given a gradient
 * @param bound whole numbers lie below it
 * @param expanded gradients are one row, repeated with stride zero
 */
record MatrixCase(
    String operator,
    Map<String, long[]> shapes,
    Map<String, String> attributes,
    Fill fill,
    Set<String> gradients,
    long bound,
    boolean expanded) {

  static MatrixCase of(String operator, Set<String> gradients, long bound) {
    return new MatrixCase(operator, Map.of(), Map.of(), Fill.NORMAL, gradients, bound, false);
  }

  MatrixCase input(String name, long... shape) {
    Map<String, long[]> more = new LinkedHashMap<>(shapes);
    more.put(name, shape);
    return new MatrixCase(operator, more, attributes, fill, gradients, bound, expanded);
  }

  MatrixCase with(String attribute, String value) {
    Map<String, String> more = new LinkedHashMap<>(attributes);
    more.put(attribute, value);
    return new MatrixCase(operator, shapes, more, fill, gradients, bound, expanded);
  }

  MatrixCase filled(Fill other) {
    return new MatrixCase(operator, shapes, attributes, other, gradients, bound, expanded);
  }

  MatrixCase withGradients(Set<String> others) {
    return new MatrixCase(operator, shapes, attributes, fill, others, bound, expanded);
  }

  MatrixCase withExpandedGradients() {
    return new MatrixCase(operator, shapes, attributes, fill, gradients, bound, true);
  }

  /** Spikes in a row of bits. */
  long spikes() {
    long[] weight = shapes.get("weight");
    return weight == null
        ? Long.parseLong(attributes.getOrDefault("n", "0"))
        : weight[weight.length - 1];
  }

  /** The longest dimension, as a bound on the length of any sum. */
  long terms() {
    long most = 1;
    for (long[] shape : shapes.values()) {
      long rows = 1;
      for (int d = 0; d < shape.length - 1; d++) {
        rows *= shape[d];
      }
      most = Math.max(most, Math.max(rows, shape.length == 0 ? 1 : shape[shape.length - 1]));
    }
    return most;
  }

  @Override
  public String toString() {
    return operator
        + shapes.entrySet().stream()
            .map(e -> e.getKey() + java.util.Arrays.toString(e.getValue()))
            .collect(Collectors.joining(" ", "(", ")"))
        + attributes
        + " "
        + fill
        + (expanded ? " expanded" : "")
        + " gradients of "
        + List.copyOf(gradients);
  }
}
