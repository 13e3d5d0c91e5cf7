package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.nativeaccess.DType;
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

  private final LargeRows rows = new LargeRows();
  private final BenchTensors tensors = rows.tensors;

  @AfterEach
  void close() {
    rows.close();
  }

  @Test
  void rmsNorm() {
    rows.hold(
        "rms_norm",
        Map.of(),
        Map.of("x", tensors.random(DType.BF16, MANY, COLUMNS)),
        Map.of("weight", tensors.random(DType.FP32, COLUMNS)),
        0);
    assertEquals(6, rows.slices());
  }

  @Test
  void swiGluForwardAndBackward() {
    Map<String, Operand> inputs = new LinkedHashMap<>();
    for (String name : List.of("gate", "up", "grad_y")) {
      inputs.put(name, tensors.random(DType.BF16, HALF, COLUMNS));
    }
    rows.hold("swiglu", Map.of(), inputs, Map.of(), 0);
    assertEquals(9, rows.slices());
  }

  @Test
  void spikesToBitsAndBack() {
    Map<String, Operand> packed =
        rows.hold(
            "spike_pack",
            Map.of(),
            Map.of("spikes", tensors.random(DType.BF16, MANY, COLUMNS)),
            Map.of(),
            0);
    rows.hold("spike_unpack", Map.of("n", "" + COLUMNS, "dtype", "bf16"), packed, Map.of(), 0);
    assertEquals(6, rows.slices());
  }

  @Test
  void activationsInEightBitsAndBack() {
    // Draws are numbered through the whole tensor: only its first rows come out the same alone.
    Operand x = tensors.random(DType.BF16, MANY, COLUMNS);
    Map<String, Operand> coded = rows.run("quantize_activation", Map.of(), Map.of("x", x));
    Map<String, String> with = Map.of("n", "" + COLUMNS, "dtype", "bf16");
    Map<String, Operand> inputs =
        Map.of("codes", operand(coded, "codes"), "scales", operand(coded, "scales"));
    Operand y = operand(rows.hold("dequantize_activation", with, inputs, Map.of(), 0), "y");
    assertEquals(3, rows.slices());
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
    rows.hold(
        "lif",
        Map.of("v_threshold", "0.3"),
        Map.of("x", tensors.random(DType.BF16, 3, (1L << 30) / 3 * 2 + 70)),
        Map.of(),
        1);
    assertEquals(6, rows.slices());
  }

  @Test
  void blocksWiden() {
    long height = (1L << 31) / 1024 + 70;
    Operand blocks = tensors.zeros(DType.U8, height, 1024 / 32 * 18);
    Operand some = tensors.blocks(64, 1024 / 32 * 18);
    for (long row = 0; row < height; row++) {
      blocks
          .buffer()
          .copyFrom(row * some.size(1), some.buffer(), row % 61 * some.size(1), some.size(1));
    }
    rows.hold(
        "dequantize",
        Map.of("format", "q4_0", "dtype", "bf16"),
        Map.of("blocks", blocks),
        Map.of(),
        0);
    assertEquals(3, rows.slices());
  }

  @Test
  void attentionForwardAndBackward() {
    // Samples of as many tokens as a slice has, so that one is whole; 8,192 fp32 channels a token.
    long each = LargeRows.ROWS;
    long tokens = (1L << 31) / (128 * 64 * 4) / (2 * each) * (2 * each) + 4 * each;
    Operand segments = tensors.zeros(DType.I32, 1, tokens);
    for (long t = 0; t < tokens; t++) {
      segments.buffer().setInt(t, (int) (t / each));
    }
    Map<String, Operand> inputs = new LinkedHashMap<>();
    inputs.put("q", tensors.random(DType.FP32, 1, tokens, 128, 64));
    inputs.put("k", tensors.random(DType.FP32, 1, tokens, 4, 64));
    inputs.put("v", tensors.random(DType.FP32, 1, tokens, 4, 64));
    inputs.put("segments", segments);
    inputs.put("grad_y", tensors.random(DType.FP32, 1, tokens, 128, 64));
    rows.hold("attention", Map.of(), inputs, Map.of(), 1);
    assertEquals(12, rows.slices());
  }

  /** Many tokens; a vocabulary of many words is held by LargeHeadTest. */
  @Test
  void crossEntropyOfManyTokens() {
    Map<String, Operand> inputs = new LinkedHashMap<>();
    inputs.put("hidden", tensors.random(DType.BF16, HALF, COLUMNS));
    inputs.put("targets", tensors.integers(7, HALF));
    inputs.put("grad_losses", tensors.random(DType.FP32, HALF));
    Map<String, Operand> whole = Map.of("weight", tensors.random(DType.BF16, 7, COLUMNS));
    rows.hold("cross_entropy", Map.of("softcap", "2"), inputs, whole, 0);
    assertEquals(6, rows.slices());
  }

  @Test
  void adamW() {
    Operand parameter = tensors.random(DType.BF16, HALF, COLUMNS);
    Operand gradient = tensors.random(DType.BF16, HALF, COLUMNS);
    Operand first = tensors.random(DType.BF16, HALF, COLUMNS);
    Operand second = tensors.zeros(DType.BF16, HALF, COLUMNS);
    List<Operand> whole = List.of(parameter, gradient, first, second);
    List<List<Operand>> parts = new ArrayList<>();
    for (long from : new long[] {0, HALF / 2, HALF - LargeRows.ROWS}) {
      parts.add(
          whole.stream().map(x -> copy(LargeRows.slice(x, 0, from, LargeRows.ROWS))).toList());
    }
    step(whole);
    for (int i = 0; i < parts.size(); i++) {
      List<Operand> part = parts.get(i);
      step(part);
      long from = i == 0 ? 0 : i == 1 ? HALF / 2 : HALF - LargeRows.ROWS;
      for (int t = 0; t < part.size(); t++) {
        Operand got = LargeRows.slice(whole.get(t), 0, from, LargeRows.ROWS);
        LargeRows.same("adamw, tensor " + t + " from " + from, got, part.get(t));
      }
    }
  }

  private void step(List<Operand> of) {
    AdamW.Slot slot = new AdamW.Slot(of.get(0), of.get(1), of.get(2), of.get(3));
    rows.set.adamW().step(List.of(slot), 3, 0.1, 0.9, 0.99, 1e-3, 0.1);
  }

  private Operand copy(Operand x) {
    Operand copy = tensors.zeros(x.dtype(), x.shape());
    copy.buffer().copyFrom(0, x.buffer(), x.byteOffset(), copy.byteSize());
    return copy;
  }

  /** Codes are drawn by the element's number: parameters and scales come out the same alone. */
  @Test
  void adamWWithEightBitMoments() {
    long n = (1L << 31) + 10 * AdamW.SCALED;
    AdamW.EightBitSlot whole =
        eightBit(tensors.random(DType.BF16, n), tensors.random(DType.BF16, n));
    long[] begins = {0, n / 2, n - 3 * AdamW.SCALED};
    List<AdamW.EightBitSlot> parts = new ArrayList<>();
    for (long from : begins) {
      parts.add(
          eightBit(
              copy(LargeRows.slice(whole.parameter(), 0, from, 3 * AdamW.SCALED)),
              copy(LargeRows.slice(whole.gradient(), 0, from, 3 * AdamW.SCALED))));
    }
    for (AdamW.EightBitSlot slot : List.of(whole, parts.get(0), parts.get(1), parts.get(2))) {
      rows.set.adamW().stepEightBit(List.of(slot), 1, 0.1, 0.9, 0.99, 1e-3, 0.1);
    }
    for (int i = 0; i < begins.length; i++) {
      AdamW.EightBitSlot part = parts.get(i);
      long from = begins[i];
      String where = "from " + from;
      LargeRows.same(
          where, LargeRows.slice(whole.parameter(), 0, from, 3 * AdamW.SCALED), part.parameter());
      long scale = from / AdamW.SCALED;
      LargeRows.same(
          where, LargeRows.slice(whole.expAvgScales(), 0, scale, 3), part.expAvgScales());
      LargeRows.same(
          where, LargeRows.slice(whole.expAvgSqScales(), 0, scale, 3), part.expAvgSqScales());
      for (long e = 0; e < 3 * AdamW.SCALED; e++) {
        long at = from + e;
        near(Elements.get(part.expAvgCodes(), e), Elements.get(whole.expAvgCodes(), at), at);
        near(Elements.get(part.expAvgSqCodes(), e), Elements.get(whole.expAvgSqCodes(), at), at);
      }
    }
  }

  private AdamW.EightBitSlot eightBit(Operand parameter, Operand gradient) {
    long n = parameter.elements();
    long scales = n / AdamW.SCALED;
    return new AdamW.EightBitSlot(
        parameter,
        gradient,
        tensors.zeros(DType.U8, n),
        tensors.zeros(DType.FP32, scales),
        tensors.zeros(DType.U8, n),
        tensors.zeros(DType.FP32, scales));
  }

  private static void near(double one, double other, long at) {
    assertEquals(one, other, 1, "code of element " + at);
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
    Operand sum = operand(rows.run("sum_of_squares", Map.of(), Map.of("x", x)), "sum");
    assertEquals(want, Elements.get(sum, 0), want * 1e-6);
  }
}
