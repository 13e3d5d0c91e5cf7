package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Tensors of more than 2³¹ elements or bytes, where a 32-bit index would come round. What the whole
 * gives for its first, middle and last rows must be, bit by bit, what these rows give alone. The
 * profile {@code large} turns it on; it needs 16 GB of memory.
 */
@EnabledIfSystemProperty(named = "nacelle.tensors.large", matches = "true")
final class LargeTensorsTest {
  /** Columns of a row: a prime, so that a row never begins where another would. */
  private static final long COLUMNS = 1009;

  /** Rows of more than 2³¹ elements. */
  private static final long MANY = (1L << 31) / COLUMNS + 70;

  /** Rows of more than 2³¹ bytes, two bytes an element. */
  private static final long HALF = (1L << 30) / COLUMNS + 70;

  private static final long ROWS = 5;

  private final KernelSet set =
      new CpuKernelSet(Objects.requireNonNull(KernelLibrary.open(2, null).library()));
  private final BenchTensors tensors = new BenchTensors(Map.of());
  private final List<NativeBuffer> buffers = new ArrayList<>();
  private int slices;

  @AfterEach
  void close() {
    buffers.forEach(NativeBuffer::close);
    tensors.close();
    set.close();
  }

  private Map<String, Operand> run(
      String operator, Map<String, String> attributes, Map<String, Operand> inputs) {
    return new OperatorRunner(Operators.all(), backend -> set)
        .run(
            operator,
            Backend.CPU,
            inputs,
            attributes,
            bytes -> {
              NativeBuffer buffer = NativeBuffer.allocate(bytes);
              buffers.add(buffer);
              return buffer;
            });
  }

  /** Some of a dimension, where it lies. */
  private static Operand slice(Operand x, int d, long from, long count) {
    long[] shape = x.shape();
    shape[d] = count;
    long offset = x.byteOffset() + from * x.stride(d) * x.dtype().bytes();
    return Operand.view(x.buffer(), offset, x.dtype(), shape, x.strides());
  }

  /**
   * Runs the whole, and slices of dimension {@code d} alone.
   *
   * @param whole inputs that every slice gets as they are
   * @return the whole's results
   */
  private Map<String, Operand> hold(
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

  private static void same(String where, Operand got, Operand want) {
    for (long i = 0; i < want.elements(); i++) {
      assertEquals(
          Elements.get(want, Elements.offset(want, i)),
          Elements.get(got, Elements.offset(got, i)),
          where + ", element " + i);
    }
  }

  @Test
  void rmsNorm() {
    hold(
        "rms_norm",
        Map.of(),
        Map.of("x", tensors.random(DType.BF16, MANY, COLUMNS)),
        Map.of("weight", tensors.random(DType.FP32, COLUMNS)),
        0);
    assertEquals(6, slices);
  }

  @Test
  void swiGluForwardAndBackward() {
    Map<String, Operand> inputs = new LinkedHashMap<>();
    for (String name : List.of("gate", "up", "grad_y")) {
      inputs.put(name, tensors.random(DType.BF16, HALF, COLUMNS));
    }
    hold("swiglu", Map.of(), inputs, Map.of(), 0);
    assertEquals(9, slices);
  }

  @Test
  void spikesToBitsAndBack() {
    Map<String, Operand> packed =
        hold(
            "spike_pack",
            Map.of(),
            Map.of("spikes", tensors.random(DType.BF16, MANY, COLUMNS)),
            Map.of(),
            0);
    hold("spike_unpack", Map.of("n", "" + COLUMNS, "dtype", "bf16"), packed, Map.of(), 0);
    assertEquals(6, slices);
  }

  @Test
  void activationsInEightBitsAndBack() {
    // Draws are numbered through the whole tensor: only its first rows come out the same alone.
    Operand x = tensors.random(DType.BF16, MANY, COLUMNS);
    Map<String, Operand> coded = run("quantize_activation", Map.of(), Map.of("x", x));
    Map<String, String> with = Map.of("n", "" + COLUMNS, "dtype", "bf16");
    Map<String, Operand> inputs =
        Map.of("codes", operand(coded, "codes"), "scales", operand(coded, "scales"));
    Operand y = operand(hold("dequantize_activation", with, inputs, Map.of(), 0), "y");
    assertEquals(3, slices);
    for (long row : new long[] {0, MANY / 2, MANY - 1}) {
      for (long c = 0; c < COLUMNS; c++) {
        double scale = Elements.get(operand(coded, "scales"), row * 16 + c / 64);
        double from = Elements.get(x, row * COLUMNS + c);
        double to = Elements.get(y, row * COLUMNS + c);
        assertEquals(from, to, scale + Math.abs(from) / 128, "row " + row + ", column " + c);
      }
    }
  }

  private static Operand operand(Map<String, Operand> results, String name) {
    return Objects.requireNonNull(results.get(name));
  }

  @Test
  void neuronsOverTime() {
    // Time is the first dimension: the second is cut.
    hold(
        "lif",
        Map.of("v_threshold", "0.3"),
        Map.of("x", tensors.random(DType.BF16, 3, (1L << 30) / 3 * 2 + 70)),
        Map.of(),
        1);
    assertEquals(6, slices);
  }

  @Test
  void blocksWiden() {
    long rows = (1L << 31) / 1024 + 70;
    Operand blocks = tensors.zeros(DType.U8, rows, 1024 / 32 * 18);
    Operand some = tensors.blocks(64, 1024 / 32 * 18);
    for (long row = 0; row < rows; row++) {
      blocks
          .buffer()
          .copyFrom(row * some.size(1), some.buffer(), row % 61 * some.size(1), some.size(1));
    }
    hold(
        "dequantize",
        Map.of("format", "q4_0", "dtype", "bf16"),
        Map.of("blocks", blocks),
        Map.of(),
        0);
    assertEquals(3, slices);
  }

  @Test
  void sumOfSquares() {
    Operand x = tensors.random(DType.BF16, MANY, COLUMNS);
    double want = 0;
    // BenchTensors repeats a pattern of a prime length.
    long period = 8191;
    for (long i = 0; i < period; i++) {
      double value = Elements.get(x, i);
      long times = (x.elements() - i + period - 1) / period;
      want += value * value * times;
    }
    Operand sum = operand(run("sum_of_squares", Map.of(), Map.of("x", x)), "sum");
    assertEquals(want, Elements.get(sum, 0), want * 1e-6);
  }
}
