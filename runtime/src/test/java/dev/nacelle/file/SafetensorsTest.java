package dev.nacelle.file;

import static dev.nacelle.file.TestFiles.entry;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every rule of the format, each with its own words; the verdicts are the reference library's. */
final class SafetensorsTest {
  @TempDir Path folder;

  static Stream<Arguments> accepted() {
    String a = entry("a", "F32", "[1]", 0, 4);
    return Stream.of(
        Arguments.of("no metadata", "{" + a + "}", 4, 1),
        Arguments.of("metadata", "{\"__metadata__\":{\"k\":\"v\"}," + a + "}", 4, 1),
        Arguments.of("leading and trailing space", "  {" + a + "}\n\t  ", 4, 1),
        Arguments.of("no tensors", "{}", 0, 0),
        Arguments.of("scalar", "{" + entry("a", "F64", "[]", 0, 8) + "}", 8, 1),
        Arguments.of(
            "zero size at the end", "{" + a + "," + entry("b", "F32", "[0,7]", 4, 4) + "}", 4, 2),
        Arguments.of(
            "zero size between",
            "{"
                + a
                + ","
                + entry("b", "U8", "[0]", 4, 4)
                + ","
                + entry("c", "U8", "[2]", 4, 6)
                + "}",
            6,
            3),
        Arguments.of(
            "zero before a huge size",
            "{" + entry("a", "F32", "[0,4611686018427387904,8]", 0, 0) + "}",
            0,
            1),
        Arguments.of("out of order", "{" + entry("b", "U8", "[2]", 4, 6) + "," + a + "}", 6, 2),
        Arguments.of("half bytes", "{" + entry("a", "F4", "[8]", 0, 4) + "}", 4, 1),
        Arguments.of("six bits", "{" + entry("a", "F6_E2M3", "[8]", 0, 6) + "}", 6, 1),
        Arguments.of(
            "unknown field",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":[{}]}}",
            4,
            1));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("accepted")
  void accepts(String name, String header, int data, int tensors) throws IOException {
    Path file = TestFiles.safetensors(folder.resolve("ok.safetensors"), header, data);
    try (SafetensorsFile open = Safetensors.open(file)) {
      assertEquals(tensors, open.entries().size(), name);
      for (TensorEntry entry : open.entries().values()) {
        assertEquals(entry.bytes(), open.data(entry.name()).byteSize());
      }
    }
  }

  static Stream<Arguments> refused() {
    String a = entry("a", "F32", "[1]", 0, 4);
    List<Arguments> out = new ArrayList<>();
    out.add(Arguments.of("{" + a, 4, "is not JSON at line 1, column"));
    out.add(Arguments.of("[]", 0, "not a JSON object"));
    out.add(Arguments.of("", 0, "not a JSON object"));
    out.add(Arguments.of("{" + a + "}{}", 4, "something follows"));
    out.add(Arguments.of("{" + a + "," + a + "}", 4, "'a': the name stands twice"));
    out.add(Arguments.of("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "stands twice"));
    out.add(Arguments.of("{\"__metadata__\":{\"k\":1}}", 0, "'k' is no string"));
    out.add(
        Arguments.of("{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}", 0, "key 'k' stands twice"));
    out.add(Arguments.of("{\"__metadata__\":null}", 0, "must be an object of strings"));
    out.add(Arguments.of("{\"a\":[]}", 0, "entry is no object"));
    out.add(Arguments.of("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype is missing"));
    out.add(Arguments.of("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "shape is miss"));
    out.add(
        Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets is missing"));
    out.add(Arguments.of("{" + entry("a", "f32", "[1]", 0, 4) + "}", 4, "dtype 'f32' is unknown"));
    out.add(Arguments.of("{" + entry("a", "C128", "[1]", 0, 16) + "}", 16, "'C128' is unknown"));
    out.add(Arguments.of("{" + entry("a", "F32", "1", 0, 4) + "}", 4, "shape is no array"));
    out.add(Arguments.of("{" + entry("a", "F32", "[-1]", 0, 4) + "}", 4, "whole numbers from 0"));
    out.add(Arguments.of("{" + entry("a", "F32", "[1.0]", 0, 4) + "}", 4, "whole numbers from 0"));
    out.add(
        Arguments.of(
            "{" + entry("a", "F32", "[18446744073709551616]", 0, 4) + "}",
            4,
            "a number in shape overflows"));
    out.add(
        Arguments.of(
            "{" + entry("a", "F32", "[4611686018427387904,8]", 0, 0) + "}", 0, "overflows"));
    out.add(
        Arguments.of(
            "{" + entry("a", "F32", "[" + "1,".repeat(64) + "1]", 0, 4) + "}",
            4,
            "more than 64 numbers"));
    out.add(Arguments.of("{" + entry("a", "F32", "[2]", 0, 4) + "}", 4, "needs 8 bytes"));
    out.add(Arguments.of("{" + entry("a", "F32", "[2]", 0, 8) + "}", 4, "reach past the end"));
    out.add(Arguments.of("{" + entry("a", "F32", "[0]", 4, 0) + "}", 4, "end before they begin"));
    out.add(Arguments.of("{" + entry("a", "F4", "[3]", 0, 2) + "}", 2, "byte boundary"));
    out.add(Arguments.of("{" + entry("a", "F32", "[1]", 4, 8) + "}", 8, "a hole before 'a'"));
    out.add(Arguments.of("{" + a + "," + entry("b", "F32", "[1]", 8, 12) + "}", 12, "a hole"));
    out.add(
        Arguments.of("{" + a + "," + entry("b", "F32", "[1]", 2, 6) + "}", 6, "inside the one"));
    out.add(Arguments.of("{" + a + "," + entry("b", "U8", "[0]", 2, 2) + "}", 4, "inside the one"));
    out.add(Arguments.of("{" + a + "}", 5, "1 bytes follow the last tensor"));
    out.add(Arguments.of("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0, "dtype stands twice"));
    out.add(
        Arguments.of(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,5]}}",
            4,
            "more than 2 numbers"));
    out.add(
        Arguments.of(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "has 1 numbers"));
    out.add(Arguments.of("{\"\\ud800\":1}", 0, "no Unicode text"));
    out.add(Arguments.of("{" + a + "}\0", 4, "NUL"));
    out.add(Arguments.of("\ufeff{" + a + "}", 4, "byte order mark"));
    out.add(
        Arguments.of(
            "{\"a\":{\"x\":" + "[".repeat(5000) + "]".repeat(5000) + "}}", 0, "beyond our limits"));
    return out.stream();
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("refused")
  void refuses(String header, int data, String rule) throws IOException {
    Path file = TestFiles.safetensors(folder.resolve("bad.safetensors"), header, data);
    assertRefused(file, rule);
  }

  @Test
  void refusesWhatIsNotEvenAHeader() throws IOException {
    Path file = folder.resolve("bad.safetensors");
    assertRefused(file, "does not exist");
    assertRefused(folder, "is a folder");
    Files.write(file, new byte[0]);
    assertRefused(file, "holds 0 bytes");
    Files.write(file, new byte[7]);
    assertRefused(file, "holds 7 bytes");
    Files.write(file, new byte[] {100, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
    assertRefused(file, "runs past the end");
    Files.write(file, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'});
    assertRefused(file, "is 18446744073709551615, more than the format's limit");
    Files.write(file, new byte[] {1, (byte) 0xe1, (byte) 0xf5, 5, 0, 0, 0, 0, '{', '}'});
    assertRefused(file, "limit of 100000000");
    Files.write(file, TestFiles.safetensors(new byte[] {'{', '"', -1, '"', '}'}, 0));
    assertRefused(file, "not UTF-8 at byte 10");
    // An encoded surrogate, and an overlong NUL: Java's own parsers let them pass.
    Files.write(
        file, TestFiles.safetensors(new byte[] {'{', '"', -19, -96, -128, '"', ':', '1', '}'}, 0));
    assertRefused(file, "not UTF-8");
    Files.write(file, TestFiles.safetensors("{}".getBytes(StandardCharsets.UTF_16LE), 0));
    assertRefused(file, "NUL");
  }

  private static void assertRefused(Path file, String rule) {
    long before = NativeMemory.liveBuffers();
    NacelleException e = assertThrows(NacelleException.class, () -> Safetensors.open(file).close());
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(rule), message);
    assertTrue(message.contains(String.valueOf(file.getFileName())), message);
    assertNotNull(e.hint());
    assertEquals(before, NativeMemory.liveBuffers(), "a mapping leaked");
  }

  @Test
  void hostileNamesDoNotReachTheTerminal() throws IOException {
    Path file =
        TestFiles.safetensors(
            folder.resolve("bad.safetensors"),
            "{\"\\u001b[2J" + "x".repeat(5000) + "\":{\"dtype\":\"F32\"}}",
            0);
    NacelleException e = assertThrows(NacelleException.class, () -> Safetensors.open(file).close());
    String message = String.valueOf(e.getMessage());
    assertFalse(message.contains("\u001b"), message);
    assertTrue(message.length() < 600, message);
    assertTrue(message.contains("\\u001b"), message);
  }

  @Test
  void readsElementsAndWidensThem() throws IOException {
    Path file = folder.resolve("t.safetensors");
    try (NativeBuffer half = NativeBuffer.allocate(4);
        NativeBuffer brain = NativeBuffer.allocate(4)) {
      half.setShort(0, Float.floatToFloat16(1.5f));
      half.setShort(1, Float.floatToFloat16(-2f));
      brain.setShort(0, (short) 0x3fc0);
      brain.setShort(1, (short) 0xc000);
      SafetensorsWriter.write(
          file,
          List.of(
              NamedTensor.of("f", new float[] {1.5f, -2f}, 2),
              NamedTensor.of("h", DType.FP16, new long[] {2}, half),
              NamedTensor.of("b", DType.BF16, new long[] {2, 1}, brain)),
          Map.of());
    }
    try (SafetensorsFile open = Safetensors.open(file);
        NativeBuffer wide = NativeBuffer.allocate(8)) {
      assertEquals(List.of("f", "b", "h"), List.copyOf(open.entries().keySet()));
      assertArrayEquals(new long[] {2, 1}, open.entry("b").shape());
      for (String name : open.entries().keySet()) {
        open.readFloat32(name, wide);
        assertEquals(1.5f, wide.getFloat(0), name);
        assertEquals(-2f, wide.getFloat(1), name);
      }
      assertNull(open.find("missing"));
      assertThrows(NacelleException.class, () -> open.data("missing"));
    }
  }

  @Test
  void readFaultNamesTheTensor() throws IOException {
    Path file =
        TestFiles.safetensors(
            folder.resolve("t.safetensors"), "{" + entry("a", "U8", "[4]", 0, 4) + "}", 4);
    try (SafetensorsFile open = Safetensors.open(file, FaultInjector.parse("read:2"))) {
      assertEquals(3, open.data("a").getByte(3));
      NacelleException e = assertThrows(NacelleException.class, () -> open.data("a"));
      assertEquals(3, e.kind().exitCode());
      assertEquals(0, open.data("a").getByte(0));
    }
  }
}
