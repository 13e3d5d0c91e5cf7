package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run leaves beside its adapter, for people and for programs. */
final class RunFilesTest {
  private static final String PROMPT = "Is <b>this</b> & \"that\" text?\n```";

  @TempDir private Path folder;

  @Test
  void aRunIsReported() throws IOException {
    Path out = folder.resolve("out 'n <i>about</i>");
    JsonNode printed =
        finetune(
                out,
                "--steps",
                "6",
                "--eval-split",
                "20",
                "--eval-every",
                "3",
                "--sample-prompt",
                PROMPT,
                "--sample-prompt",
                "Hello",
                "--json")
            .expect(0)
            .json();
    Set<String> files = new TreeSet<>(Fixtures.files(out));
    assertTrue(
        files.containsAll(
            Set.of("README.md", "report.html", "report.json", "log.jsonl", "samples.json")),
        files.toString());
    JsonNode report = Outcome.JSON.readTree(Files.readString(out.resolve("report.json")));
    assertEquals(printed, report);
    for (String field :
        List.of(
            "status",
            "samples",
            "truncated",
            "dropped",
            "bad_lines",
            "steps",
            "loss",
            "first_loss",
            "eval_loss",
            "eval_loss_before",
            "tokens",
            "seconds",
            "tokens_per_second",
            "command",
            "measured_peak_bytes",
            "measured_classes",
            "device",
            "processor",
            "threads",
            "isa",
            "product_library",
            "versions",
            "libraries",
            "flags",
            "generations",
            "finished")) {
      assertFalse(report.path(field).isMissingNode() || report.path(field).isNull(), field);
    }
    assertEquals("done", report.path("status").asText());
    assertEquals(6, report.path("steps").asInt());
    assertTrue(report.path("versions").path("libtorch").asText().startsWith("2."));
    assertTrue(
        report.path("command").asText().contains("'" + out.toString().replace("'", "'\\''")));
    assertEquals("6", report.path("flags").path("--steps").asText());
    assertEquals("16", report.path("flags").path("--rank").asText());
    answers(report);
    log(out);
    String page = Files.readString(out.resolve("report.html"));
    assertFalse(page.contains("<b>this") || page.contains("<i>about"), "markup got in");
    assertTrue(page.contains("Is &lt;b&gt;this&lt;/b&gt; &amp; &quot;that&quot; text?"));
    String card = Files.readString(out.resolve("README.md"));
    assertFalse(card.contains(folder.toString()), "the card names no folder of this machine");
    assertTrue(card.contains("base_model: \"plain\"") && card.contains("`data.jsonl`"), card);
  }

  private static void answers(JsonNode report) {
    JsonNode first = report.path("generations").path(0);
    assertEquals(PROMPT, first.path("prompt").asText());
    assertEquals(2, report.path("generations").size());
    // What generate says to the same prompt, greedily, is what the run was answered before it
    // began.
    JsonNode generated =
        Outcome.of(
                "generate",
                "--model",
                Fixtures.model("plain").toString(),
                "--chat",
                PROMPT,
                "--max-new-tokens",
                "128",
                "--threads",
                "1",
                "--json")
            .expect(0)
            .json();
    assertEquals(generated.path("text").asText(), first.path("before").asText());
    assertTrue(first.path("after").isTextual());
  }

  private static void log(Path out) throws IOException {
    List<String> lines = Files.readAllLines(out.resolve("log.jsonl"));
    assertEquals(6, lines.size());
    int evaluated = 0;
    for (String text : lines) {
      JsonNode line = Outcome.JSON.readTree(text);
      long sum = 0;
      for (JsonNode bytes : line.path("classes")) {
        sum += bytes.asLong();
      }
      assertTrue(sum >= line.path("bytes").asLong(), text);
      assertTrue(sum <= line.path("peak_bytes").asLong(), text);
      evaluated += line.has("eval_loss") ? 1 : 0;
    }
    assertEquals(2, evaluated);
  }

  @Test
  void aRunThatNeverBeganLeavesNothing() throws IOException {
    Path out = folder.resolve("out");
    Path data = Fixtures.write(folder.resolve("bad.jsonl"), "{\"text\":");
    Outcome.of(
            "finetune",
            "--model",
            Fixtures.model("plain").toString(),
            "--data",
            data.toString(),
            "--out",
            out.toString(),
            "--threads",
            "1")
        .expect(3);
    assertEquals(List.of(), Fixtures.files(out));
  }

  @Test
  void aSecondRunWritesItsOwn() throws IOException {
    Path out = folder.resolve("out");
    finetune(out, "--steps", "4").expect(0);
    Files.writeString(out.resolve("README.md"), "mine");
    Set<String> before = events(out);
    finetune(out, "--steps", "2", "--overwrite").expect(0);
    assertEquals(1, events(out).size(), "the first run's events are gone");
    assertNotEquals(Set.of(), before);
    assertTrue(Files.readString(out.resolve("README.md")).startsWith("---\n"), "the card is ours");
    assertEquals(2, Files.readAllLines(out.resolve("log.jsonl")).size());
  }

  private static Set<String> events(Path out) throws IOException {
    return new TreeSet<>(Fixtures.files(out.resolve("runs")));
  }

  private static Outcome finetune(Path out, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "finetune",
                "--model",
                Fixtures.model("plain").toString(),
                "--data",
                Fixtures.example("plain-qv").resolve("data.jsonl").toString(),
                "--out",
                out.toString(),
                "--threads",
                "1"));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new));
  }
}
