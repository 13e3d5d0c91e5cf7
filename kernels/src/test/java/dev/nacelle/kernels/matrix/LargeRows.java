package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Runs an operator on large tensors, and on a few of their rows alone. */
final class LargeRows implements AutoCloseable {
  static final long ROWS = 5;

  final KernelSet set =
      new CpuKernelSet(Objects.requireNonNull(KernelLibrary.open(2, null).library()));
  final BenchTensors tensors = new BenchTensors(Map.of());
  private final List<NativeBuffer> buffers = new ArrayList<>();
  private int slices;

  /** How many results of slices were held against the whole's. */
  int slices() {
    return slices;
  }

  @Override
  public void close() {
    buffers.forEach(NativeBuffer::close);
    tensors.close();
    set.close();
  }

  Map<String, Operand> run(
      String operator, Map<String, String> attributes, Map<String, Operand> inputs) {
    return CpuRun.of(set, operator, inputs, attributes, buffers);
  }

  /** Some of a dimension, where it lies. */
  static Operand slice(Operand x, int d, long from, long count) {
    long[] shape = x.shape();
    shape[d] = count;
    long offset = x.byteOffset() + from * x.stride(d) * x.dtype().bytes();
    return Operand.view(x.buffer(), offset, x.dtype(), shape, x.strides());
  }

  /**
   * Runs the whole, and slices of dimension {@code d} alone. Results that are not cut, a weight's
   * gradient, are left to the caller.
   *
   * @param whole inputs that every slice gets as they are
   * @return the whole's results
   */
  Map<String, Operand> hold(
      String operator,
      Map<String, String> attributes,
      Map<String, Operand> cut,
      Map<String, Operand> whole,
      int d) {
    Map<String, Operand> inputs = new LinkedHashMap<>(whole);
    inputs.putAll(cut);
    Map<String, Operand> results = run(operator, attributes, inputs);
    long size = cut.values().iterator().next().size(d);
    for (long from : new long[] {0, size / 2, size - ROWS}) {
      Map<String, Operand> part = new LinkedHashMap<>(whole);
      cut.forEach((tensor, x) -> part.put(tensor, slice(x, d, from, ROWS)));
      run(operator, attributes, part)
          .forEach(
              (tensor, small) -> {
                Operand large = Objects.requireNonNull(results.get(tensor));
                if (Arrays.equals(small.shape(), large.shape())) {
                  return;
                }
                same(
                    operator + " " + tensor + " from " + from,
                    slice(large, cutDimension(small, large), from, ROWS),
                    small);
                slices++;
              });
    }
    return results;
  }

  private static int cutDimension(Operand small, Operand large) {
    int d = 0;
    while (small.size(d) == large.size(d)) {
      d++;
    }
    return d;
  }

  static void same(String where, Operand got, Operand want) {
    for (long i = 0; i < want.elements(); i++) {
      assertEquals(
          Elements.get(want, Elements.offset(want, i)),
          Elements.get(got, Elements.offset(got, i)),
          where + ", element " + i);
    }
  }
}
