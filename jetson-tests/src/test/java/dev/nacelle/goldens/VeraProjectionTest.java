package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.nacelle.file.VeraKind;
import dev.nacelle.file.VeraProjection;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** VeRA's matrices drawn here are, bit for bit, those that PEFT drew with torch and saved. */
final class VeraProjectionTest {
  private static final Map<String, float[]> SAVED = saved();

  private static Map<String, float[]> saved() {
    Path folder = PeftCase.named("vera-text").folder();
    return PeftRun.tensors(folder.resolve("init/adapter_model.safetensors"));
  }

  private static float[] saved(String name) {
    return Objects.requireNonNull(SAVED.get(name));
  }

  /** The tiny model's widest layers are (64, 32) and (32, 64): 64 of both. */
  @Test
  void isDrawnAsTorchDrawsIt() {
    VeraProjection drawn = VeraProjection.drawn(0, 12, 64, 64);
    assertEquals(12 * 64, saved(VeraKind.A).length);
    assertArrayEquals(saved(VeraKind.A), drawn.a(), 0f);
    assertArrayEquals(saved(VeraKind.B), drawn.b(), 0f);
  }

  @Test
  void anotherKeyDrawsOthers() {
    assertNotEquals(saved(VeraKind.A)[0], VeraProjection.drawn(1, 12, 64, 64).a()[0]);
  }
}
