package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** chat from a pipe, preview, and the completion script. */
final class ConversationTest {
  private static final Path MODEL = Fixtures.model("llama3");

  @TempDir private Path folder;

  private static Outcome chat(String input, String... more) {
    InputStream before = System.in;
    try {
      System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
      List<String> args =
          new ArrayList<>(List.of("chat", "--model", MODEL.toString(), "--threads", "1"));
      args.addAll(List.of(more));
      return Outcome.of(args.toArray(String[]::new));
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void chatAnswersAsGenerateDoesAndKeepsTheContext() {
    JsonNode once =
        Outcome.of(
                "generate",
                "--model",
                MODEL.toString(),
                "--chat",
                "Hello",
                "--max-new-tokens",
                "6",
                "--threads",
                "1",
                "--json")
            .expect(0)
            .json();
    JsonNode turns =
        chat("Hello\n\nAnd you?\n/reset\nHello\n/quit\nnever", "--json", "--max-new-tokens", "6")
            .expect(0)
            .json()
            .path("turns");
    assertEquals(3, turns.size(), turns::toString);
    for (int turn : new int[] {0, 2}) {
      assertEquals(once.path("text"), turns.path(turn).path("text"));
      assertEquals(once.path("prompt_tokens"), turns.path(turn).path("prompt_tokens"));
    }
    assertEquals(0, turns.path(0).path("cached_tokens").asInt());
    int first = turns.path(0).path("prompt_tokens").asInt();
    int second = turns.path(1).path("prompt_tokens").asInt();
    assertTrue(second > first, turns::toString);
    // The first prompt stands before the second, and was not computed again.
    assertTrue(turns.path(1).path("cached_tokens").asInt() >= first, turns::toString);
    String plain = chat("Hello\n", "--max-new-tokens", "6").expect(0).out();
    assertEquals(once.path("text").asText() + System.lineSeparator(), plain);
  }

  @Test
  void theSeedDecidesTheConversation() {
    String[] flags = {"--json", "--max-new-tokens", "5", "--temperature", "0.9", "--seed", "4"};
    JsonNode both = chat("Hello\nWhat now?\n", flags).expect(0).json().path("turns");
    assertEquals(2, both.size());
    assertEquals(both, chat("Hello\nWhat now?\n", flags).expect(0).json().path("turns"));
  }

  @Test
  void aFullContextIsRefused() {
    Outcome full = chat("gear ".repeat(400) + "\n").expect(3);
    assertTrue(full.err().contains("/reset"), full.err());
    assertTrue(full.err().contains("256"), full.err());
  }

  @Test
  void previewMarksWhatIsTrained() throws IOException {
    Path data =
        Fixtures.write(
            folder.resolve("d.jsonl"),
            "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},"
                + "{\"role\":\"assistant\",\"content\":\"Hello there\"}]}",
            "{\"prompt\":\"one two three four five six seven\",\"completion\":\" x\"}",
            "{\"text\":\"a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i"
                + " j\"}");
    String[] args = {
      "preview", "--model", MODEL.toString(), "--data", data.toString(), "--max-length", "40"
    };
    Outcome shown = Outcome.of(args).expect(0);
    assertTrue(shown.out().contains("[Hello there<|eot_id|>]"), shown.out());
    assertFalse(shown.out().contains("\u001b"), "colours without a terminal");
    List<String> json = new ArrayList<>(List.of(args));
    json.addAll(List.of("--json", "-n", "1"));
    JsonNode result = Outcome.of(json.toArray(String[]::new)).expect(0).json();
    JsonNode sample = result.path("samples").path(0);
    assertEquals(1, result.path("samples").size());
    assertEquals(sample.path("ids").size(), sample.path("trained").size());
    assertFalse(sample.path("trained").path(0).asBoolean());
    JsonNode counts = result.path("counts");
    assertEquals(3, counts.path("records").asInt());
    assertEquals(
        3, counts.path("samples").asInt() + counts.path("dropped").asInt(), counts::toString);
    assertTrue(counts.path("truncated").asInt() >= 1, counts::toString);
    int binned = 0;
    for (JsonNode bin : result.path("histogram")) {
      binned += bin.path("count").asInt();
    }
    assertEquals(counts.path("samples").asInt(), binned);
    Outcome.of("preview", "--model", MODEL.toString(), "--data", "/nowhere").expect(3);
  }

  @Test
  void completionParsesAndCompletes() throws IOException, InterruptedException {
    for (String shell : List.of("bash", "zsh")) {
      Path script = folder.resolve(shell);
      Files.writeString(script, Outcome.of("completion", shell).expect(0).out());
      assertEquals("", run("bash", "-n", script.toString()));
    }
    String ask =
        ". "
            + folder.resolve("bash")
            + "; COMP_WORDS=(nacelle mer); COMP_CWORD=1; _complete_nacelle; echo ${COMPREPLY[@]};"
            + " COMP_WORDS=(nacelle merge --ada); COMP_CWORD=2; _complete_nacelle;"
            + " echo ${COMPREPLY[@]}";
    assertEquals("merge\n--adapter\n", run("bash", "-c", ask + " 2>/dev/null"));
    Outcome.of("completion", "fish").expect(2);
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), String.join(" ", command));
    return out;
  }
}
