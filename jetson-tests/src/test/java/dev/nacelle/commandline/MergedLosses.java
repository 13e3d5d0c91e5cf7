package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A merged model's losses beside those that PEFT recorded with the adapter unmerged. */
final class MergedLosses {
  private MergedLosses() {}

  /**
   * Compares every token.
   *
   * @param model the merged model
   * @param example the recorded case, whose data and losses are compared
   * @param flags of the case
   * @param losses a file to write ours to
   * @param each how far one token's loss may be off, where PEFT computed in fp32
   * @param mean how far the mean may be off, where PEFT computed in fp32
   * @return how many tokens were compared
   */
  static int hold(Path model, Path example, JsonNode flags, Path losses, double each, double mean)
      throws IOException {
    String name = String.valueOf(example.getFileName());
    Outcome.of(
            "eval",
            "--model",
            model.toString(),
            "--data",
            example.resolve(flags.path("data").asText()).toString(),
            "--max-length",
            flags.path("max-length").asText(),
            "--token-losses",
            losses.toString(),
            "--threads",
            "1",
            "--quiet")
        .expect(0);
    List<String> want = Files.readAllLines(example.resolve("token_losses.jsonl"));
    List<String> have =
        Files.readAllLines(losses).stream().filter(l -> !l.contains("\"dropped\"")).toList();
    assertEquals(want.size(), have.size(), name);
    // PEFT ran in bf16 where the case says so: its rounding moves a token's loss, hardly the mean.
    boolean rounded = flags.path("dtype").asText().equals("bf16");
    double difference = 0;
    int tokens = 0;
    for (int line = 0; line < want.size(); line++) {
      JsonNode wanted = Outcome.JSON.readTree(want.get(line));
      JsonNode had = Outcome.JSON.readTree(have.get(line));
      assertEquals(wanted.path("ids"), had.path("ids"), name + " line " + line);
      for (int t = 0; t < wanted.path("losses").size(); t++) {
        JsonNode loss = wanted.path("losses").path(t);
        if (!loss.isNull()) {
          double mine = had.path("losses").path(t).asDouble();
          assertEquals(loss.asDouble(), mine, rounded ? 0.5 : each, name + " " + line + ":" + t);
          difference += mine - loss.asDouble();
          tokens++;
        }
      }
    }
    assertEquals(0, difference / tokens, rounded ? 0.01 : mean, name);
    return tokens;
  }
}
