package dev.nacelle.kernels.operator;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.Map;

/**
 * One operator as lists, command lines, benches and the spec matrix see it: a description, a way to
 * run it on named tensors, and a way to measure it. The typed faces are what the engine calls.
 */
public interface Operator {
  OperatorSpec spec();

  /**
   * Runs forward, and backward where the call holds gradients; shapes, types and attributes are
   * checked already.
   */
  void run(KernelSet kernels, OperatorCall call);

  /**
   * How far a result may lie from the exact one.
   *
   * @param tensor an output, or {@code grad_} and an input
   * @param dtype the storage type of the call
   * @param terms length of the longest sum behind one element of the tensor
   */
  Tolerance tolerance(String tensor, DType dtype, long terms);

  /**
   * The tensor whose largest magnitude is the scale of a result's error: itself, unless a result
   * that is exactly zero comes of sums like another's.
   */
  default String scaledBy(String tensor) {
    return tensor;
  }

  /** The sizes that a bench takes unless told otherwise: letter to size, in the order to print. */
  Map<String, Long> benchSizes();

  /** What to time at these sizes; the tensors come from {@code bench} and live as long as it. */
  List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench);
}
