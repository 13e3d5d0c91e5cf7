package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Same input, same thread count: same bits; without products, the same bits for any count. */
final class DeterminismTest {
  private final List<NativeBuffer> results = new ArrayList<>();

  private Map<String, Operand> run(KernelSet set, String name, Map<String, Operand> inputs) {
    return CpuRun.of(set, name, inputs, attributes(name), results);
  }

  private static Map<String, String> attributes(String name) {
    return switch (name) {
      case "spike_unpack" -> Map.of("n", "255");
      case "dequantize_activation" -> Map.of("n", "300");
      case "dequantize", "quantized_linear" -> Map.of("format", "q8_0");
      default -> Map.of();
    };
  }

  /** Inputs large enough that every thread has work. */
  private static Map<String, Operand> inputs(Samples samples, String name, DType dtype) {
    Map<String, Operand> in = new LinkedHashMap<>();
    switch (name) {
      case "rms_norm" -> {
        in.put("x", samples.normal(dtype, 0, 333, 257));
        in.put("weight", samples.normal(dtype, 0, 257));
        in.put("grad_y", samples.normal(dtype, 0, 333, 257));
        in.put("grad_rstd", samples.normal(DType.FP32, 0, 333));
      }
      case "swiglu", "geglu" -> {
        for (String tensor : List.of("gate", "up", "grad_y")) {
          in.put(tensor, samples.normal(dtype, 0, 33, 1000));
        }
      }
      case "rope" -> {
        in.put("x", samples.normal(dtype, 0, 2, 99, 3, 64));
        in.put("grad_y", samples.normal(dtype, 0, 2, 99, 3, 64));
        long[] positions = new long[198];
        for (int i = 0; i < 198; i++) {
          positions[i] = i * 31L;
        }
        in.put("positions", samples.ids(DType.I64, positions).reshape(2, 99));
        in.put("inv_freq", samples.normal(DType.FP32, 0, 32));
      }
      case "attention" -> {
        for (String tensor : List.of("q", "grad_y")) {
          in.put(tensor, samples.normal(dtype, 0, 1, 400, 4, 24));
        }
        in.put("k", samples.normal(dtype, 0, 1, 400, 2, 24));
        in.put("v", samples.normal(dtype, 0, 1, 400, 2, 24));
        long[] segments = new long[400];
        for (int i = 0; i < 400; i++) {
          segments[i] = i / 300;
        }
        in.put("segments", samples.ids(DType.I64, segments).reshape(1, 400));
      }
      case "cross_entropy" -> {
        in.put("hidden", samples.normal(dtype, 0, 65, 33));
        in.put("weight", samples.normal(dtype, 0, 700, 33));
        long[] targets = new long[65];
        for (int i = 0; i < 65; i++) {
          targets[i] = i % 4 == 1 ? -100 : i * 10L;
        }
        in.put("targets", samples.ids(DType.I32, targets));
        in.put("grad_losses", samples.normal(DType.FP32, 0, 65));
      }
      case "lora_linear", "hydra_linear", "dora_linear" -> {
        in.put("x", samples.normal(dtype, 0, 90, 200));
        in.put("w", samples.normal(dtype, 0, 130, 200));
        in.put("a", samples.normal(DType.FP32, 0, 8, 200));
        long[] b = name.equals("hydra_linear") ? new long[] {3, 130, 8} : new long[] {130, 8};
        in.put("b", samples.normal(DType.FP32, 0, b));
        in.put("bias", samples.normal(dtype, 0, 130));
        in.put("grad_y", samples.normal(dtype, 0, 90, 130));
        if (name.equals("hydra_linear")) {
          in.put("router", samples.normal(DType.FP32, 0, 3, 200));
        } else if (name.equals("dora_linear")) {
          in.put("magnitude", samples.normal(DType.FP32, 0, 130));
        }
      }
      case "dequantize" -> in.put("blocks", samples.bytes(99, 20 * 34));
      case "quantized_linear" -> {
        in.put("x", samples.normal(dtype, 0, 47, 640));
        in.put("blocks", samples.bytes(99, 20 * 34));
        in.put("bias", samples.normal(dtype, 0, 99));
        in.put("grad_y", samples.normal(dtype, 0, 47, 99));
      }
      case "quantize_activation" -> in.put("x", samples.normal(dtype, 0, 99, 300));
      case "dequantize_activation" -> {
        in.put("codes", samples.bytes(99, 320));
        in.put("scales", samples.normal(DType.FP32, 0, 99, 5));
      }
      case "adamw" -> {
        for (String tensor : List.of("parameter", "gradient", "exp_avg", "exp_avg_sq")) {
          in.put(tensor, samples.normal(dtype, 0, 30001));
        }
      }
      case "lif", "plif", "alif", "fa_lif" -> {
        for (String tensor : List.of("x", "grad_spikes")) {
          in.put(tensor, samples.normal(dtype, 0, 5, 7, 999));
        }
        if (name.equals("plif")) {
          in.put("w", samples.normal(DType.FP32, 0, 1));
        } else if (!name.equals("lif")) {
          in.put("rho", samples.normal(DType.FP32, 0, 1));
        }
        if (name.equals("fa_lif")) {
          in.put("gain_re", samples.normal(DType.FP32, 0, 3, 999));
          in.put("gain_im", samples.normal(DType.FP32, 0, 3, 999));
        }
      }
      case "fourier_filter" -> {
        in.put("x", samples.normal(dtype, 0, 6, 33, 555));
        in.put("grad_y", samples.normal(dtype, 0, 6, 33, 555));
        in.put("gain_re", samples.normal(DType.FP32, 0, 3, 555));
        in.put("gain_im", samples.normal(DType.FP32, 0, 3, 555));
      }
      case "leaky_integrate" -> {
        in.put("x", samples.normal(dtype, 0, 9, 5000));
        in.put("grad_v", samples.normal(DType.FP32, 0, 9, 5000));
      }
      case "spike_pack" -> in.put("spikes", samples.normal(dtype, 0, 70, 1000));
      case "spike_unpack", "spike_linear" -> {
        long[] words = new long[300 * 8];
        for (int i = 0; i < words.length; i++) {
          words[i] = (int) ((i * 0x9E3779B97F4A7C15L) >>> 20);
        }
        in.put("bits", samples.ids(DType.I32, words).reshape(300, 8));
        if (name.equals("spike_linear")) {
          in.put("weight", samples.normal(dtype, 0, 200, 256));
          in.put("bias", samples.normal(DType.FP32, 0, 200));
          in.put("grad_y", samples.normal(dtype, 0, 300, 200));
        }
      }
      case "sum_of_squares" -> {
        in.put("x", samples.normal(dtype, 0, 100003));
        in.put("grad_sum", samples.normal(DType.FP32, 0, 1));
      }
      default -> in.put("gradient", samples.normal(dtype, 0, 100003));
    }
    return in;
  }

