package dev.nacelle.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SafetensorsWriterTest {
  @TempDir Path folder;

  /** The tensors of jetson-tests/peers/safetensors_golden.py: elements counted up from 0. */
  private static List<NamedTensor> tensors() {
    List<NamedTensor> out = new ArrayList<>();
    out.add(NamedTensor.of("z", new float[] {0}, 1));
    out.add(bytes("bf", DType.BF16, new byte[] {0, 0, (byte) 0x80, 0x3f}, 2));
    out.add(NamedTensor.of("a", new float[] {0, 1, 2, 3, 4, 5}, 2, 3));
    out.add(bytes("i", DType.I64, new byte[8], 1));
    out.add(bytes("u", DType.U8, new byte[] {0, 1, 2}, 3));
    out.add(bytes("f", DType.FP64, new byte[8], 1));
    out.add(bytes("h", DType.FP16, new byte[] {0, 0, 0, 0x3c}, 2));
    out.add(bytes("yes", DType.BOOL, new byte[] {1, 0}, 2));
    out.add(NamedTensor.of("é\"\n\\/\u0001", new float[] {0}, 1));
    out.add(bytes("i4", DType.I32, new byte[] {0, 0, 0, 0, 1, 0, 0, 0}, 2));
    out.add(NamedTensor.of("empty", new float[0], 0, 3));
    out.add(NamedTensor.of("scalar", new float[] {7}));
    return out;
  }

  private static NamedTensor bytes(String name, DType dtype, byte[] bytes, long... shape) {
    return new NamedTensor(name, dtype, shape, sink -> sink.accept(ByteBuffer.wrap(bytes)));
  }

  @Test
  void bytesEqualTheReferenceLibrary() throws IOException {
    List<NamedTensor> tensors = tensors();
    Collections.shuffle(tensors, new Random(1));
    Path file = folder.resolve("ours.safetensors");
    SafetensorsWriter.write(file, tensors, SafetensorsWriter.PYTORCH_METADATA);
    try (InputStream in =
        Objects.requireNonNull(getClass().getResourceAsStream("reference.safetensors"))) {
      assertArrayEquals(in.readAllBytes(), Files.readAllBytes(file));
    }
  }

  @Test
  void readsWhatItWrites() {
    Path file = folder.resolve("ours.safetensors");
    float[] many = new float[200_001];
    for (int i = 0; i < many.length; i++) {
      many[i] = i * 0.5f;
    }
    SafetensorsWriter.write(
        file, List.of(NamedTensor.of("many", many, 3, 66_667)), Map.of("b", "2", "a", "1"));
    try (SafetensorsFile open = Safetensors.open(file)) {
      assertEquals(Map.of("a", "1", "b", "2"), open.metadata());
      NativeBuffer data = open.data("many");
      for (int i = 0; i < many.length; i++) {
        assertEquals(many[i], data.getFloat(i));
      }
      assertEquals(0, open.entry("many").offset() % 8);
    }
  }

  @Test
  void refusesWhatDoesNotAgree() throws IOException {
    Path file = folder.resolve("bad.safetensors");
    NamedTensor a = NamedTensor.of("a", new float[] {1}, 1);
    assertThrows(
        IllegalArgumentException.class,
        () -> SafetensorsWriter.write(file, List.of(a, a), Map.of()));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            SafetensorsWriter.write(
                file, List.of(NamedTensor.of("a", new float[] {1}, 2)), Map.of()));
    assertNothingLeft();
  }

  @Test
  void failedSaveKeepsTheOldFile() throws IOException {
    Path file = folder.resolve("a.safetensors");
    List<NamedTensor> first = List.of(NamedTensor.of("a", new float[] {1}, 1));
    List<NamedTensor> second = List.of(NamedTensor.of("a", new float[] {2}, 1));
    FaultInjector faults = FaultInjector.parse("save:2");
    SafetensorsWriter.write(file, first, Map.of(), faults);
    NacelleException e =
        assertThrows(
            NacelleException.class, () -> SafetensorsWriter.write(file, second, Map.of(), faults));
    assertEquals(5, e.kind().exitCode());
    try (SafetensorsFile open = Safetensors.open(file)) {
      assertEquals(1f, open.data("a").getFloat(0));
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(1, left.count());
    }
  }

  private void assertNothingLeft() throws IOException {
    try (Stream<Path> left = Files.list(folder)) {
      assertFalse(left.findAny().isPresent());
    }
  }
}
