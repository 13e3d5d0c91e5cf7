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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What eval, generate and tokenize print, held against what PEFT recorded. */
final class ResultsTest {
  private static final Path MODEL = Fixtures.model("plain");
  private static final Path EXAMPLE = Fixtures.example("plain-qv");
  private static final Path ADAPTER = EXAMPLE.resolve("init");

  @TempDir private Path folder;

  @Test
  void evalAgreesWithPeftTokenByToken() throws IOException {
    Path losses = folder.resolve("losses.jsonl");
    JsonNode result = eval("--adapter", ADAPTER.toString(), "--token-losses", losses.toString());
    List<String> expected = Files.readAllLines(EXAMPLE.resolve("token_losses.jsonl"));
    List<String> written = Files.readAllLines(losses);
    assertEquals(expected.size(), written.size());
    double sum = 0;
    int targets = 0;
    for (int line = 0; line < expected.size(); line++) {
      JsonNode want = Outcome.JSON.readTree(expected.get(line));
      JsonNode have = Outcome.JSON.readTree(written.get(line));
      assertEquals(want.path("ids"), have.path("ids"), "line " + line);
      for (int t = 0; t < want.path("losses").size(); t++) {
        JsonNode loss = want.path("losses").path(t);
        assertEquals(loss.isNull(), have.path("losses").path(t).isNull(), line + ":" + t);
        if (!loss.isNull()) {
          assertEquals(loss.asDouble(), have.path("losses").path(t).asDouble(), 1e-4);
          sum += loss.asDouble();
          targets++;
        }
      }
    }
    assertTrue(targets > 50, "only " + targets + " targets");
    assertEquals(targets, result.path("target_tokens").asInt());
    assertEquals(13, result.path("samples").asInt());
    assertEquals(3, result.path("truncated").asInt());
    assertEquals(0, result.path("dropped").asInt());
    assertEquals(sum / targets, result.path("loss").asDouble(), 1e-5);
    assertEquals(Math.exp(sum / targets), result.path("perplexity").asDouble(), 1e-2);
  }

  @Test
  void weightsOfAdaptersAddUp() throws IOException {
    double bare = eval().path("loss").asDouble();
    double one = eval("--adapter", ADAPTER.toString()).path("loss").asDouble();
    double halves =
        eval("--adapter", ADAPTER + ":0.5", "--adapter", ADAPTER + ":0.5").path("loss").asDouble();
    double undone =
        eval("--adapter", ADAPTER.toString(), "--adapter", ADAPTER + ":-1").path("loss").asDouble();
    assertNotEquals(bare, one, 1e-4);
    assertEquals(one, halves, 1e-5);
    assertEquals(bare, undone, 1e-5);
  }

  @Test
  void droppedSamplesSayWhy() throws IOException {
    Path data =
        Fixtures.write(
            folder.resolve("d.jsonl"),
            "{\"prompt\":\"Q: How many teeth has the large gear? A: \",\"completion\":\"36\"}",
            "{\"prompt\":\"A\",\"completion\":\" b c\"}");
    Path losses = folder.resolve("losses.jsonl");
    JsonNode result =
        Outcome.of(
                "eval",
                "--model",
                MODEL.toString(),
                "--data",
                data.toString(),
                "--json",
                "--threads",
                "1",
                "--max-length",
                "4",
                "--token-losses",
                losses.toString())
            .expect(0)
            .json();
    assertEquals(1, result.path("dropped").asInt());
    assertEquals(1, result.path("samples").asInt());
    JsonNode dropped = Outcome.JSON.readTree(Files.readAllLines(losses).getFirst());
    assertEquals(4, dropped.path("ids").size());
    assertTrue(dropped.path("dropped").asText().contains("4 tokens"), dropped.toString());
  }

  @Test
  void generateIsDeterministicAndStops() {
    JsonNode greedy = generate("--prompt", "Question: What is", "--max-new-tokens", "12");
    String text = greedy.path("text").asText();
    assertEquals(greedy.path("ids").size(), greedy.path("new_tokens").asInt());
    assertTrue(greedy.path("prompt_tokens").asInt() > 2);
    assertTrue(greedy.path("seconds").asDouble() > 0);
    Outcome plain =
        Outcome.of(
                "generate",
                "--model",
                MODEL.toString(),
                "--threads",
                "1",
                "--prompt",
                "Question: What is",
                "--max-new-tokens",
                "12")
            .expect(0);
    assertEquals(text + System.lineSeparator(), plain.out());
    assertTrue(text.length() > 4, "a text to be stopped within: '" + text + "'");
    String stop = text.substring(2, 4);
    JsonNode stopped =
        generate("--prompt", "Question: What is", "--max-new-tokens", "12", "--stop", stop);
    assertEquals(text.substring(0, text.indexOf(stop)), stopped.path("text").asText());
  }

  @Test
  void samplingGoesByTheSeed() {
    String[] flags = {"--chat", "Hello", "--temperature", "1.5", "--max-new-tokens", "16"};
    List<JsonNode> ids = new ArrayList<>();
    for (String seed : List.of("1", "1", "2")) {
      List<String> all = new ArrayList<>(List.of(flags));
      all.addAll(List.of("--seed", seed));
      ids.add(generate(all.toArray(String[]::new)).path("ids"));
    }
    assertEquals(ids.get(0), ids.get(1));
    assertNotEquals(ids.get(0), ids.get(2));
    // One candidate is no choice: the greedy text, whatever the temperature.
    assertEquals(
        generate("--chat", "Hello", "--max-new-tokens", "16").path("ids"),
        generate("--chat", "Hello", "--max-new-tokens", "16", "--temperature", "2", "--top-k", "1")
            .path("ids"));
  }

  @Test
  void tokenizeSpellsTokens() throws IOException {
    JsonNode plain =
        Outcome.of("tokenize", "--model", MODEL.toString(), "--text", "Hello there")
            .expect(0)
            .json();
    assertEquals(plain.path("ids").size(), plain.path("tokens").size());
    Path file = folder.resolve("t.txt");
    Files.writeString(file, "Hello there");
    assertEquals(
        plain,
        Outcome.of("tokenize", "--model", MODEL.toString(), "--file", file.toString(), "--json")
            .expect(0)
            .json());
    Path chat =
        Fixtures.write(
            folder.resolve("c.json"),
            "[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":\"Ho\"}]");
    JsonNode rendered =
        Outcome.of("tokenize", "--model", MODEL.toString(), "--file", chat.toString(), "--chat")
            .expect(0)
            .json();
    int length = rendered.path("ids").size();
    assertEquals(length, rendered.path("trained").size());
    assertTrue(rendered.path("text").asText().contains("Ho"));
    assertFalse(rendered.path("trained").path(0).asBoolean(), "the first token is never a target");
    assertTrue(rendered.path("trained").toString().contains("true"));
  }

  private static JsonNode eval(String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "eval",
                "--model",
                MODEL.toString(),
                "--data",
                EXAMPLE.resolve("data.jsonl").toString(),
                "--max-length",
                "48",
                "--threads",
                "1",
                "--json"));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new)).expect(0).json();
  }

  private static JsonNode generate(String... more) {
    List<String> args =
        new ArrayList<>(
            List.of("generate", "--model", MODEL.toString(), "--threads", "1", "--json"));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new)).expect(0).json();
  }
}
