package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** HydraLoRA through all commands: what LoRA has it has too, and what cannot be is refused. */
final class HydraCommandTest {
  private static final String PLAIN = Fixtures.model("plain").toString();
  private static final String QUANTISED =
      Fixtures.example("../gguf/q4_1").resolve("model.gguf").toString();
  private static final String WEIGHTS = "adapter_model.safetensors";

  @TempDir private Path folder;

  private static Outcome nacelle(String... args) {
    return Outcome.of(args);
  }

  /** Runs on a tiny model with every linear layer adapted, scale 2. */
  private Outcome train(String out, String model, String flags) {
    List<String> args = new ArrayList<>(List.of("finetune", "--quiet"));
    args.addAll(flags.contains("--adapter") ? List.of() : List.of("--adapter", "hydra"));
    args.addAll(List.of("--out", folder.resolve(out).toString(), "--model", model));
    args.addAll(List.of("--data", Fixtures.example("plain-text").resolve("data.jsonl").toString()));
    args.addAll(List.of("--rank", "4", "--alpha", "8", "--lr", "5e-3", "--max-length", "48"));
    args.addAll(List.of("--schedule", "constant", "--threads", "1"));
    args.addAll(List.of(flags.split(" ")));
    return Outcome.of(args.toArray(String[]::new));
  }

  private String adapter(String name, String flags) {
    train(name, PLAIN, flags).expect(0);
    return folder.resolve(name).toString();
  }

  private static double loss(String... model) {
    List<String> args = new ArrayList<>(List.of("eval", "--json", "--quiet", "--threads", "1"));
    args.addAll(List.of("--data", Fixtures.example("plain-qv").resolve("data.jsonl").toString()));
    args.addAll(List.of(model));
    return Outcome.of(args.toArray(String[]::new)).expect(0).json().path("loss").asDouble();
  }

  @TestFactory
  Stream<DynamicTest> goesOnToTheSameBytes() {
    Map<String, String> runs =
        new TreeMap<>(
            Map.of(
                "plain", PLAIN + " --heads 3",
                "balanced", PLAIN + " --heads 3 --balance-weight 0.5",
                "bf16", PLAIN + " --heads 2 --dtype bf16",
                "quantised", QUANTISED + " --heads 3",
                "accumulated", PLAIN + " --heads 2 --accumulate 2 --packing off"));
    return runs.entrySet().stream()
        .map(run -> DynamicTest.dynamicTest(run.getKey(), () -> goOn(run)));
  }

  private void goOn(Map.Entry<String, String> run) throws IOException {
    String[] words = run.getValue().split(" ", 2);
    String flags = words[1] + " --dropout 0.1 --steps ";
    Path whole = folder.resolve(run.getKey());
    Path parts = folder.resolve(run.getKey() + "-parts");
    train(run.getKey(), words[0], flags + 6).expect(0);
    train(run.getKey() + "-parts", words[0], flags + 2).expect(0);
    for (String steps : List.of("5", "6")) {
      nacelle("finetune", "--quiet", "--resume", "--out", parts.toString(), "--steps", steps)
          .expect(0);
    }
    assertEquals(-1L, Files.mismatch(whole.resolve(WEIGHTS), parts.resolve(WEIGHTS)));
    assertEquals(routers(whole), routers(parts), "what the routers did is the same too");
    assertEquals(6, routers(whole).size());
  }

  /** The routers' part of each line of the step log. */
  private static List<JsonNode> routers(Path out) throws IOException {
    List<JsonNode> routers = new ArrayList<>();
    for (String line : Files.readAllLines(out.resolve("log.jsonl"))) {
      routers.add(Outcome.JSON.readTree(line).path("router"));
    }
    return routers;
  }

