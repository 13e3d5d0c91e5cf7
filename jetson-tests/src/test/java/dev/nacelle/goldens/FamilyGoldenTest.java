package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.model.Families;
import dev.nacelle.text.Message;
import dev.nacelle.train.BaseModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * A tiny model of every family against transformers and PEFT (peers/make_family_goldens.py), from
 * its Hugging Face folder and from its GGUF file: tokens, losses, gradients, steps, generation.
 */
final class FamilyGoldenTest {
  private static final double LOSS = 1e-5;
  private static final double GRADIENT = 1e-5;

  @TempDir private Path folder = Path.of("");

  @Test
  void everyFamilyHasACase() {
    Set<String> seen = new HashSet<>();
    FamilyCase.all().forEach(golden -> seen.add(golden.json().get("family").asText()));
    Families.ALL.forEach(family -> assertTrue(seen.contains(family.name()), family.name()));
    assertEquals(Families.ALL.size(), seen.size());
  }

  @TestFactory
  Stream<DynamicTest> isAsTransformersAndPeft() {
    return FamilyCase.all().stream()
        .flatMap(
            golden ->
                golden.models().stream()
                    .map(
                        model ->
                            DynamicTest.dynamicTest(
                                golden.name() + " from " + form(model),
                                () -> compare(golden, model))));
  }

  private static String form(Path model) {
    return Files.isDirectory(model) ? "folder" : "gguf";
  }

  private void compare(FamilyCase golden, Path model) {
    Path out = folder.resolve(golden.name() + "-" + form(model));
    tokens(golden, model);
    tokenLosses(golden, model, out);
    steps(golden, model, out);
    generation(golden, model);
  }

  private static void tokens(FamilyCase golden, Path model) {
    JsonNode texts = golden.json().get("texts");
    JsonNode chat = golden.json().get("chat");
    List<Message> turns = new ArrayList<>();
    for (JsonNode turn : FamilyCase.read(FamilyCase.root().resolve("chat.json"))) {
      turns.add(new Message(turn.get("role").asText(), turn.get("content").asText()));
    }
    try (BaseModel base = BaseModel.open(model, FaultInjector.none())) {
      for (int i = 0; i < texts.size(); i++) {
        String text = texts.get(i).asText();
        same(golden.json().get("ids").get(i), base.tokenizer().encode(text, true).ids(), text);
      }
      String rendered = base.template().render(turns, false);
      assertEquals(chat.get("text").asText(), rendered);
      same(chat.get("ids"), base.tokenizer().encode(rendered, false).ids(), rendered);
    }
  }

  private static void same(JsonNode wanted, int[] found, String text) {
    assertArrayEquals(
        FamilyCase.numbers(wanted), IntStream.of(found).asDoubleStream().toArray(), 0, text);
  }

  private void tokenLosses(FamilyCase golden, Path model, Path out) {
    List<JsonNode> found = new ArrayList<>();
    if (golden.asksForTheLongest()) {
      // As they were recorded: what a sample's frequencies are depends on those beside it.
      for (Path record : FamilyCase.records(folder)) {
        found.addAll(losses(golden, model, record, out));
      }
    } else {
      found.addAll(losses(golden, model, FamilyCase.data(), out));
    }
    JsonNode wanted = golden.json().get("token_losses");
    assertEquals(wanted.size(), found.size());
    for (int row = 0; row < wanted.size(); row++) {
      double[] want = FamilyCase.numbers(wanted.get(row));
      double[] all = FamilyCase.numbers(found.get(row).get("losses"));
      assertEquals(want.length + 1, all.length);
      for (int t = 0; t < want.length; t++) {
        // Recorded with six digits behind the point.
        assertEquals(want[t], all[t + 1], 1e-6 + LOSS * want[t], "row " + row + " token " + t);
      }
    }
  }

  private static List<JsonNode> losses(FamilyCase golden, Path model, Path data, Path out) {
    Path file = out.resolveSibling(out.getFileName() + ".jsonl");
    JsonNode summary =
        FamilyCase.run(
            "eval",
            "--json",
            "--quiet",
            "--model",
            model.toString(),
            "--adapter",
            golden.adapter().toString(),
            "--data",
            data.toString(),
            "--token-losses",
            file.toString());
    assertTrue(summary.get("loss").asDouble() > 0);
    return FamilyCase.lines(file);
  }

  private static void steps(FamilyCase golden, Path model, Path out) {
    Path gradients = out.resolveSibling(out.getFileName() + ".safetensors");
    double[] wanted = golden.numbers("losses");
    FamilyCase.run(
        "finetune",
        "--json",
        "--quiet",
        "--model",
        model.toString(),
        "--data",
        FamilyCase.data().toString(),
        "--init-adapter",
        golden.adapter().toString(),
        "--out",
        out.toString(),
        "--order",
        "file",
        "--steps",
        Integer.toString(wanted.length),
        "--batch-size",
        "3",
        "--lr",
        "2e-3",
        "--schedule",
        "constant",
        "--warmup",
        "0",
        "--dump-gradients",
        gradients.toString());
    List<JsonNode> log = FamilyCase.lines(out.resolve("log.jsonl"));
    double[] losses = log.stream().mapToDouble(line -> line.get("loss").asDouble()).toArray();
    double[] norms = log.stream().mapToDouble(line -> line.get("grad_norm").asDouble()).toArray();
    relative(wanted, losses, LOSS, "loss");
    relative(golden.numbers("grad_norms"), norms, 1e-4, "gradient norm");
    PeftRun.near(
        PeftRun.tensors(golden.folder().resolve("step1_gradients.safetensors")),
        PeftRun.tensors(gradients),
        GRADIENT);
  }

  private static void relative(double[] wanted, double[] found, double share, String what) {
    assertEquals(wanted.length, found.length);
    for (int i = 0; i < wanted.length; i++) {
      assertEquals(wanted[i], found[i], share * wanted[i], what + " of step " + (i + 1));
    }
  }

  /** Greedy tokens out of the cache are those of a full forward pass of transformers for each. */
  private static void generation(FamilyCase golden, Path model) {
    JsonNode greedy = golden.json().get("greedy");
    JsonNode found =
        FamilyCase.run(
            "generate",
            "--json",
            "--model",
            model.toString(),
            "--adapter",
            golden.adapter().toString(),
            "--prompt",
            greedy.get("prompt").asText(),
            "--max-new-tokens",
            Integer.toString(greedy.get("ids").size()));
    List<Integer> wanted = new ArrayList<>();
    greedy.get("ids").forEach(id -> wanted.add(id.asInt()));
    assertTrue(greedy.get("nearest").asDouble() > 1e-3, "a token was chosen by a hair");
    assertArrayEquals(
        FamilyCase.numbers(greedy.get("ids")), FamilyCase.numbers(found.get("ids")), 0);
  }
}
