package dev.nacelle.embedding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.ComputeType;
import dev.nacelle.Evaluation;
import dev.nacelle.EvaluationSummary;
import dev.nacelle.FinetuneEvent;
import dev.nacelle.FinetuneSummary;
import dev.nacelle.GeneratedText;
import dev.nacelle.Generation;
import dev.nacelle.LanguageModel;
import dev.nacelle.Nacelle;
import dev.nacelle.NacelleException;
import dev.nacelle.WeightedAdapter;
import dev.nacelle.cli.Main;
import dev.nacelle.commandline.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One engine: trains as the command line does, writes, measures, and gives everything back. */
final class EngineTest {
  private final List<Long> before = Tiny.held();

  @TempDir private Path folder;

  @AfterEach
  void nothingIsHeld() {
    assertEquals(before, Tiny.held(), "buffers, bytes and handles that are still held");
  }

  @Test
  void trainsAsTheCommandLineDoes() throws IOException {
    List<FinetuneEvent> events = new ArrayList<>();
    FinetuneSummary summary;
    try (Nacelle nacelle = Nacelle.open(2)) {
      summary =
          nacelle
              .finetune(
                  Tiny.finetuning(folder.resolve("api"), 3).optEvaluationSplit(20).build(),
                  events::add)
              .run();
      assertEquals(0, nacelle.memoryUse().liveBytes());
    }
    List<String> flags =
        List.of(
            "finetune --steps 12 --rank 4 --dropout 0.1 --batch-size 2 --accumulate 2 --seed 3"
                .split(" "));
    List<String> command = new ArrayList<>(flags);
    command.addAll(List.of("--model", Tiny.MODEL.toString(), "--data", Tiny.DATA.toString()));
    command.addAll(List.of("--out", folder.resolve("cli").toString(), "--eval-split", "20"));
    command.addAll(List.of("--threads", "2", "-q"));
    assertEquals(0, Main.run(command.toArray(String[]::new)));
    assertEquals(Tiny.adapter(folder.resolve("cli")), Tiny.adapter(folder.resolve("api")));
    assertEquals(files("cli"), files("api"));

    assertEquals(12, summary.steps());
    assertTrue(summary.evaluationLoss().isPresent());
    assertTrue(summary.peakBytes() > 0 && summary.peakClasses().getOrDefault("parameters", 0L) > 0);
    List<FinetuneEvent.Stepped> steps =
        events.stream()
            .filter(FinetuneEvent.Stepped.class::isInstance)
            .map(FinetuneEvent.Stepped.class::cast)
            .toList();
    assertEquals(12, steps.size());
    assertEquals(summary.loss(), steps.getLast().loss());
    assertEquals(summary.evaluationLoss(), steps.getLast().evaluationLoss());
    // The report's command repeats the run.
    String report = Files.readString(folder.resolve("api").resolve("report.json"));
    assertTrue(report.contains("--dropout 0.1 --batch-size 2"), report);
    assertTrue(report.contains("\"--rank\" : \"4\""), report);
    assertTrue(report.contains("\"--seed\" : \"3\""), report);
  }

  /** Their names; an event file's has the time in it. */
  private List<String> files(String run) throws IOException {
    return Fixtures.files(folder.resolve(run)).stream()
        .map(name -> name.replaceAll("tfevents\\.\\d+", "tfevents.TIME"))
        .toList();
  }

  @Test
  void writesAndMeasures() {
    Path init = Fixtures.example("plain-qv").resolve("init");
    try (Nacelle nacelle = Nacelle.open(1)) {
      try (LanguageModel model = nacelle.openModel(Tiny.MODEL, ComputeType.FP32)) {
        Evaluation held = Evaluation.builder().setData(Tiny.DATA).build();
        EvaluationSummary plain = model.evaluate(held);
        assertEquals(Math.exp(plain.loss()), plain.perplexity());
        Generation asked = Generation.ofPrompt("Q: ").optMaxNewTokens(8).build();
        StringBuilder heard = new StringBuilder();
        GeneratedText text =
            model.generate(
                asked,
                piece -> {
                  heard.append(piece);
                  return true;
                });
        assertEquals(text.text(), heard.toString());
        assertEquals(model.tokenize("Q: ").length, text.promptTokens());
        assertEquals(1, model.generate(asked, piece -> false).ids().length);

        model.adapt(List.of(WeightedAdapter.of(init)));
        double adapted = model.evaluate(held).loss();
        assertFalse(adapted == plain.loss());
        model.adapt(List.of(new WeightedAdapter(init, 0.5), new WeightedAdapter(init, 0.5)));
        assertEquals(adapted, model.evaluate(held).loss(), 1e-6);
        model.adapt(List.of());
        assertEquals(plain, model.evaluate(held));
        assertTrue(nacelle.memoryUse().liveBytes() > 0);
        assertTrue(nacelle.memoryUse().liveTensors() > 0);
        assertEquals(
            nacelle.memoryUse().liveBytes(),
            nacelle.memoryUse().liveClasses().values().stream().mapToLong(b -> b).sum());
      }
      assertEquals(0, nacelle.memoryUse().liveBytes());
      assertTrue(nacelle.memoryUse().peakBytes() > 0);
    }
  }

