package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.GgufFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** merge --format gguf from Hugging Face folders: one file that is the model, text and all. */
final class FolderToGgufTest {
  /** Rotary positions that GGUF has no words for. */
  private static final Set<String> UNSAYABLE =
      Set.of(
          "dynamic-long",
          "dynamic-short",
          "whole-bf16",
          "yarn-bf16",
          "yarn-bf16-file",
          "yarn-f16-file");

  @TempDir private Path folder;

  private Outcome merge(Path model, Path adapter, String out, String... more) {
    List<String> args =
        Stream.concat(
                Stream.of("merge", "--model", model.toString(), "--adapter", adapter.toString()),
                Stream.concat(
                    Stream.of("--format", "gguf", "--out", folder.resolve(out).toString()),
                    Stream.of(more)))
            .toList();
    return Outcome.of(args.toArray(String[]::new));
  }

  /** Ids equal, losses as PEFT had them less what 16 bits lose. */
  @Test
  void everyRecordedAdapterGivesPeftsLosses() throws IOException {
    List<Path> folders;
    try (Stream<Path> all = Files.list(Fixtures.goldens())) {
      folders = all.filter(Fixtures::hasInitialAdapter).sorted().toList();
    }
    Set<String> refused = new TreeSet<>();
    int tokens = 0;
    for (Path example : folders) {
      String name = String.valueOf(example.getFileName());
      JsonNode flags = Outcome.JSON.readTree(example.resolve("case.json").toFile()).path("flags");
      Path model = example.resolve(flags.path("model").asText()).normalize();
      Outcome outcome = merge(model, example.resolve("init"), name + ".gguf");
      if (UNSAYABLE.contains(name)) {
        String err = outcome.expect(3).err();
        assertTrue(err.contains(name.startsWith("dynamic") ? "dynamic" : "yarn"), err);
        assertFalse(Files.exists(folder.resolve(name + ".gguf")));
        refused.add(name);
      } else {
        outcome.expect(0);
        tokens +=
            MergedLosses.hold(
                folder.resolve(name + ".gguf"),
                example,
                flags,
                folder.resolve(name + ".jsonl"),
                2e-2,
                1e-3);
      }
    }
    assertEquals(UNSAYABLE, refused);
    assertEquals(39, folders.size());
    assertTrue(tokens > 2_000, "only " + tokens + " tokens compared");
  }

  @Test
  void metadataIsWhatTheFolderSays() throws IOException {
    Path model = Fixtures.model("wide-head");
    Path adapter = Fixtures.example("wide-head-text").resolve("init");
    merge(model, adapter, "m.gguf", "--type", "q8_0").expect(0);
    try (GgufFile file = GgufFile.open(folder.resolve("m.gguf"))) {
      assertEquals("llama", file.metadata().text("general.architecture"));
      assertEquals("wide-head", file.metadata().text("general.name"));
      assertEquals(7, file.metadata().integer("general.file_type", 0, 99));
      assertEquals("llama-bpe", file.metadata().text("tokenizer.ggml.pre"));
      assertEquals(16, file.metadata().integer("llama.attention.key_length", 0, 99));
      assertEquals(2, file.metadata().integer("llama.attention.head_count_kv", 0, 99));
      assertEquals(4, file.metadata().integer("tokenizer.ggml.eos_token_id", 0, 999));
      assertEquals(1, file.metadata().integer("tokenizer.ggml.eot_token_id", 0, 999));
      assertTrue(file.metadata().flag("tokenizer.ggml.add_bos_token", false));
      assertEquals(
          Files.readString(model.resolve("chat_template.jinja")),
          file.metadata().text("tokenizer.chat_template"));
      // llama3's stretched frequencies, a divisor for each of half a head.
      assertEquals(8, file.entry("rope_freqs.weight").elements());
    }
  }

  /** An unknown way to cut text is refused, naming it, and no file is left. */
  @Test
  void anUnknownPreTokenizerIsRefusedByName() throws IOException {
    Path model = Fixtures.copy(Fixtures.model("plain"), folder.resolve("base"));
    Path file = model.resolve("tokenizer.json");
    ObjectNode tokenizer = (ObjectNode) Outcome.JSON.readTree(file.toFile());
    ObjectNode cut = (ObjectNode) tokenizer.path("pre_tokenizer").path("pretokenizers").path(0);
    cut.removeAll();
    cut.put("type", "Split").put("behavior", "Isolated").put("invert", false);
    cut.putObject("pattern").put("Regex", "[aeiou]+|\\d\\d");
    Outcome.JSON.writeValue(file.toFile(), tokenizer);
    Outcome outcome =
        merge(model, Fixtures.example("plain-qv").resolve("init"), "m.gguf").expect(3);
    assertTrue(outcome.err().contains("[aeiou]+|\\d\\d"), outcome.err());
    assertFalse(Files.exists(folder.resolve("m.gguf")));
  }
}
