package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Fifty steps of every recorded case through the command line: from the same words, files and
 * initial adapter as PEFT to the same losses, gradients and adapter.
 */
class PeftGoldenTest {
  private static final double FP32_LOSS = 1e-4;
  private static final double BF16_LOSS = 5e-3;

  /**
   * PEFT decomposes in fp32: where singular values lie close its A is itself up to 2.4e-5 of its
   * norm away from an fp64 decomposition, and the gradients are those of that A.
   */
  private static final double OF_SINGULAR_VECTORS = 5e-5;

  /**
   * What one rounding to bf16 is off by at most, of a number: 2⁻⁸; a third of that at the root of
   * the mean square. Through two layers and back are some hundred roundings, in our run and in
   * PEFT's, which share none: √200 of that third are 5 units. Up to 8 were seen of a tensor's
   * gradient, in either against fp32 too (case.json, other_arithmetic).
   */
  private static final double BF16_UNIT = 1.0 / 256;

  private static final double BF16_GRADIENTS = 12 * BF16_UNIT;

  /**
   * Of the way that a tensor went in fifty steps: AdamW divides each element's gradient by its own
   * size, so that the least of them, which have the fewest digits, go as far as the others. Up to
   * 18 units were seen of a bound of 32.
   */
  private static final double BF16_WAY = 32 * BF16_UNIT;

  @TempDir Path folder;

  @Test
  void thereAreCasesForEveryFactor() {
    assertTrue(PeftCase.all().size() >= 20, "recorded cases: " + PeftCase.all().size());
  }

  @TestFactory
  Stream<DynamicTest> trainsAsPeft() {
    return PeftCase.all().stream()
        .map(golden -> DynamicTest.dynamicTest(golden.name(), () -> compare(golden)));
  }

  private void compare(PeftCase golden) throws IOException {
    Path gradients = folder.resolve(golden.name() + ".safetensors");
    PeftRun run =
        PeftRun.of(golden, folder.resolve(golden.name()), "--dump-gradients", gradients.toString());
    double bound = golden.isBf16() ? BF16_LOSS : FP32_LOSS;
    assertArrayEquals(golden.numbers("losses"), run.numbers("loss"), bound, "losses");
    assertArrayEquals(golden.numbers("lrs"), run.numbers("lr"), 1e-12, "learning rates");
    assertArrayEquals(
        golden.numbers("target_tokens"), run.numbers("target_tokens"), 0, "target tokens");
    assertArrayEquals(golden.numbers("tokens"), run.numbers("tokens"), 0, "tokens");
    Map<String, float[]> wanted =
        PeftRun.tensors(golden.folder().resolve("final/adapter_model.safetensors"));
    Map<String, float[]> got = PeftRun.tensors(run.out().resolve("adapter_model.safetensors"));
    if (golden.isBf16()) {
      near(
          PeftRun.tensors(golden.folder().resolve("step1_gradients.safetensors")),
          PeftRun.tensors(gradients),
          BF16_GRADIENTS);
      Map<String, float[]> begun =
          PeftRun.tensors(golden.folder().resolve("init/adapter_model.safetensors"));
      near(less(wanted, begun), less(got, begun), BF16_WAY);
    } else {
      Signs signs =
          golden.beginsAsPart() ? Signs.of(wanted, got, golden.flag("rank").asInt()) : Signs.SAME;
      near(
          PeftRun.tensors(golden.folder().resolve("step1_gradients.safetensors")),
          signs.turned(PeftRun.tensors(gradients), 1),
          golden.beginsAsPart() ? OF_SINGULAR_VECTORS : 1e-5);
      near(wanted, signs.turned(got, 2), 1e-3);
    }
    assertTrue(Files.exists(run.out().resolve("report.json")), "report.json");
  }

  /** Every tensor within a share of its norm, in the order of PEFT's file. */
  private static void near(
      Map<String, float[]> expected, Map<String, float[]> actual, double share) {
    assertEquals(List.copyOf(expected.keySet()), List.copyOf(actual.keySet()), "tensor names");
    PeftRun.near(expected, actual, share);
  }

  private static Map<String, float[]> less(
      Map<String, float[]> tensors, Map<String, float[]> others) {
    Map<String, float[]> ways = new LinkedHashMap<>();
    tensors.forEach(
        (name, values) -> {
          float[] other = Objects.requireNonNull(others.get(name), name);
          float[] way = new float[values.length];
          for (int i = 0; i < way.length; i++) {
            way[i] = values[i] - other[i];
          }
          ways.put(name, way);
        });
    return ways;
  }

  @Test
  void packingChangesNoLoss() {
    for (String name : List.of("plain-text", "plain-qv", "dynamic-long", "llama3-mixed")) {
      PeftCase golden = PeftCase.named(name);
      double[] on =
          PeftRun.of(golden, folder.resolve(name + "-on"), "--packing", "on").numbers("loss");
      double[] off =
          PeftRun.of(golden, folder.resolve(name + "-off"), "--packing", "off").numbers("loss");
      assertArrayEquals(off, on, 1e-5, name);
    }
  }

  @Test
  void accumulationEqualsTheLargerBatch() {
    PeftCase four = PeftCase.named("tied-accumulate");
    double[] apart = PeftRun.of(four, folder.resolve("apart")).numbers("loss");
    double[] together =
        PeftRun.of(four, folder.resolve("together"), "--batch-size", "4", "--accumulate", "1")
            .numbers("loss");
    assertArrayEquals(apart, together, 1e-5);
  }

  @Test
  void theSameRunGivesTheSameBytes() throws IOException {
    PeftCase golden = PeftCase.named("tied-chat");
    String[] more = {"--dropout", "0.1", "--order", "shuffle", "--steps", "8"};
    Path first = PeftRun.of(golden, folder.resolve("first"), more).out();
    Path second = PeftRun.of(golden, folder.resolve("second"), more).out();
    assertEquals(
        -1L,
        Files.mismatch(
            first.resolve("adapter_model.safetensors"),
            second.resolve("adapter_model.safetensors")));
  }
}
