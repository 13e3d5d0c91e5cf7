package dev.nacelle.file;

import static dev.nacelle.file.TestFiles.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HfFolderTest {
  private static final String ONE = "model-00001-of-00002.safetensors";
  private static final String TWO = "model-00002-of-00002.safetensors";

  @TempDir Path folder;

  @BeforeEach
  void config() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\":\"llama\"}");
  }

  private void shards() throws IOException {
    TestFiles.safetensors(folder.resolve(ONE), "{" + entry("a", "U8", "[2]", 0, 2) + "}", 2);
    TestFiles.safetensors(
        folder.resolve(TWO),
        "{" + entry("b", "U8", "[3]", 0, 3) + "," + entry("c", "U8", "[1]", 3, 4) + "}",
        4);
  }

  private void index(String json) throws IOException {
    Files.writeString(folder.resolve("model.safetensors.index.json"), json);
  }

  private String refused() {
    long before = NativeMemory.liveBuffers();
    NacelleException e = assertThrows(NacelleException.class, () -> HfFolder.open(folder).close());
    assertEquals(3, e.kind().exitCode());
    assertEquals(before, NativeMemory.liveBuffers(), "a mapping leaked");
    return e.getMessage() + " " + e.hint();
  }

  @Test
  void oneFile() throws IOException {
    TestFiles.safetensors(
        folder.resolve("model.safetensors"), "{" + entry("a", "U8", "[2]", 0, 2) + "}", 2);
    try (HfFolder open = HfFolder.open(folder)) {
      assertEquals(1, open.data("a").getByte(1));
      assertEquals("llama", open.config().string("model_type"));
      assertNull(open.json("generation_config.json"));
      assertTrue(open.notes().isEmpty());
      NacelleException e = assertThrows(NacelleException.class, () -> open.data("x"));
      assertTrue(String.valueOf(e.getMessage()).contains("no tensor 'x'"));
    }
  }

  @Test
  void shardsUnderAnIndex() throws IOException {
    shards();
    index(
        "{\"metadata\":{\"total_size\":99},\"weight_map\":{\"b\":\"%s\",\"a\":\"%s\"}}"
            .formatted(TWO, ONE));
    try (HfFolder open = HfFolder.open(folder)) {
      assertEquals(List.of("b", "a"), List.copyOf(open.entries().keySet()));
      assertEquals(2, open.data("b").getByte(2));
      assertEquals(2, open.files().size());
      assertEquals(2, open.notes().size(), "the total, and c that the index leaves out");
    }
  }

  @Test
  void missingPiecesAreNamed() throws IOException {
    assertTrue(refused().contains("has neither model.safetensors nor"));
    Files.writeString(folder.resolve("pytorch_model.bin"), "x");
    assertTrue(refused().contains("only pytorch_model.bin"));
    shards();
    index("{\"weight_map\":{\"a\":\"%s\",\"z\":\"%s\"}}".formatted(ONE, TWO));
    assertTrue(refused().contains("places tensor 'z' in '" + TWO));
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"gone.safetensors\"}}".formatted(ONE));
    assertTrue(refused().contains("gone.safetensors, which"));
    byte[] whole = Files.readAllBytes(folder.resolve(TWO));
    Files.write(folder.resolve(TWO), java.util.Arrays.copyOf(whole, whole.length - 1));
    index("{\"weight_map\":{\"a\":\"%s\",\"b\":\"%s\"}}".formatted(ONE, TWO));
    assertTrue(refused().contains("reach past the end"));
    Files.delete(folder.resolve("config.json"));
    assertTrue(refused().contains("has no config.json"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../secret.safetensors",
        "/etc/passwd",
        "a/b.safetensors",
        "a\\\\b.safetensors",
        "..",
        ".",
        "",
        "x\\u0000y",
        "\\ud800"
      })
  void shardNamesArePlain(String name) throws IOException {
    shards();
    index("{\"weight_map\":{\"a\":\"" + name + "\"}}");
    assertTrue(refused().contains("is not a plain name inside the folder"), name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "{\"weight_map\":[]}",
        "{\"weight_map\":{}}",
        "{\"weight_map\":{\"a\":1}}",
        "{\"weight_map\":{\"a\":\"x\",\"a\":\"x\"}}",
        "{\"weight_map\":{\"a\":\"x\"},\"metadata\":{\"total_size\":-1}}",
        "{\"weight_map\":{\"a\":\"x\"},\"metadata\":{\"total_size\":\"9\"}}",
        "{\"weight_map\":{\"a\":\"x\"}} x",
        "{\"weight_map\":",
        "\u0000{}"
      })
  void malformedIndexes(String json) throws IOException {
    index(json);
    assertTrue(refused().contains("index.json"));
  }

  @Test
  void malformedConfigs() throws IOException {
    for (String json :
        List.of("", "nonsense", "[1]", "{\"a\":1,\"a\":2}", "{\"a\":NaN}", "{} {}")) {
      Files.writeString(folder.resolve("config.json"), json);
      assertTrue(refused().contains("config.json"), json);
    }
  }
}
