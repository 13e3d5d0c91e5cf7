package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Bad data lines, impossible flags, places that cannot be written, losses that are no number. */
final class BadRunTest {
  private static final Path EXAMPLE = Fixtures.example("plain-qv");
  private static final String GOOD = "{\"prompt\":\"Q: \",\"completion\":\"an answer\"}";

  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicTest> badLines() {
    Map<String, String> lines =
        Map.ofEntries(
            Map.entry("not JSON", "{\"text\":"),
            Map.entry("not an object", "[1,2]"),
            Map.entry("no shape", "{\"foo\":\"bar\"}"),
            Map.entry("wrong type", "{\"text\":12}"),
            Map.entry("wrong type inside", "{\"messages\":[{\"role\":1,\"content\":\"a\"}]}"),
            Map.entry("empty content", "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}"),
            Map.entry("empty text", "{\"text\":\"\"}"),
            Map.entry("empty list", "{\"messages\":[]}"),
            Map.entry("unknown role", "{\"messages\":[{\"role\":\"boss\",\"content\":\"a\"}]}"),
            Map.entry("lone surrogate", "{\"text\":\"\\ud800\"}"),
            Map.entry("not a number", "{\"text\":NaN}"),
            Map.entry("too deep", "{\"text\":" + "[".repeat(500) + "]".repeat(500) + "}"),
            Map.entry("two values", "{\"text\":\"a\"} {\"text\":\"b\"}"));
    assertEquals(13, lines.size());
    return lines.entrySet().stream()
        .map(
            e ->
                DynamicTest.dynamicTest(
                    e.getKey(),
                    () -> {
                      Path data = folder.resolve("lines.jsonl");
                      Fixtures.write(data, GOOD, e.getValue(), GOOD);
                      Outcome outcome = finetune(data).expect(3);
                      assertTrue(outcome.err().contains(data + ":2"), outcome.err());
                      assertFalse(outcome.err().contains("Read"), outcome.err());
                      nothingWritten();
                      // Skipped, it is counted and said.
                      Outcome skipped =
                          Outcome.of(
                                  "eval",
                                  "--model",
                                  Fixtures.model("plain").toString(),
                                  "--data",
                                  data.toString(),
                                  "--skip-bad-lines",
                                  "--threads",
                                  "1",
                                  "--json")
                              .expect(0);
                      assertEquals(2, skipped.json().path("samples").asInt());
                    }));
  }

  @Test
  void badBytes() throws IOException {
    Path data = folder.resolve("bytes.jsonl");
    Files.write(data, (GOOD + "\n{\"text\":\"\u00e9\"}\n").getBytes(StandardCharsets.ISO_8859_1));
    assertTrue(finetune(data).expect(3).err().contains(data + ":2"));
    nothingWritten();
  }

