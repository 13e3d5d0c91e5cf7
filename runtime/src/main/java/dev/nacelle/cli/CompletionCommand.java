package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./nacelle completion}. */
@Command(
    name = "completion",
    mixinStandardHelpOptions = true,
    description = {
      "Prints a script that completes commands, flags and files in bash or zsh; the shell reads it",
      "once at its start."
    },
    footer = {
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage.",
      "",
      "Examples:",
      "  source <(./nacelle completion bash)                          in this shell",
      "  ./nacelle completion bash > ~/.local/share/bash-completion/completions/nacelle",
      "  echo 'source <(/path/to/nacelle completion zsh)' >> ~/.zshrc",
    })
final class CompletionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
  private String shell = "";

  // Known for scripts that pass them to every command: the result is the script.
  @SuppressWarnings("UnusedVariable")
  @Mixin
  private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    if (!shell.equals("bash") && !shell.equals("zsh")) {
      throw NacelleException.usage("no completion for " + shell, "choose bash or zsh");
    }
    // One script for both: it turns on zsh's emulation of bash's completion where it runs there.
    System.out.print(AutoComplete.bash("nacelle", spec.root().commandLine()));
    return 0;
  }
}
