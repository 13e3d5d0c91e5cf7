package dev.nacelle.cli.op;

import dev.nacelle.NacelleException;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.Map;

/** An operator in one storage type and size, and its passes over tensors of its own. */
final class BenchCase implements AutoCloseable {
  private final Operator operator;
  private final DType dtype;
  private final Map<String, Long> size;
  private final BenchTensors tensors;
  private final List<Measurement> passes;

  /**
   * Makes the tensors.
   *
   * @throws NacelleException of kind USAGE where the operator cannot have such sizes
   */
  BenchCase(KernelSet kernels, Operator operator, DType dtype, Map<String, Long> size) {
    this.operator = operator;
    this.dtype = dtype;
    this.size = size;
    this.tensors = new BenchTensors(size);
    try {
      this.passes = operator.measurements(kernels, dtype, tensors);
    } catch (IllegalArgumentException | ArithmeticException e) {
      tensors.close();
      throw impossible(e);
    }
  }

  String name() {
    return operator.spec().name();
  }

  DType dtype() {
    return dtype;
  }

  Map<String, Long> size() {
    return size;
  }

  List<Measurement> passes() {
    return passes;
  }

  /** The work of a pass; what is impossible about it is said as it is of the tensors. */
  Runnable work(Measurement pass) {
    return () -> {
      try {
        pass.work().run();
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw impossible(e);
      }
    };
  }

  private NacelleException impossible(RuntimeException e) {
    return new NacelleException(
        NacelleException.Kind.USAGE,
        name() + " cannot be measured at " + size + ": " + e.getMessage(),
        "choose other sizes with --size",
        e);
  }

  @Override
  public void close() {
    tensors.close();
  }
}
