package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.TensorEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** merge into folders, held against what PEFT recorded with the adapters beside their bases. */
final class MergeTest {
  private static final Path MODEL = Fixtures.model("plain");
  private static final Path ADAPTER = Fixtures.example("plain-qv").resolve("init");

  @TempDir private Path folder;

  private Outcome merge(Path model, Path adapter, String out, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "merge",
                "--model",
                model.toString(),
                "--adapter",
                adapter.toString(),
                "--out",
                folder.resolve(out).toString(),
                "--threads",
                "1",
                "--json"));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new));
  }

  @Test
  void everyRecordedAdapterMergesToPeftsLosses() throws IOException {
    int cases = 0;
    int tokens = 0;
    List<Path> folders;
    try (Stream<Path> all = Files.list(Fixtures.goldens())) {
      folders = all.filter(Fixtures::hasInitialAdapter).sorted().toList();
    }
    for (Path example : folders) {
      JsonNode flags = Outcome.JSON.readTree(example.resolve("case.json").toFile()).path("flags");
      Path model = example.resolve(flags.path("model").asText()).normalize();
      String name = String.valueOf(example.getFileName());
      JsonNode merged =
          merge(model, example.resolve("init"), name, "--dtype", "fp32").expect(0).json();
      assertEquals("fp32", merged.path("type").asText());
      assertTrue(merged.path("rounding").path("overall").asDouble() < 1e-4, merged::toString);
      tokens +=
          MergedLosses.hold(
              folder.resolve(name), example, flags, folder.resolve(name + ".jsonl"), 2e-4, 1e-5);
      cases++;
    }
    assertEquals(39, cases);
    assertTrue(tokens > 3000, "only " + tokens + " tokens compared");
  }

  @Test
  void shardsHoldTheSameTensorsAsOneFile() throws IOException {
    assertEquals(1, merge(MODEL, ADAPTER, "one").expect(0).json().path("files").asInt());
    JsonNode many = merge(MODEL, ADAPTER, "many", "--max-shard-size", "40KB").expect(0).json();
    assertTrue(many.path("files").asInt() >= 4, many::toString);
    List<String> files = Fixtures.files(folder.resolve("many"));
    assertTrue(files.contains("model.safetensors.index.json"), files::toString);
    assertFalse(files.contains("model.safetensors"), files::toString);
    try (HfFolder one = HfFolder.open(folder.resolve("one"));
        HfFolder shards = HfFolder.open(folder.resolve("many"))) {
      assertEquals(List.of(), shards.notes());
      assertEquals(one.entries().keySet(), new TreeSet<>(shards.entries().keySet()));
      for (String name : one.entries().keySet()) {
        assertArrayEquals(Fixtures.floats(one, name), Fixtures.floats(shards, name), name);
      }
    }
  }

  @Test
  void roundingIsReportedAsItIs() throws IOException {
    merge(MODEL, ADAPTER, "fp32").expect(0);
    for (String type : List.of("bf16", "fp16")) {
      JsonNode report = merge(MODEL, ADAPTER, type, "--dtype", type).expect(0).json();
      double lost = 0;
      double added = 0;
      double worst = 0;
      String worstTensor = "";
      try (HfFolder base = HfFolder.open(MODEL);
          HfFolder exact = HfFolder.open(folder.resolve("fp32"));
          HfFolder narrow = HfFolder.open(folder.resolve(type))) {
        for (String name : base.entries().keySet()) {
          float[] before = Fixtures.floats(base, name);
          float[] wide = Fixtures.floats(exact, name);
          float[] stored = Fixtures.floats(narrow, name);
          double lostHere = 0;
          double addedHere = 0;
          for (int i = 0; i < before.length; i++) {
            lostHere += Math.pow((double) stored[i] - wide[i], 2);
            addedHere += Math.pow((double) wide[i] - before[i], 2);
          }
          if (addedHere > 0) {
            lost += lostHere;
            added += addedHere;
            if (Math.sqrt(lostHere / addedHere) > worst) {
              worst = Math.sqrt(lostHere / addedHere);
              worstTensor = name;
            }
          } else {
            // Not adapted: nothing but the nearest number of the type.
            for (int i = 0; i < before.length; i++) {
              assertEquals(before[i], stored[i], Math.abs(before[i]) / 256 + 1e-7, name);
            }
          }
        }
        assertEquals(type.equals("bf16") ? "BF16" : "F16", entry(narrow).fileDtype());
      }
      JsonNode rounding = report.path("rounding");
      double overall = Math.sqrt(lost / added);
      assertTrue(overall > 1e-4, "nothing was rounded");
      assertEquals(overall, rounding.path("overall").asDouble(), 1e-3 * overall);
      assertEquals(worst, rounding.path("worst").path("relative").asDouble(), 1e-3 * worst);
      assertEquals(worstTensor, rounding.path("worst").path("tensor").asText());
      JsonNode config = Outcome.JSON.readTree(folder.resolve(type).resolve("config.json").toFile());
      String name = type.equals("bf16") ? "bfloat16" : "float16";
      assertEquals(name, config.path("dtype").asText());
    }
  }

  @Test
  void aTiedHeadIsUntied() throws IOException {
    Path model = Fixtures.model("gqa-tied");
    Path adapter = Fixtures.example("tied-head").resolve("init");
    assertTrue(merge(model, adapter, "m").expect(0).json().path("untied").asBoolean());
    JsonNode config = Outcome.JSON.readTree(folder.resolve("m/config.json").toFile());
    assertFalse(config.path("tie_word_embeddings").asBoolean(true));
    try (HfFolder base = HfFolder.open(model);
        HfFolder merged = HfFolder.open(folder.resolve("m"))) {
      String table = "model.embed_tokens.weight";
      assertArrayEquals(Fixtures.floats(base, table), Fixtures.floats(merged, table));
      assertArrayEquals(merged.entry(table).shape(), merged.entry("lm_head.weight").shape());
    }
  }

  @Test
  void whatIsThereIsReplacedOnlyWhereAsked() throws IOException {
    Path out = Files.createDirectory(folder.resolve("out"));
    Fixtures.write(out.resolve("notes.txt"), "mine");
    Fixtures.write(out.resolve("model-00001-of-00002.safetensors"), "stale");
    List<String> before = Fixtures.files(folder);
    assertTrue(merge(MODEL, ADAPTER, "out").expect(2).err().contains("--overwrite"));
    assertEquals(before, Fixtures.files(folder));
    merge(MODEL, ADAPTER, "out", "--overwrite").expect(0);
    assertEquals(
        List.of(
            "config.json",
            "model.safetensors",
            "notes.txt",
            "tokenizer.json",
            "tokenizer_config.json"),
        Fixtures.files(out));
    assertEquals(List.of("out"), names(folder));
  }

  @Test
  void refusalsLeaveNothing() throws IOException {
    Path base = Fixtures.copy(MODEL, folder.resolve("base"));
    Path adapter = Fixtures.copy(ADAPTER, folder.resolve("adapter"));
    Path config = adapter.resolve("adapter_config.json");
    String text = Files.readString(config);
    ObjectNode json = (ObjectNode) Outcome.JSON.readTree(text);
    Files.writeString(config, json.deepCopy().put("peft_type", "LOHA").toString());
    assertTrue(merge(base, adapter, "out").expect(3).err().contains("LOHA"));
    Files.writeString(config, json.deepCopy().put("peft_type", "NOVEL").toString());
    assertTrue(merge(base, adapter, "out").expect(3).err().contains("NOVEL"));
    Files.writeString(config, text);

    spoil(adapter, 1e6f);
    assertTrue(
        merge(base, adapter, "out", "--dtype", "fp16")
            .expect(3)
            .err()
            .contains("too large for fp16"));
    spoil(adapter, Float.NaN);
    assertTrue(merge(base, adapter, "out").expect(3).err().contains("not finite"));

    Outcome within = merge(base, ADAPTER, "base", "--overwrite").expect(2);
    assertTrue(within.err().contains("would replace"), within.err());
    merge(base, ADAPTER, "out", "--dtype", "int8").expect(2);
    merge(base, ADAPTER, "out", "--format", "onnx").expect(2);
    merge(base, ADAPTER, "out", "--max-shard-size", "many").expect(2);
    merge(folder.resolve("nowhere"), ADAPTER, "out").expect(3);
    Fixtures.write(folder.resolve("file"), "x");
    merge(base, ADAPTER, "file").expect(5);
    assertEquals(List.of("adapter", "base", "file"), names(folder));
  }

  /** Makes the first number of every B what is given. */
  private static void spoil(Path adapter, float value) throws IOException {
    Path file = adapter.resolve("adapter_model.safetensors");
    List<NamedTensor> tensors = new ArrayList<>();
    try (SafetensorsFile open = Safetensors.open(file)) {
      for (TensorEntry entry : open.entries().values()) {
        float[] values = Fixtures.floats(open, entry.name());
        values[0] = entry.name().contains("lora_B") ? value : 1;
        tensors.add(NamedTensor.of(entry.name(), values, entry.shape()));
      }
    }
    SafetensorsWriter.write(file, tensors, SafetensorsWriter.PYTORCH_METADATA);
  }

  private static TensorEntry entry(HfFolder open) {
    return open.entries().values().iterator().next();
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(p -> String.valueOf(p.getFileName())).sorted().toList();
    }
  }
}