  @Test
  void bitsRepeat() {
    int compared = 0;
    List<KernelLibrary> one = Levels.here(1);
    List<KernelLibrary> three = Levels.here(3);
    for (String name : OperatorMatrixTest.operators()) {
      for (DType dtype : Samples.COMPUTE) {
        for (int level = 0; level < one.size(); level++) {
          try (Samples samples = new Samples(5);
              KernelSet many = new CpuKernelSet(three.get(level));
              KernelSet alone = new CpuKernelSet(one.get(level))) {
            Map<String, Operand> in = inputs(samples, name, dtype);
            Map<String, Operand> first = run(many, name, in);
            compared += same(name + " again", first, run(many, name, in));
            if (!List.of("cross_entropy", "spike_linear").contains(name)) {
              compared += same(name + " on one thread", first, run(alone, name, in));
            }
          } finally {
            results.forEach(NativeBuffer::close);
            results.clear();
          }
        }
      }
    }
    System.out.println("determinism: " + compared + " tensors compared bit by bit");
    assertTrue(compared >= 90 * one.size(), () -> "only a part ran");
  }

  private static int same(String where, Map<String, Operand> want, Map<String, Operand> got) {
    assertEquals(want.keySet(), got.keySet());
    want.forEach(
        (tensor, x) ->
            assertEquals(
                "",
                Comparison.bits(java.util.Objects.requireNonNull(got.get(tensor)), x),
                where + " " + tensor));
    return want.size();
  }
}
