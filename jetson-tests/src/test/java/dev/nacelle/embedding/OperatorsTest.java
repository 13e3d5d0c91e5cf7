package dev.nacelle.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.ElementType;
import dev.nacelle.Nacelle;
import dev.nacelle.NacelleException;
import dev.nacelle.OperatorInfo;
import dev.nacelle.Operators;
import dev.nacelle.TensorData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Single operators on a program's own arrays, against closed forms. */
final class OperatorsTest {
  private final List<Long> before = Tiny.held();

  @AfterEach
  void nothingIsHeld() {
    assertEquals(before, Tiny.held(), "buffers, bytes and handles that are still held");
  }

  @Test
  void everyOperatorIsDescribed() {
    try (Nacelle nacelle = Nacelle.open(1)) {
      Set<String> names =
          nacelle.operators().list().stream().map(OperatorInfo::name).collect(Collectors.toSet());
      assertTrue(
          names.containsAll(
              Set.of("rms_norm", "rope", "swiglu", "cross_entropy", "adamw", "clip_grad_norm")),
          names.toString());
    }
  }

  @Test
  void forwardAndBackward() {
    try (Nacelle nacelle = Nacelle.open(1)) {
      TensorData x = TensorData.ofFloats(new float[] {3, 4}, 1, 2);
      Map<String, TensorData> out =
          nacelle
              .operators()
              .run(
                  "rms_norm",
                  Map.of(
                      "x", x,
                      "weight", TensorData.ofFloats(new float[] {1, 2}, 2),
                      "grad_y", TensorData.ofFloats(new float[] {1, 0}, 1, 2)),
                  Map.of("eps", "1e-12"));
      double r = 1 / Math.sqrt(12.5);
      assertArrayEquals(new float[] {(float) (3 * r), (float) (8 * r)}, floats(out, "y"), 1e-6f);
      // ∂y₀/∂x = r·e₀ − r³·x₀·x/2
      double c = r * r * r * 3 / 2;
      assertArrayEquals(
          new float[] {(float) (r - c * 3), (float) (-c * 4)}, floats(out, "grad_x"), 1e-6f);
      assertArrayEquals(new float[] {(float) (3 * r), 0}, floats(out, "grad_weight"), 1e-6f);
    }
  }

  private static float[] floats(Map<String, TensorData> out, String name) {
    return Objects.requireNonNull(out.get(name), name).toFloats();
  }

  @Test
  void narrowTypesAndBuffers() {
    ByteBuffer bf16 = ByteBuffer.allocateDirect(8).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : new float[] {1, -2, 0.5f, 3}) {
      bf16.putShort((short) (Float.floatToIntBits(value) >>> 16));
    }
    TensorData gate = TensorData.of(ElementType.BF16, bf16.flip(), 2, 2);
    assertArrayEquals(new float[] {1, -2, 0.5f, 3}, gate.toFloats());
    try (Nacelle nacelle = Nacelle.open(1)) {
      Map<String, TensorData> out =
          nacelle.operators().run("swiglu", Map.of("gate", gate, "up", gate));
      TensorData y = Objects.requireNonNull(out.get("y"));
      assertEquals(ElementType.BF16, y.type());
      assertEquals("BF16[2, 2]", y.toString());
      assertEquals(1 / (1 + Math.exp(-1)), y.toFloats()[0], 4e-3);
    }
    assertArrayEquals(new long[] {-1, 2}, TensorData.ofInts(new int[] {-1, 2}, 2).toLongs());
  }

  @Test
  void whatDoesNotFitIsNamed() {
    TensorData two = TensorData.ofFloats(new float[2], 2);
    try (Nacelle nacelle = Nacelle.open(1)) {
      Operators operators = nacelle.operators();
      EngineTest.assertKind(
          NacelleException.Kind.USAGE, "no_such", () -> operators.run("no_such", Map.of()));
      EngineTest.assertKind(
          NacelleException.Kind.INPUT, "weight", () -> operators.run("rms_norm", Map.of("x", two)));
      EngineTest.assertKind(
          NacelleException.Kind.USAGE,
          "eps",
          () ->
              operators.run(
                  "rms_norm", Map.of("x", two, "weight", two), Map.of("eps", "minus one")));
    }
    EngineTest.assertKind(
        NacelleException.Kind.INPUT, "3", () -> TensorData.ofFloats(new float[2], 3));
    EngineTest.assertKind(NacelleException.Kind.INPUT, "fractions", two::toLongs);
  }
}
