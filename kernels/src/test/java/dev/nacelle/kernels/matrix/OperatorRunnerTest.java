package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.operator.OperatorUsageException;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each way of calling an operator wrongly, and what the message says. */
final class OperatorRunnerTest {
  private final Samples samples = new Samples(11);
  private final OperatorRunner runner = new OperatorRunner(Operators.all(), backend -> reference());
  private final Map<String, Operand> inputs = new HashMap<>();

  private static KernelSet reference() {
    return Kernels.reference();
  }

  @BeforeEach
  void norm() {
    inputs.put("x", samples.normal(DType.BF16, 0, 2, 3, 4));
    inputs.put("weight", samples.normal(DType.BF16, 0, 4));
  }

  @AfterEach
  void close() {
    samples.close();
  }

  private void usage(String name, Map<String, String> attributes, String message) {
    assertEquals(
        message,
        assertThrows(
                OperatorUsageException.class,
                () -> runner.run(name, Backend.CPU, inputs, attributes, NativeBuffer::allocate))
            .getMessage());
  }

  /** The error, and that nothing allocated for the call stays behind. */
  private void input(String name, String message) {
    long before = NativeMemory.liveBuffers();
    assertEquals(
        message,
        assertThrows(
                OperatorInputException.class,
                () -> runner.run(name, Backend.CPU, inputs, Map.of(), NativeBuffer::allocate))
            .getMessage());
    assertEquals(before, NativeMemory.liveBuffers());
  }

  @Test
  void usageErrors() {
    usage(
        "rms_nrom",
        Map.of(),
        "no operator is called 'rms_nrom'; there are "
            + Operators.all().stream()
                .map(operator -> operator.spec().name())
                .collect(Collectors.joining(", ")));
    usage("rms_norm", Map.of("lr", "1"), "rms_norm has no attribute 'lr'; it has eps, offset");
    usage(
        "rms_norm",
        Map.of("offset", "2"),
        "rms_norm: attribute 'offset' must be a whole number of at least 0 and at most 1, given"
            + " '2'");
    usage(
        "rms_norm",
        Map.of("eps", "-1e-5"),
        "rms_norm: attribute 'eps' must be a finite number of at least 0, given '-1e-5'");
    for (String bad : new String[] {"NaN", "Infinity", "x", ""}) {
      assertThrows(
          OperatorUsageException.class,
          () ->
              runner.run(
                  "rms_norm", Backend.CPU, inputs, Map.of("eps", bad), NativeBuffer::allocate));
    }
    usage(
        "rope",
        Map.of("interleaved", "yes"),
        "rope: attribute 'interleaved' must be true or false, given 'yes'");
    usage(
        "cross_entropy",
        Map.of("softcap", "0"),
        "cross_entropy: attribute 'softcap' must be a finite number above 0, or none, given '0'");
    assertEquals(
        "rms_norm has no backend 'cuda'; it has cpu, reference",
        assertThrows(
                OperatorUsageException.class,
                () -> OperatorRunner.backend(runner.find("rms_norm").spec(), "cuda"))
            .getMessage());
  }

  @Test
  void inputErrors() {
    inputs.put("grad_z", samples.normal(DType.BF16, 0, 2, 3, 4));
    input("rms_norm", "rms_norm takes no tensor 'grad_z'; it takes x, weight, grad_y, grad_rstd");
    inputs.remove("grad_z");
    Operand weight = inputs.remove("weight");
    input("rms_norm", "rms_norm: tensor 'weight' is missing; expected shape (C)");
    inputs.put("weight", samples.normal(DType.BF16, 0, 5));
    input(
        "rms_norm",
        "rms_norm: tensor 'weight' has the wrong shape: expected (C) = [4], given bf16[5]");
    inputs.put("weight", samples.ids(DType.I32, 1, 2, 3, 4));
    input("rms_norm", "rms_norm: tensor 'weight' must be fp32 or bf16 or fp16, given i32[4]");
    inputs.put("weight", weight == null ? samples.normal(DType.BF16, 0, 4) : weight);
    inputs.put("grad_y", samples.normal(DType.FP32, 0, 2, 3, 4));
    input(
        "rms_norm",
        "rms_norm: tensor 'grad_y' must be bf16 like the tensors before it, given fp32[2, 3, 4]");
    inputs.put("grad_y", samples.normal(DType.BF16, 0, 3, 2, 4));
    input(
        "rms_norm",
        "rms_norm: tensor 'grad_y' has the wrong shape: expected (…,C) = [2, 3, 4], given"
            + " bf16[3, 2, 4]");
    inputs.clear();
    inputs.put("gradient", samples.normal(DType.FP32, 0, 3));
    inputs.put("grad_norm", samples.normal(DType.FP32, 0, 1));
    input(
        "clip_grad_norm",
        "clip_grad_norm takes no tensor 'grad_norm'; it has no backward; it takes gradient");
  }

  @Test
  void targetsOutsideTheVocabularyAreInputErrors() {
    inputs.clear();
    inputs.put("hidden", samples.normal(DType.FP32, 0, 2, 3));
    inputs.put("weight", samples.normal(DType.FP32, 0, 5, 3));
    inputs.put("targets", samples.ids(DType.I64, 4, 5));
    input("cross_entropy", "cross_entropy: targets[1]: expected 0 to 4 or -100, given 5");
    inputs.put("a", samples.normal(DType.FP32, 0, 2, 3));
    input(
        "cross_entropy",
        "cross_entropy: tensor 'b' is missing; a (R, C) and b (V, R) come together");
  }

  @Test
  void blocksMustFitTheirFormat() {
    inputs.clear();
    inputs.put("blocks", samples.bytes(3, 36));
    usage(
        "dequantize",
        Map.of(),
        "dequantize needs the attribute 'format': one of q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k,"
            + " q6_k, nf4");
    blocks(
        "dequantize",
        "q8_0",
        "dequantize: blocks: a row of 36 bytes is no number of q8_0 blocks of 34, given"
            + " u8[3, 36]");
    blocks(
        "dequantize",
        "nf4",
        "dequantize: absmax is missing: nf4 needs one fp32 for each 64 elements");
    inputs.put("x", samples.normal(DType.FP32, 0, 2, 32));
    blocks(
        "quantized_linear",
        "q4_0",
        "quantized_linear: x must have 64 columns as blocks have, given fp32[2, 32]");
  }

  private void blocks(String name, String format, String message) {
    assertEquals(
        message,
        assertThrows(
                OperatorInputException.class,
                () ->
                    runner.run(
                        name,
                        Backend.CPU,
                        inputs,
                        Map.of("format", format),
                        NativeBuffer::allocate))
            .getMessage());
  }

  @Test
  void everyOperatorIsDescribed() {
    assertTrue(Operators.all().size() >= 6);
    Operators.all().forEach(o -> assertTrue(Oracles.names().contains(o.spec().name())));
  }
}
