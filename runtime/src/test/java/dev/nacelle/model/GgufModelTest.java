package dev.nacelle.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a file of the gguf package and its own dequantised tensors (gguf_golden.py). */
final class GgufModelTest {
  @TempDir Path folder;
  private Path gguf = Path.of("");
  private Path expected = Path.of("");

  @BeforeEach
  void golden() throws IOException {
    gguf = copy("tiny.gguf");
    expected = copy("tiny_gguf.safetensors");
  }

  private Path copy(String name) throws IOException {
    try (InputStream in = Objects.requireNonNull(getClass().getResourceAsStream(name))) {
      return Files.write(folder.resolve(name), in.readAllBytes());
    }
  }

  @Test
  void tensorsEqualTheGgufPackage() {
    Set<String> types = new HashSet<>();
    try (GgufModel model = GgufModel.of(GgufFile.open(gguf));
        SafetensorsFile golden = Safetensors.open(expected)) {
      assertEquals(
          golden.entries().keySet().stream().sorted().toList(),
          model.entries().keySet().stream().sorted().toList());
      for (TensorEntry want : golden.entries().values()) {
        TensorEntry entry = model.entry(want.name());
        types.add(entry.fileDtype());
        assertArrayEquals(want.shape(), entry.shape(), want.name());
        try (NativeBuffer wide = NativeBuffer.allocate(want.bytes())) {
          model.readFloat32(want.name(), wide);
          NativeBuffer data = golden.data(want.name());
          for (long i = 0; i < want.elements(); i++) {
            assertEquals(data.getInt(i), wide.getInt(i), want.name() + " element " + i);
          }
        }
        boolean moved = want.name().contains("q_proj") || want.name().contains("k_proj");
        if (moved) {
          assertNull(entry.dtype(), "rows that must be moved have no type to map");
        }
      }
      assertEquals(Set.of("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q8_0"), types);
    }
  }

  @Test
  void configurationComesFromTheMetadata() {
    try (GgufModel model = GgufModel.of(GgufFile.open(gguf))) {
      ModelConfig config = model.config();
      assertEquals(
          new ModelConfig(
              32,
              64,
              1,
              4,
              2,
              8,
              40,
              config.rmsNormEps(),
              50_000,
              new RopeScaling.Table(List.of(1f, 1.5f, 4f, 8f)),
              256,
              true,
              false,
              false,
              0,
              List.of(0),
              null,
              null),
          config);
      assertEquals(1e-5f, (float) config.rmsNormEps());
      float[] inverse = RopeFrequencies.inverse(config, 1);
      assertEquals(1f, inverse[0]);
      assertEquals((float) (1 / Math.pow(50_000, 0.25)) / 1.5f, inverse[1], 1e-8f);
    }
  }

  @Test
  void vocabularyComesFromTheMetadata() {
    try (GgufFile file = GgufFile.open(gguf)) {
      GgufVocabulary vocabulary = GgufVocabulary.read(file);
      assertEquals("gpt2", vocabulary.model());
      assertEquals("smollm", vocabulary.pre());
      assertEquals(40, vocabulary.tokens().size());
      assertEquals("<|end|>", vocabulary.tokens().getFirst());
      assertEquals(GgufVocabulary.CONTROL, vocabulary.type(0));
      assertEquals(1, vocabulary.type(1));
      assertEquals(List.of("! \""), vocabulary.merges());
      assertEquals(0, vocabulary.ids().bos());
      assertEquals(-1, vocabulary.ids().padding());
      assertEquals(true, vocabulary.habits().addBos());
      assertNull(vocabulary.habits().addEos());
      assertEquals("{{ messages }}", vocabulary.chatTemplate());
    }
  }

  @Test
  void versionTwoReadsTheSame() throws IOException {
    byte[] bytes = Files.readAllBytes(gguf);
    bytes[4] = 2;
    Files.write(gguf, bytes);
    try (GgufModel model = GgufModel.of(GgufFile.open(gguf))) {
      assertEquals(2, model.file().version());
    }
  }

