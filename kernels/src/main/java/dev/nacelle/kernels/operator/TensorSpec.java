package dev.nacelle.kernels.operator;

/**
 * One tensor that an operator takes or gives.
 *
 * @param name as OPERATORS.md and files call it
 * @param kind which element types it may have
 * @param shape in letters, {@code …,C} say; see {@link ShapePattern}
 * @param optional whether it may be left out (inputs), or is written only when asked (outputs)
 * @param differentiable whether an input gets a {@code grad_} or an output may be given one
 */
public record TensorSpec(
    String name, Kind kind, String shape, boolean optional, boolean differentiable) {

  /** Which element types a tensor may have, and which its gradient has. */
  public enum Kind {
    /** The operator's storage type, one for all such tensors; the gradient has it too. */
    STORAGE,
    /** Any of fp32, bf16, fp16, whatever the storage type is; its gradient is fp32. */
    PARAMETER,
    /** Always fp32. */
    FLOAT,
    /** I32 or I64; never has a gradient. */
    INTEGER,
    /** U8: quantised blocks and codes; never has a gradient. */
    BYTES,
    /** State that is carried on: fp32, or the storage type; its gradient has the type given. */
    STATE,
    /**
     * I32 words of 32 spikes each; the gradient is fp32, one element a spike, in a shape that the
     * operator knows.
     */
    BITS
  }

  /** A required tensor of the storage type that gets a gradient. */
  public static TensorSpec storage(String name, String shape) {
    return new TensorSpec(name, Kind.STORAGE, shape, false, true);
  }

  /** A required parameter: its gradient is fp32. */
  public static TensorSpec parameter(String name, String shape) {
    return new TensorSpec(name, Kind.PARAMETER, shape, false, true);
  }

  /** A tensor that is always fp32. */
  public static TensorSpec floats(String name, String shape) {
    return new TensorSpec(name, Kind.FLOAT, shape, false, true);
  }

  /** Positions, targets, segments. */
  public static TensorSpec integers(String name, String shape) {
    return new TensorSpec(name, Kind.INTEGER, shape, false, false);
  }

  /** State that is carried on. */
  public static TensorSpec state(String name, String shape) {
    return new TensorSpec(name, Kind.STATE, shape, false, true);
  }

  /** Quantised blocks. */
  public static TensorSpec bytes(String name, String shape) {
    return new TensorSpec(name, Kind.BYTES, shape, false, false);
  }

  /** The same tensor, but it may be left out. */
  public TensorSpec orNone() {
    return new TensorSpec(name, kind, shape, true, differentiable);
  }

  /** The same tensor, but nobody differentiates through it. */
  public TensorSpec withoutGradient() {
    return new TensorSpec(name, kind, shape, optional, false);
  }
}
