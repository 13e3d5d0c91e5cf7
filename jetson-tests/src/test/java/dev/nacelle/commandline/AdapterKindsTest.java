package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

/** LoRA's relatives through all commands: trained, interrupted, evaluated, merged, exported. */
final class AdapterKindsTest {
  private static final Map<String, String> KINDS =
      new TreeMap<>(
          Map.of(
              "rslora", "--adapter rslora",
              "lora-fa", "--adapter lora-fa",
              "dora", "--adapter dora",
              "pissa", "--init pissa",
              "olora", "--init olora --adapter rslora",
              "vera", "--adapter vera --d-initial 1 --lr 5e-2",
              "vera-drawn", "--adapter vera --d-initial 1 --lr 5e-2 --save-projection off",
              "whole", "--modules-to-save lm_head,embed_tokens",
              "patterns", "--rank-pattern q_proj=2,down_proj=6 --alpha-pattern v_proj=3"));

  @TempDir private Path folder;

  private static String text(Path path) {
    return path.toString();
  }

  /** Runs of six steps on the tiny model with every linear layer adapted. */
  private Outcome train(Path out, String flags, String... more) {
    List<String> args = new ArrayList<>(List.of("finetune", "--quiet", "--out", text(out)));
    args.addAll(List.of("--model", text(Fixtures.model("plain"))));
    args.addAll(List.of("--data", text(Fixtures.example("plain-text").resolve("data.jsonl"))));
    args.addAll(List.of("--rank", "4", "--dropout", "0.1"));
    args.addAll(List.of("--max-length", "48", "--schedule", "constant", "--threads", "1"));
    args.addAll(List.of(flags.split(" ")));
    if (!args.contains("--lr")) {
      args.addAll(List.of("--lr", "5e-3"));
    }
    if (!args.contains("vera")) {
      args.addAll(List.of("--alpha", "8")); // VeRA has none
    }
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new));
  }

  @TestFactory
  Stream<DynamicTest> goesOnToTheSameBytes() {
    return KINDS.entrySet().stream()
        .map(kind -> DynamicTest.dynamicTest(kind.getKey(), () -> goOn(kind)));
  }

  private void goOn(Map.Entry<String, String> kind) throws IOException {
    Path whole = folder.resolve(kind.getKey() + "-whole");
    train(whole, kind.getValue(), "--steps", "6").expect(0);
    Path parts = folder.resolve(kind.getKey() + "-parts");
    train(parts, kind.getValue(), "--steps", "3").expect(0);
    Outcome.of("finetune", "--quiet", "--out", text(parts), "--resume", "--steps", "6").expect(0);
    String file = "adapter_model.safetensors";
    assertEquals(-1L, Files.mismatch(whole.resolve(file), parts.resolve(file)));
  }

  @TestFactory
  Stream<DynamicTest> mergesExactly() {
    return KINDS.entrySet().stream()
        .map(kind -> DynamicTest.dynamicTest(kind.getKey(), () -> merge(kind)));
  }

  private void merge(Map.Entry<String, String> kind) {
    Path adapter = folder.resolve(kind.getKey() + "-trained");
    train(adapter, kind.getValue(), "--steps", "6").expect(0);
    String base = text(Fixtures.model("plain"));
    double bare = loss("--model", base);
    double adapted = loss("--model", base, "--adapter", text(adapter));
    assertTrue(Math.abs(bare - adapted) > 1e-3, "the adapter does something: " + bare);
    Path merged = folder.resolve(kind.getKey() + "-merged");
    Outcome.of(
            "merge", "--quiet", "--model", base, "--adapter", text(adapter), "--out", text(merged))
        .expect(0);
    assertEquals(adapted, loss("--model", text(merged)), 2e-6);
  }

  /** What PEFT trained on tied weights: the head of the merged model is a matrix of its own. */
  @Test
  void mergesCopiesOfTiedWeights() {
    String base = text(Fixtures.model("gqa-tied"));
    for (String name : List.of("whole-tied-table", "whole-tied-head")) {
      String adapter = text(Fixtures.example(name).resolve("final"));
      Path merged = folder.resolve(name);
      Outcome.of("merge", "--quiet", "--model", base, "--adapter", adapter, "--out", text(merged))
          .expect(0);
      double adapted = loss("--model", base, "--adapter", adapter);
      assertTrue(Math.abs(adapted - loss("--model", base)) > 1e-3, name);
      assertEquals(adapted, loss("--model", text(merged)), 2e-6, name);
      Path file = folder.resolve(name + ".gguf");
      Outcome.of(
              "merge",
              "--quiet",
              "--model",
              base,
              "--adapter",
              adapter,
              "--format",
              "gguf",
              "--type",
              "f16",
              "--out",
              text(file))
          .expect(0);
      assertEquals(adapted, loss("--model", text(file)), 5e-3, name);
    }
  }

  @Test
  void copiesOfQuantisedWeightsAreWidened() {
    Path out = folder.resolve("widened");
    Outcome run =
        Outcome.of(
            "finetune",
            "--out",
            text(out),
            "--model",
            text(Fixtures.model("plain").resolve("../../../gguf/q8_0/model.gguf").normalize()),
            "--data",
            text(Fixtures.example("plain-text").resolve("data.jsonl")),
            "--rank",
            "4",
            "--max-length",
            "48",
            "--steps",
            "2",
            "--modules-to-save",
            "embed_tokens");
    run.expect(0);
    assertTrue(run.err().contains("a dequantised fp32 copy of "), run.err());
  }

  /** VeRA becomes the low-rank pair that it is; what no pair equals is refused. */
  @Test
  void convertsToLoraWhatIsAPair() {
    String base = text(Fixtures.model("plain"));
    String vera = text(Fixtures.example("vera-text").resolve("final"));
    Path lora = folder.resolve("of-vera");
    Outcome.of("convert", "--model", base, "--adapter", vera, "--to", "lora", "--out", text(lora))
        .expect(0);
    double adapted = loss("--model", base, "--adapter", vera);
    assertTrue(Math.abs(adapted - loss("--model", base)) > 1e-3);
    assertEquals(adapted, loss("--model", base, "--adapter", text(lora)), 2e-6);
    for (String kind : List.of("dora-text", "rslora-text")) {
      String adapter = text(Fixtures.example(kind).resolve("final"));
      Outcome refused =
          Outcome.of(
                  "convert",
                  "--model",
                  base,
                  "--adapter",
                  adapter,
                  "--to",
                  "lora",
                  "--out",
                  text(folder.resolve("no")))
              .expect(3);
      assertTrue(refused.err().contains(kind.replace("-text", "")), refused.err());
    }
  }

  private static double loss(String... model) {
    List<String> args = new ArrayList<>(List.of("eval", "--json", "--quiet", "--threads", "1"));
    args.addAll(List.of("--data", text(Fixtures.example("plain-qv").resolve("data.jsonl"))));
    args.addAll(List.of(model));
    return Outcome.of(args.toArray(String[]::new)).expect(0).json().path("loss").asDouble();
  }

  @TestFactory
  Stream<DynamicTest> exportsOrSaysWhyNot() {
    return KINDS.entrySet().stream()
        .map(kind -> DynamicTest.dynamicTest(kind.getKey(), () -> export(kind)));
  }

  private void export(Map.Entry<String, String> kind) {
    Path adapter = folder.resolve(kind.getKey() + "-exported");
    boolean possible = !List.of("dora", "whole").contains(kind.getKey());
    train(adapter, kind.getValue(), "--steps", "2").expect(0);
    Path file = folder.resolve(kind.getKey() + ".gguf");
    Outcome export =
        Outcome.of(
                "export",
                "--model",
                text(Fixtures.model("plain")),
                "--adapter",
                text(adapter),
                "--format",
                "gguf",
                "--out",
                text(file))
            .expect(possible ? 0 : 3);
    assertEquals(possible, Files.exists(file));
    Outcome before =
        train(folder.resolve("refused"), kind.getValue() + " --will-export gguf", "--dry-run");
    before.expect(possible ? 0 : 2);
    assertTrue(possible || export.err().contains(kind.getKey()), export.err());
  }

  @Test
  void refusesWhatCannotBe() {
    Path out = folder.resolve("out");
    Map<String, String> bad =
        Map.of(
            "--adapter dora --targets q_proj,lm_head", "lm_head",
            "--init pissa --adapter dora", "--init pissa",
            "--init olora --rank-pattern q_proj=40", "fewer directions",
            "--modules-to-save lm_head --targets lm_head", "--modules-to-save",
            "--modules-to-save q_proj", "q_proj",
            "--adapter vera --targets lm_head", "lm_head",
            "--rank-pattern nothing=3", "nothing",
            "--rank-pattern q_proj=0", "--rank-pattern",
            "--alpha-pattern q_proj", "--alpha-pattern",
            "--targets lm_head --will-export gguf", "lm_head");
    bad.forEach(
        (flags, said) -> {
          Outcome outcome = train(out, flags, "--steps", "1").expect(2);
          assertTrue(outcome.err().contains(said), flags + ": " + outcome.err());
        });
    Path dora = folder.resolve("dora");
    train(dora, "--adapter dora", "--steps", "1").expect(0);
    Outcome weighted =
        Outcome.of(
                "generate",
                "--model",
                text(Fixtures.model("plain")),
                "--adapter",
                dora + ":0.5",
                "--prompt",
                "a")
            .expect(2);
    assertTrue(weighted.err().contains("dora"), weighted.err());
    Outcome halved =
        Outcome.of(
                "generate",
                "--model",
                text(Fixtures.model("gqa-tied")),
                "--adapter",
                Fixtures.example("whole-tied-head").resolve("final") + ":0.5",
                "--prompt",
                "a")
            .expect(2);
    assertTrue(halved.err().contains("lm_head whole"), halved.err());
  }
}