  @Test
  void refusals() throws IOException {
    byte[] whole = Files.readAllBytes(gguf);
    refused(Arrays.copyOf(whole, whole.length - 20), "runs past the end of the file");
    refused(Arrays.copyOf(whole, 600), "runs past the end of the file");
    refused(Arrays.copyOf(whole, 2000), "past the end");
    refused(Arrays.copyOf(whole, 23), "has at least 24");
    refused(patched(whole, "GGUF", "GGML"), "does not begin with GGUF");
    refused(with(whole, 4, 1), "has version 1");
    refused(with(with(whole, 4, 0), 7, 3), "is big-endian");
    refused(with(whole, 15, 0x7f), "the number of tensors is");
    refused(with(whole, 23, 0x7f), "the number of metadata keys is");
    refused(with(whole, 31, 0x7f), "runs past the end");
    refused(
        patched(whole, "llama.block_count", "llama.block_kount"), "'llama.block_count' is miss");
    refused(patched(whole, "blk.0.ffn_up.weight", "blk.0.ffn_uq.weight"), "blk.0.ffn_up.weight");
    refused(
        patched(whole, "blk.0.ffn_up.weight", "blk.0.ffn_gate.bias"), "has no tensor blk.0.ffn_up");
    refused(
        patched(whole, "blk.0.attn_v.bias", "blk.0.attn_q.bias"),
        "'blk.0.attn_q.bias' stands twice");
    refused(patched(whole, "rope_freqs.weight", "rope_freqz.weight"), "rope_freqz.weight");
  }

  @Test
  void partsOfASplitModelAreRefused() throws IOException {
    byte[] whole = Files.readAllBytes(gguf);
    gguf = folder.resolve("tiny-00002-of-00003.gguf");
    refused(whole, "is one of 3 parts of a split model");
    gguf = folder.resolve("part.gguf");
    ByteBuffer part = ByteBuffer.allocate(24 + 8 + 11 + 4 + 2).order(ByteOrder.LITTLE_ENDIAN);
    part.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(0).putLong(1);
    part.putLong(11).put("split.count".getBytes(StandardCharsets.US_ASCII)).putInt(2);
    refused(part.putShort((short) 2).array(), "is one of 2 parts of a split model");
    gguf = folder.resolve("tiny-00001-of-00001.gguf");
    Files.write(gguf, whole);
    try (GgufModel model = GgufModel.of(GgufFile.open(gguf))) {
      assertEquals(1, model.config().layers());
    }
  }

  @Test
  void otherTypesAreRefusedByName() throws IOException {
    byte[] bytes = Files.readAllBytes(gguf);
    // IQ4_NL has blocks as large as Q4_0's: behind the name stand two sizes of eight bytes.
    byte[] name = "blk.0.attn_v.weight".getBytes(StandardCharsets.US_ASCII);
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("blk.0.attn_v.weight");
    int type = at + name.length + 4 + 16;
    assertEquals(2, bytes[type], "Q4_0");
    refused(
        with(bytes, type, 20),
        "is IQ4_NL[16, 32], a type that Nacelle does not read yet",
        "types read so far: F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, BF16");
    refused(with(bytes, type, 4), "has the unknown type 4");
  }

  private void refused(byte[] bytes, String said, String hint) throws IOException {
    assertEquals(hint, refusal(bytes, said).hint());
  }

  private void refused(byte[] bytes, String said) throws IOException {
    assertNotNull(refusal(bytes, said).hint());
  }

  private NacelleException refusal(byte[] bytes, String said) throws IOException {
    Files.write(gguf, bytes);
    long before = NativeMemory.liveBuffers();
    NacelleException e =
        assertThrows(
            NacelleException.class,
            () -> {
              GgufFile open = GgufFile.open(gguf);
              try {
                GgufModel.of(open);
              } finally {
                open.close();
              }
            });
    assertEquals(3, e.kind().exitCode());
    assertFalse(String.valueOf(e.getMessage()).isBlank());
    assertTrue(String.valueOf(e.getMessage()).contains(said), e.getMessage());
    assertEquals(before, NativeMemory.liveBuffers());
    return e;
  }

  private static byte[] with(byte[] bytes, int at, int value) {
    byte[] copy = bytes.clone();
    copy[at] = (byte) value;
    return copy;
  }

  /** Replaces a text by one of the same length. */
  private static byte[] patched(byte[] bytes, String from, String to) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    return text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
  }
}