  @Test
  void aBalanceIsInTheLogAndPulls() throws IOException {
    String flags = "--heads 3 --targets q_proj,down_proj --steps 20 --balance-weight ";
    adapter("free", flags + 0);
    adapter("held", flags + 20);
    List<JsonNode> free = routers(folder.resolve("free"));
    List<JsonNode> held = routers(folder.resolve("held"));
    double before = held.getFirst().path("balance").asDouble();
    assertEquals(before, free.getFirst().path("balance").asDouble());
    assertTrue(before >= 1 / 3.0 - 1e-3 && before <= 1, "balance " + before);
    double after = held.getLast().path("balance").asDouble();
    assertTrue(after < free.getLast().path("balance").asDouble(), "pulled to " + after);
    assertEquals(
        firstLoss("free"), firstLoss("held"), "the loss that is logged is the text's alone");
    for (String impossible : List.of("-1", "NaN", "much")) {
      train("never", PLAIN, "--heads 2 --steps 1 --balance-weight " + impossible).expect(2);
    }
  }

  private double firstLoss(String run) throws IOException {
    String line = Files.readAllLines(folder.resolve(run).resolve("log.jsonl")).getFirst();
    return Outcome.JSON.readTree(line).path("loss").asDouble();
  }

  /** Each merged weight is W + (alpha/R)·(Σ wᵢ·Bᵢ)·A, as plain loops say. */
  @Test
  void mergesTheMixtureThatIsAskedFor() throws IOException {
    String adapter = adapter("three", "--heads 3 --steps 8");
    double[] mixture = {0.5, 0.3, 0.2};
    String out = folder.resolve("merged").toString();
    String[] merge = merge(adapter, out, "0.5,0.3,0.2");
    nacelle(merge).expect(0);
    int changed = 0;
    try (HfFolder base = HfFolder.open(Path.of(PLAIN));
        HfFolder merged = HfFolder.open(Path.of(out));
        SafetensorsFile parts = Safetensors.open(Path.of(adapter).resolve(WEIGHTS))) {
      for (String name : base.entries().keySet()) {
        String key = "base_model.model." + name.replace(".weight", "");
        float[] expected = Fixtures.floats(base, name);
        if (parts.entries().containsKey(key + ".lora_A.weight")) {
          addMixture(expected, parts, key, mixture);
          changed++;
        }
        float[] actual = Fixtures.floats(merged, name);
        for (int i = 0; i < expected.length; i++) {
          assertEquals(expected[i], actual[i], 2e-6, name + " " + i);
        }
      }
    }
    assertEquals(14, changed);
    // A mixture of one head alone is that head as a LoRA.
    nacelle(merge(adapter, folder.resolve("first").toString(), "1,0,0")).expect(0);
    assertTrue(loss("--model", folder.resolve("first").toString()) != loss("--model", out));
  }

  private static void addMixture(float[] w, TensorSource parts, String key, double[] mixture) {
    float[] a = Fixtures.floats(parts, key + ".lora_A.weight");
    int rank = 4;
    int in = a.length / rank;
    for (int head = 0; head < mixture.length; head++) {
      float[] b = Fixtures.floats(parts, key + ".lora_B" + head + ".weight");
      for (int o = 0; o < b.length / rank; o++) {
        for (int r = 0; r < rank; r++) {
          double share = 2 * mixture[head] * b[o * rank + r];
          for (int i = 0; i < in; i++) {
            w[o * in + i] += (float) (share * a[r * in + i]);
          }
        }
      }
    }
  }

  private static String[] merge(String adapter, String out, String mixture) {
    List<String> args = new ArrayList<>(List.of("merge", "--quiet", "--threads", "1"));
    args.addAll(List.of("--model", PLAIN, "--adapter", adapter, "--out", out));
    if (!mixture.isEmpty()) {
      args.addAll(List.of("--mixture", mixture));
    }
    return args.toArray(String[]::new);
  }

