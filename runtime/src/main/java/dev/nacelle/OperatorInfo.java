package dev.nacelle;

import java.util.List;

/**
 * What one operator takes and gives.
 *
 * @param name as {@link Operators#run} takes it, {@code rms_norm} say
 * @param summary one sentence
 * @param inputs tensors in order
 * @param outputs tensors in order
 * @param attributes in order
 * @param hasBackward whether a {@code grad_} of an output may be given
 */
public record OperatorInfo(
    String name,
    String summary,
    List<Argument> inputs,
    List<Argument> outputs,
    List<Attribute> attributes,
    boolean hasBackward) {
  public OperatorInfo {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = List.copyOf(attributes);
  }

  /**
   * One tensor.
   *
   * @param shape its dimensions in letters, {@code …,C} say; the same letter is the same size
   * @param optional whether an input may be left out, an output is written only when asked for
   */
  public record Argument(String name, String shape, boolean optional) {}

  /**
   * One attribute.
   *
   * @param defaultText what holds where nothing is given; empty where it must be given
   * @param range in words, {@code a finite number above 0} say
   */
  public record Attribute(String name, String defaultText, String range) {}
}
