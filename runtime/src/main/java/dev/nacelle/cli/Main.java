package dev.nacelle.cli;

import dev.nacelle.cli.op.OpCommand;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where the launcher starts. */
@Command(
    name = "nacelle",
    description = "Trains and fine-tunes neural networks inside a hard memory budget.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      FinetuneCommand.class,
      EvalCommand.class,
      GenerateCommand.class,
      TokenizeCommand.class,
      OpCommand.class,
      BenchCommand.class,
    },
    footer = {
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 4 does not fit the",
      "memory budget, 5 the environment lacks something, 130 and 143 interrupted.",
      "",
      "Examples:",
      "  ./nacelle finetune                                     the demonstration",
      "  ./nacelle finetune --model DIR --data F.jsonl --out OUT",
      "  ./nacelle generate --model DIR --adapter OUT --chat \"Hello\"",
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    System.setOut(utf8(System.out));
    System.setErr(utf8(System.err));
    int code = run(args);
    System.out.flush();
    System.err.flush();
    System.exit(code);
  }

  /** Runs one command; its exit code. */
  public static int run(String... args) {
    boolean json = Arrays.asList(args).contains("--json");
    boolean verbose = Arrays.asList(args).contains("-v");
    Failures failures = new Failures(System.out, System.err, json, verbose);
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setAbbreviatedOptionsAllowed(false)
        .setUsageHelpWidth(100)
        .setUsageHelpLongOptionsMaxWidth(34)
        .setExecutionExceptionHandler((e, line, parsed) -> failures.report(e))
        .setParameterExceptionHandler((e, ignored) -> failures.reportUsage(e))
        .execute(args);
  }

  private static PrintStream utf8(PrintStream stream) {
    return new PrintStream(stream, false, StandardCharsets.UTF_8);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }
}