  @Test
  void hugeRecord() throws IOException {
    Path data = folder.resolve("huge.jsonl");
    byte[] piece = "a".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII);
    try (OutputStream to = new BufferedOutputStream(Files.newOutputStream(data))) {
      to.write((GOOD + "\n{\"text\":\"").getBytes(StandardCharsets.US_ASCII));
      for (int i = 0; i < 100; i++) {
        to.write(piece);
      }
      to.write("\"}\n".getBytes(StandardCharsets.US_ASCII));
    }
    assertTrue(finetune(data).expect(3).err().contains(data + ":2"));
    Files.delete(data);
    nothingWritten();
  }

  @Test
  void nothingToTrainOn() throws IOException {
    Path data =
        Fixtures.write(
            folder.resolve("none.jsonl"),
            "{\"messages\":[{\"role\":\"user\",\"content\":\"nobody answers\"}]}");
    assertTrue(finetune(data).expect(3).err().contains("Nothing is left"));
    assertTrue(finetune(folder.resolve("absent.jsonl")).expect(3).err().contains("absent.jsonl"));
    Files.createFile(folder.resolve("empty.jsonl"));
    finetune(folder.resolve("empty.jsonl")).expect(3);
    nothingWritten();
  }

  @TestFactory
  Stream<DynamicTest> impossibleFlags() {
    List<List<String>> all =
        List.of(
            List.of("--rank", "0"),
            List.of("--rank", "x"),
            List.of("--alpha", "NaN"),
            List.of("--dropout", "1"),
            List.of("--steps", "0"),
            List.of("--steps", "1", "--epochs", "1"),
            List.of("--batch-size", "0"),
            List.of("--accumulate", "0"),
            List.of("--max-length", "1"),
            List.of("--lr", "-1"),
            List.of("--schedule", "step"),
            List.of("--betas", "0.9"),
            List.of("--packing", "maybe"),
            List.of("--order", "random"),
            List.of("--train-on", "prompts"),
            List.of("--format", "csv"),
            List.of("--dtype", "fp64"),
            List.of("--threads", "-1"),
            List.of("--device", "tpu"),
            List.of("--targets", "no_proj"),
            List.of("--targets", "embed_tokens"),
            List.of("--layers", "9"),
            List.of("--patience", "2"),
            List.of("--eval-split", "100"),
            List.of("--init-adapter", EXAMPLE.resolve("init").toString(), "--rank", "5"),
            List.of("--adapter", "prefix"),
            List.of("--init", "svd"),
            List.of("--save-every", "-1"),
            List.of("--keep", "0"),
            List.of("--sample-prompt", " "),
            List.of("--spill", "maybe"),
            List.of("--budget", "0"),
            List.of("--budget", "-1"),
            List.of("--budget", "10XB"),
            List.of("--budget", "1.5.5GiB"));
    assertEquals(35, all.size());
    return all.stream()
        .map(
            flags ->
                DynamicTest.dynamicTest(
                    String.join(" ", flags),
                    () -> {
                      String[] more = flags.toArray(String[]::new);
                      Outcome outcome = finetune(EXAMPLE.resolve("data.jsonl"), more).expect(2);
                      String named = flags.get(flags.size() > 2 ? 2 : 0);
                      assertTrue(outcome.err().contains(named), outcome.err());
                      nothingWritten();
                    }));
  }

  @Test
  void placesThatCannotBeWritten() throws IOException {
    Path data = EXAMPLE.resolve("data.jsonl");
    Path file = Files.createFile(folder.resolve("file"));
    finetuneTo(file, data).expect(5);
    finetuneTo(file.resolve("below"), data).expect(5);
    finetuneTo(Path.of("/proc/nacelle"), data).expect(5);
    Path full = Files.createDirectories(folder.resolve("full"));
    Files.createFile(full.resolve("mine"));
    finetuneTo(full, data).expect(2);
    assertEquals(List.of("mine"), Fixtures.files(full));
    assertEquals(0, Files.size(file));
    Path nowhere = folder.resolve("nowhere").resolve("losses.jsonl");
    Outcome.of(
            "eval",
            "--model",
            Fixtures.model("plain").toString(),
            "--data",
            data.toString(),
            "--threads",
            "1",
            "--token-losses",
            nowhere.toString())
        .expect(5);
  }

  @Test
  void aFullDiskIsFive() {
    Outcome outcome =
        finetune(EXAMPLE.resolve("data.jsonl"), "--steps", "1", "--log", "/dev/full").expect(5);
    assertTrue(outcome.err().contains("/dev/full"), outcome.err());
  }

  @Test
  void aLossThatIsNoNumberStops() throws IOException {
    Outcome outcome =
        finetune(
                EXAMPLE.resolve("data.jsonl"),
                "--steps",
                "30",
                "--lr",
                "1e30",
                "--clip",
                "0",
                "--schedule",
                "constant",
                "--warmup",
                "0")
            .expect(1);
    assertTrue(outcome.err().contains("step "), outcome.err());
    List<String> left = Fixtures.files(folder.resolve("out"));
    assertTrue(left.removeIf(f -> f.startsWith("runs/events.out.tfevents.")), left.toString());
    assertEquals(List.of("checkpoints/run.json", "log.jsonl", "report.html", "report.json"), left);
    // The steps that were taken stay in the log, and the reports say what happened.
    JsonNode report =
        Outcome.JSON.readTree(Files.readString(folder.resolve("out").resolve("report.json")));
    long steps = Files.readAllLines(folder.resolve("out").resolve("log.jsonl")).size();
    assertTrue(steps > 0);
    assertEquals(steps, report.path("steps").asLong());
    assertEquals("failed", report.path("status").asText());
    assertEquals("internal", report.path("error").path("code").asText());
    String happened = report.path("error").path("message").asText();
    assertTrue(happened.startsWith("step " + (steps + 1) + ": the loss is"), happened);
    String page = Files.readString(folder.resolve("out").resolve("report.html"));
    assertTrue(page.contains("class=\"status failed\"") && page.contains(happened));
  }

  private Outcome finetune(Path data, String... more) {
    return finetuneTo(folder.resolve("out"), data, more);
  }

  private Outcome finetuneTo(Path out, Path data, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "finetune",
                "--model",
                Fixtures.model("plain").toString(),
                "--data",
                data.toString(),
                "--out",
                out.toString()));
    List<String> given = List.of(more);
    if (!given.contains("--steps") && !given.contains("--epochs")) {
      args.addAll(List.of("--steps", "1"));
    }
    if (!given.contains("--threads")) {
      args.addAll(List.of("--threads", "1"));
    }
    args.addAll(given);
    return Outcome.of(args.toArray(String[]::new));
  }

  private void nothingWritten() throws IOException {
    Path out = folder.resolve("out");
    assertEquals(List.of(), Fixtures.files(out));
    Files.deleteIfExists(out);
  }
}