  @Test
  void mixturesThatCannotBeAreUsage() {
    String three = adapter("three", "--heads 3 --steps 1");
    String one = adapter("one", "--heads 1 --steps 1");
    String lora = folder.resolve("lora").toString();
    train("lora", PLAIN, "--adapter lora --steps 1").expect(0);
    String out = folder.resolve("out").toString();
    Map<String, String> refused =
        Map.of(
            "", "has 3 heads",
            "0.5,0.25,0.2", "sum to 0.95",
            "0.5,0.3,0.200002", "sum to 1.000002",
            "0.5,0.5", "has 2 weights",
            "0.5,0.5,0,0", "has 4 weights",
            "1.5,-0.5,0", "-0.5",
            "NaN,0.5,0.5", "NaN",
            "Infinity,0,0", "Infinity",
            "a,b,c", "no list of numbers",
            "0.5,,0.5", "no list of numbers");
    refused.forEach(
        (mixture, words) -> {
          Outcome outcome = nacelle(merge(three, out, mixture)).expect(2);
          assertTrue(outcome.err().contains(words), mixture + ": " + outcome.err());
          assertFalse(Files.exists(Path.of(out)));
        });
    assertTrue(nacelle(merge(lora, out, "1")).expect(2).err().contains("has none"));
    nacelle(merge(three, folder.resolve("near").toString(), "0.5,0.3,0.2000005")).expect(0);

    nacelle(merge(one, out, "")).expect(0);
    assertEquals(loss("--model", PLAIN, "--adapter", one), loss("--model", out), 2e-6);
  }

  @Test
  void severalHeadsGoNowhereElse() {
    String two = adapter("two", "--heads 2 --steps 1");
    Path out = folder.resolve("out");
    Outcome converted = nacelle(convert(two, "lora", out)).expect(3);
    assertTrue(converted.err().contains("2 heads"), converted.err());
    assertTrue(converted.err().contains("--mixture"), converted.err());
    Outcome exported =
        nacelle(
                "export",
                "--model",
                PLAIN,
                "--adapter",
                two,
                "--format",
                "gguf",
                "--out",
                out.toString())
            .expect(3);
    assertTrue(exported.err().contains("router"), exported.err());
    assertFalse(Files.exists(out));
    train("never", PLAIN, "--heads 2 --will-export gguf --steps 1").expect(2);
    train("never", PLAIN, "--heads 2 --targets lm_head --steps 1").expect(2);
    assertFalse(Files.exists(folder.resolve("never").resolve(WEIGHTS)));
  }

  private static String[] convert(String adapter, String to, Path out) {
    return new String[] {
      "convert", "--model", PLAIN, "--adapter", adapter, "--to", to, "--out", out.toString()
    };
  }

  @Test
  void oneHeadAndLoraAreEachOther() throws IOException {
    String one = adapter("one", "--heads 1 --steps 6");
    Path lora = folder.resolve("lora");
    Path back = folder.resolve("back");
    nacelle(convert(one, "lora", lora)).expect(0);
    List<String> args = new ArrayList<>(List.of(convert(lora.toString(), "hydra", back)));
    args.add("--json");
    JsonNode told = nacelle(args.toArray(String[]::new)).expect(0).json();
    assertEquals("lora", told.path("from").asText());
    assertEquals("hydra", told.path("to").asText());
    assertEquals(14, told.path("modules").asInt());
    double expected = loss("--model", PLAIN, "--adapter", one);
    assertEquals(expected, loss("--model", PLAIN, "--adapter", lora.toString()));
    assertEquals(expected, loss("--model", PLAIN, "--adapter", back.toString()));
    try (SafetensorsFile first = Safetensors.open(Path.of(one).resolve(WEIGHTS));
        SafetensorsFile last = Safetensors.open(back.resolve(WEIGHTS))) {
      assertEquals(first.entries().keySet(), last.entries().keySet());
    }
  }

  @Test
  void convertSaysWhatCannotBe() throws IOException {
    String one = adapter("one", "--heads 1 --steps 1");
    Path out = folder.resolve("out");
    assertTrue(nacelle(convert(one, "dora", out)).expect(2).err().contains("--to dora"));
    assertTrue(nacelle(convert(one, "hydra", out)).expect(2).err().contains("hydra already"));
    nacelle(convert(folder.resolve("nowhere").toString(), "lora", out)).expect(3);
    assertFalse(Files.exists(out));
    Files.createDirectory(out);
    Files.writeString(out.resolve("mine.txt"), "mine");
    assertTrue(nacelle(convert(one, "lora", out)).expect(2).err().contains("--overwrite"));
    assertEquals(List.of("mine.txt"), Fixtures.files(out));
    nacelle("convert", "--model", PLAIN, "--adapter", one, "--out", out.toString()).expect(2);
  }
}
