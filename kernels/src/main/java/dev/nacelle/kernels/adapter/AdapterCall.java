package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.Attributes;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.operator.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the three layers' descriptions have in common: tensors, attributes, and how to read them.
 */
final class AdapterCall {
  private final String name;
  private final OperatorCall call;
  private final Scratch scratch;

  AdapterCall(String name, OperatorCall call, Scratch scratch) {
    this.name = name;
    this.call = call;
    this.scratch = scratch;
  }

  /** x, the matrix in either form, a, b in a shape of its own, what else there is, bias. */
  static List<TensorSpec> inputs(String shapeOfB, TensorSpec... more) {
    List<TensorSpec> inputs =
        new ArrayList<>(
            List.of(
                TensorSpec.storage("x", "…,K"),
                TensorSpec.parameter("w", "M,K").orNone(),
                TensorSpec.bytes("w_blocks", "M,Q").orNone(),
                TensorSpec.floats("w_absmax", "S").withoutGradient().orNone(),
                TensorSpec.parameter("a", "R,K"),
                TensorSpec.parameter("b", shapeOfB)));
    inputs.addAll(List.of(more));
    inputs.add(TensorSpec.parameter("bias", "M").orNone());
    return inputs;
  }

  static List<AttributeSpec> attributes() {
    String[] formats =
        Stream.of(BlockFormat.values()).map(BlockFormat::label).toArray(String[]::new);
    return List.of(
        AttributeSpec.real("scale", "1.0"),
        AttributeSpec.real("p", "0").atLeast(0).below(1),
        AttributeSpec.integer("seed", "0", 0),
        AttributeSpec.integer("offset", "0", 0),
        AttributeSpec.choice("w_format", "none", formats).orNone());
  }

  /** The last dimension as columns, all others as rows. */
  static Operand rows(Operand x) {
    long rows = 1;
    for (int d = 0; d < x.rank() - 1; d++) {
      rows *= x.size(d);
    }
    return x.reshape(rows, x.size(-1));
  }

  /** x as (N, K). */
  Operand x() {
    return rows(scratch.contiguous(call.input("x")));
  }

  /** The gradient of y as (N, M), or null. */
  @Nullable Operand gradY() {
    Operand gradY = call.gradientOf("y");
    return gradY == null ? null : rows(scratch.contiguous(gradY));
  }

  /** A required tensor in one piece. */
  Operand input(String tensor) {
    return scratch.contiguous(call.input(tensor));
  }

  @Nullable Operand bias() {
    Operand bias = call.optional("bias");
    return bias == null ? null : scratch.contiguous(bias);
  }

  /** The target of x's gradient as (N, K). */
  Operand gradX() {
    return rows(call.gradientFor("x"));
  }

  /**
   * The matrix, plain or quantised.
   *
   * @throws OperatorInputException unless exactly one of them is given, with what belongs to it
   */
  Matrix weight() {
    Operand w = call.optional("w");
    Operand blocks = call.optional("w_blocks");
    Operand absmax = call.optional("w_absmax");
    boolean none = call.attributes().isNone("w_format");
    if (w == null && blocks == null) {
      throw new OperatorInputException(
          name + ": tensor 'w' is missing; expected shape (M,K), or 'w_blocks' with w_format");
    }
    if (w != null && blocks != null) {
      throw new OperatorInputException(
          name + ": tensors 'w' and 'w_blocks' were both given; the matrix is one of them");
    }
    if (w != null) {
      if (absmax != null || !none) {
        throw new OperatorInputException(
            name
                + ": "
                + (absmax != null ? "tensor 'w_absmax'" : "attribute 'w_format'")
                + " belongs to 'w_blocks', and 'w' was given");
      }
      return scratch.contiguous(w);
    }
    if (blocks == null || none) {
      throw new OperatorInputException(name + ": tensor 'w_blocks' needs the attribute 'w_format'");
    }
    BlockMatrix matrix =
        new BlockMatrix(
            scratch.contiguous(blocks),
            BlockFormat.parse(call.attributes().text("w_format")),
            absmax == null ? null : scratch.contiguous(absmax),
            0);
    long columns = call.input("x").size(-1);
    if (matrix.size(1) != columns) {
      throw new OperatorInputException(
          name
              + ": tensor 'w_blocks' has rows of "
              + matrix.size(1)
              + " elements, x has "
              + columns
              + " columns");
    }
    return matrix;
  }

  AdapterPair pair() {
    Attributes with = call.attributes();
    return new AdapterPair(
        input("a"),
        input("b"),
        (float) with.real("scale"),
        new AdapterPair.Dropout(
            (float) with.real("p"), with.integer("seed"), with.integer("offset")));
  }
}