  @Test
  void closingTheEngineClosesItsModels() {
    Nacelle nacelle = Nacelle.open(1);
    LanguageModel model = nacelle.openModel(Tiny.MODEL);
    nacelle.close();
    nacelle.close();
    model.close();
    assertKind(NacelleException.Kind.USAGE, "closed", () -> model.tokenize("a"));
    assertKind(NacelleException.Kind.USAGE, "closed", () -> nacelle.openModel(Tiny.MODEL));
    assertKind(NacelleException.Kind.USAGE, "closed", () -> nacelle.operators().run("x", Map.of()));
    assertKind(
        NacelleException.Kind.USAGE,
        "closed",
        () -> nacelle.finetune(Tiny.finetuning(folder.resolve("o"), 0).build(), e -> {}).run());
  }

  @Test
  void failuresAreOfTheirKind() {
    try (Nacelle nacelle = Nacelle.open(1)) {
      assertKind(
          NacelleException.Kind.INPUT,
          "no model",
          () -> nacelle.openModel(folder.resolve("absent")));
      assertKind(
          NacelleException.Kind.INPUT,
          "lora",
          () ->
              nacelle.openModel(
                  Tiny.MODEL,
                  WeightedAdapter.of(Fixtures.example("wide-head-text").resolve("init"))));
      assertKind(
          NacelleException.Kind.USAGE,
          "--rank 0",
          () -> Tiny.finetuning(folder.resolve("o"), 0).optRank(0).build());
      assertKind(
          NacelleException.Kind.USAGE,
          "--steps 0",
          () -> Tiny.finetuning(folder.resolve("o"), 0).optSteps(0).build());
      assertKind(
          NacelleException.Kind.USAGE,
          "--temperature",
          () -> Generation.ofPrompt("a").optTemperature(-1).build());
      assertKind(NacelleException.Kind.USAGE, "--threads", () -> Nacelle.open(-1));
      assertKind(
          NacelleException.Kind.INPUT,
          "absent.jsonl",
          () ->
              nacelle
                  .finetune(
                      Tiny.finetuning(folder.resolve("o"), 0)
                          .setData(folder.resolve("absent.jsonl"))
                          .build(),
                      e -> {})
                  .run());
    }
  }

  @Test
  void aListenersOwnExceptionComesOutAsItIs() {
    IllegalStateException mine = new IllegalStateException("mine");
    try (Nacelle nacelle = Nacelle.open(1);
        LanguageModel model = nacelle.openModel(Tiny.MODEL)) {
      Generation asked = Generation.ofPrompt("Q: ").optMaxNewTokens(8).build();
      assertSame(
          mine,
          assertThrows(
              IllegalStateException.class,
              () ->
                  model.generate(
                      asked,
                      piece -> {
                        throw mine;
                      })));
      assertSame(
          mine,
          assertThrows(
              IllegalStateException.class,
              () ->
                  nacelle
                      .finetune(
                          Tiny.finetuning(folder.resolve("o"), 0).build(),
                          event -> {
                            if (event instanceof FinetuneEvent.Stepped) {
                              throw mine;
                            }
                          })
                      .run()));
      assertKind(
          NacelleException.Kind.USAGE,
          "listener",
          () -> model.generate(asked, piece -> model.tokenize(piece).length > 0));
    }
  }

  static void assertKind(NacelleException.Kind kind, String word, Runnable action) {
    NacelleException thrown = assertThrows(NacelleException.class, action::run);
    assertEquals(kind, thrown.kind(), thrown.getMessage());
    assertTrue(String.valueOf(thrown.getMessage()).contains(word), thrown.getMessage());
  }
}
