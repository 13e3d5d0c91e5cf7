package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Help pages and wrong usage. */
final class HelpTest {
  private static final List<String> EVERYWHERE =
      List.of("--help", "--version", "--json", "--quiet", "--verbose");

  private static final Map<String, List<String>> FLAGS =
      Map.of(
          "finetune",
          List.of(
              "--model",
              "--data",
              "--out",
              "--overwrite",
              "--rank",
              "--alpha",
              "--dropout",
              "--targets",
              "--layers",
              "--init-adapter",
              "--steps",
              "--epochs",
              "--batch-size",
              "--accumulate",
              "--max-length",
              "--packing",
              "--order",
              "--format",
              "--train-on",
              "--skip-bad-lines",
              "--lr",
              "--schedule",
              "--warmup",
              "--weight-decay",
              "--clip",
              "--betas",
              "--eps",
              "--lora-plus-ratio",
              "--eval-data",
              "--eval-split",
              "--eval-every",
              "--patience",
              "--dtype",
              "--log",
              "--dump-gradients",
              "--max-temperature",
              "--threads",
              "--device",
              "--seed"),
          "eval",
          List.of(
              "--model",
              "--adapter",
              "--data",
              "--max-length",
              "--batch-size",
              "--format",
              "--train-on",
              "--skip-bad-lines",
              "--token-losses",
              "--dtype",
              "--threads",
              "--device",
              "--seed"),
          "generate",
          List.of(
              "--model",
              "--adapter",
              "--prompt",
              "--chat",
              "--max-new-tokens",
              "--temperature",
              "--top-p",
              "--top-k",
              "--stop",
              "--dtype",
              "--threads",
              "--device",
              "--seed"),
          "tokenize",
          List.of("--model", "--text", "--file", "--chat", "--train-on"),
          "pull",
          List.of("--list", "--update"),
          "inspect",
          List.of("--tensor", "--out", "--raw"),
          "doctor",
          List.of("--root", "--profile"),
          "devices",
          List.of("--profile"),
          "strategies",
          List.of());

  @Test
  void helpListsEveryFlag() {
    FLAGS.forEach(
        (command, flags) -> {
          Outcome help = Outcome.of(command, "--help").expect(0);
          for (String flag : flags) {
            assertTrue(
                help.out().lines().anyMatch(l -> l.matches("\\s+(-\\w, )?" + flag + "\\b.*")),
                () -> command + " --help has no " + flag);
          }
          for (String flag : EVERYWHERE) {
            assertTrue(help.out().contains(flag), () -> command + " --help has no " + flag);
          }
          assertTrue(help.out().contains("Exit codes:"), command);
          assertTrue(
              help.out().lines().filter(l -> l.contains("./nacelle " + command)).count() >= 2,
              () -> command + " --help has fewer than two examples");
          assertEquals("", help.err());
        });
  }

  @Test
  void versionIsOneLine() {
    assertTrue(Outcome.of("--version").expect(0).out().matches("nacelle \\S+\\R"));
    assertTrue(Outcome.of("eval", "--version").expect(0).out().matches("nacelle \\S+\\R"));
  }

  @Test
  void wrongUsageIsTwo() {
    assertTrue(Outcome.of().expect(2).err().contains("command is missing"));
    assertTrue(Outcome.of("finetunes").expect(2).err().contains("finetunes"));
    assertTrue(
        Outcome.of("eval", "--model", "m", "--data", "d", "--nope")
            .expect(2)
            .err()
            .contains("--nope"));
    assertTrue(Outcome.of("eval", "--data", "x").expect(2).err().contains("--model"));
    assertTrue(Outcome.of("generate", "--model", "m").expect(2).err().contains("--prompt"));
    Outcome.of("generate", "--model", "m", "--prompt", "a", "--chat", "b").expect(2);
    Outcome.of("finetune", "--model", "m").expect(2);
  }

  @Test
  void jsonErrorsAreOneObject() {
    var error = Outcome.of("eval", "--model", "/nowhere", "--data", "x", "--json").expect(3).json();
    assertEquals("bad-input", error.path("error").path("code").asText());
    assertTrue(error.path("error").path("message").asText().contains("/nowhere"));
    assertTrue(error.path("error").has("hint"));
    var usage = Outcome.of("eval", "--json", "--nope").expect(2).json();
    assertEquals("usage", usage.path("error").path("code").asText());
  }
}
