package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models and adapters that are missing, damaged or do not match: exit 3, and nothing is written.
 */
final class BadModelTest {
  /** One way of spoiling a copy of a model folder, and a word that the message must have. */
  private record Spoilt(String name, String model, Spoil spoil, String word) {}

  @FunctionalInterface
  private interface Spoil {
    void apply(Path folder) throws IOException;
  }

  @TempDir private Path temporary;

  @TestFactory
  Stream<DynamicTest> spoiltModels() {
    List<Spoilt> all =
        List.of(
            new Spoilt("no config", "plain", f -> Files.delete(f.resolve("config.json")), "config"),
            new Spoilt("config no JSON", "plain", f -> text(f, "config.json", "{\"a\":"), "config"),
            new Spoilt("other family", "plain", f -> swap(f, "\"llama\"", "\"mamba\""), "mamba"),
            new Spoilt("activation", "plain", f -> swap(f, "\"silu\"", "\"gelu\""), "gelu"),
            new Spoilt(
                "width",
                "plain",
                f -> swap(f, "intermediate_size\":64", "intermediate_size\":72"),
                "72"),
            new Spoilt(
                "no tokenizer",
                "plain",
                f -> Files.delete(f.resolve("tokenizer.json")),
                "tokenizer.json does not exist"),
            new Spoilt(
                "settings no JSON",
                "plain",
                f -> text(f, "tokenizer_config.json", "{\"chat_template\": 5"),
                "tokenizer_config.json is not JSON at line 1"),
            new Spoilt(
                "tokenizer no JSON", "plain", f -> text(f, "tokenizer.json", "[1,"), "tokenizer"),
            new Spoilt(
                "tokenizer kind",
                "plain",
                f -> text(f, "tokenizer.json", "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}}"),
                "WordPiece"),
            new Spoilt(
                "no weights",
                "plain",
                f -> Files.delete(f.resolve("model.safetensors")),
                "safetensors"),
            new Spoilt(
                "cut weights",
                "plain",
                f -> cut(f, "model.safetensors", 1000),
                "model.safetensors"),
            new Spoilt(
                "empty weights",
                "plain",
                f -> text(f, "model.safetensors", ""),
                "model.safetensors"),
            new Spoilt(
                "header no JSON", "plain", f -> header(f, "{\"x\":[}"), "header, line 1, column"),
            new Spoilt(
                "unknown dtype",
                "plain",
                f ->
                    header(
                        f,
                        "{\"lm_head.weight\":{\"dtype\":\"Q9\",\"shape\":[1],\"data_offsets\":[0,4]}}"),
                "Q9"),
            new Spoilt(
                "cut shard",
                "llama3",
                f -> cut(f, "model-00002-of-00002.safetensors", 100),
                "model-00002"),
            new Spoilt(
                "shard missing",
                "llama3",
                f -> Files.delete(f.resolve("model-00002-of-00002.safetensors")),
                "model-00002"),
            new Spoilt("shard outside", "llama3", BadModelTest::pointOutside, "../"));
    assertEquals(17, all.size());
    return all.stream().map(s -> DynamicTest.dynamicTest(s.name, () -> refused(s)));
  }

  private void refused(Spoilt spoilt) throws IOException {
    Path model =
        Fixtures.copy(
            Fixtures.model(spoilt.model), temporary.resolve(spoilt.name.replace(' ', '-')));
    spoilt.spoil.apply(model);
    Path out = temporary.resolve("out");
    Outcome outcome =
        Outcome.of(
                "finetune",
                "--model",
                model.toString(),
                "--data",
                data(),
                "--out",
                out.toString(),
                "--steps",
                "1",
                "--threads",
                "1")
            .expect(3);
    assertTrue(outcome.err().contains(spoilt.word), outcome.err());
    // The place is known, and no library speaks of itself.
    assertFalse(outcome.err().contains("byte ?"), outcome.err());
    assertFalse(outcome.err().contains("StreamRead"), outcome.err());
    assertEquals("", outcome.out());
    assertEquals(List.of(), Fixtures.files(out));
    Files.deleteIfExists(out);
  }

  @TestFactory
  Stream<DynamicTest> spoiltAdapters() {
    return Stream.<Spoilt>of(
            new Spoilt("adapter missing", "", f -> deleteAll(f), "adapter_config.json"),
            new Spoilt(
                "config missing",
                "",
                f -> Files.delete(f.resolve("adapter_config.json")),
                "adapter_config.json"),
            new Spoilt(
                "config no JSON",
                "",
                f -> text(f, "adapter_config.json", "no"),
                "adapter_config.json"),
            new Spoilt(
                "weights missing",
                "",
                f -> Files.delete(f.resolve("adapter_model.safetensors")),
                "adapter_model.safetensors"),
            new Spoilt(
                "weights cut",
                "",
                f -> cut(f, "adapter_model.safetensors", 64),
                "adapter_model.safetensors"))
        .map(
            s ->
                DynamicTest.dynamicTest(
                    s.name,
                    () -> {
                      Path adapter =
                          Fixtures.copy(
                              Fixtures.example("plain-qv").resolve("init"),
                              temporary.resolve("a-" + s.name.replace(' ', '-')));
                      s.spoil.apply(adapter);
                      assertTrue(eval(adapter).err().contains(s.word), s.name);
                    }));
  }

  @Test
  void adapterOfAnotherModel() {
    assertTrue(eval(Fixtures.example("wide-head-text").resolve("init")).err().contains("lora"));
  }

  private static Outcome eval(Path adapter) {
    return Outcome.of(
            "eval",
            "--model",
            Fixtures.model("plain").toString(),
            "--adapter",
            adapter.toString(),
            "--data",
            data(),
            "--threads",
            "1")
        .expect(3);
  }

  private static String data() {
    return Fixtures.example("plain-qv").resolve("data.jsonl").toString();
  }

  private static void text(Path folder, String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private static void swap(Path folder, String from, String to) throws IOException {
    Path config = folder.resolve("config.json");
    String text = Files.readString(config).replaceAll("\\s*:\\s*", ":");
    assertTrue(text.contains(from), text);
    Files.writeString(config, text.replace(from, to));
  }

  private static void cut(Path folder, String name, int bytes) throws IOException {
    byte[] all = Files.readAllBytes(folder.resolve(name));
    Files.write(folder.resolve(name), Arrays.copyOf(all, all.length - bytes));
  }

  /** Replaces the weights by a header alone and four bytes of data. */
  private static void header(Path folder, String json) throws IOException {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(8 + text.length + 4)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(text.length)
            .put(text);
    Files.write(folder.resolve("model.safetensors"), file.array());
  }

  private static void pointOutside(Path folder) throws IOException {
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(
        index,
        Files.readString(index)
            .replace("model-00002-of-00002.safetensors", "../model-00002-of-00002.safetensors"));
  }

  private static void deleteAll(Path folder) throws IOException {
    for (String name : Fixtures.files(folder)) {
      Files.delete(folder.resolve(name));
    }
    Files.delete(folder);
  }
}
