package dev.nacelle.cli;

import dev.nacelle.cli.op.OpCommand;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
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
      ChatCommand.class,
      PreviewCommand.class,
      TokenizeCommand.class,
      MergeCommand.class,
      ConvertCommand.class,
      ExportCommand.class,
      OpCommand.class,
      BenchCommand.class,
      CompletionCommand.class,
      PullCommand.class,
      InspectCommand.class,
      DoctorCommand.class,
      DevicesCommand.class,
      PlanCommand.class,
      StrategiesCommand.class,
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
    int code = isVersion(args) ? printVersion() : run(args);
    System.out.flush();
    System.err.flush();
    System.exit(code);
  }

  /** Asked for so often, by scripts too, that it does not wait for the parser. */
  private static boolean isVersion(String[] args) {
    return args.length == 1 && (args[0].equals("--version") || args[0].equals("-V"));
  }

  private static int printVersion() {
    System.out.println(Version.LINE);
    return 0;
  }

  /** Runs one command; its exit code. */
  public static int run(String... args) {
    List<String> given = Arrays.asList(args);
    boolean verbose = given.contains("-v") || given.contains("--verbose");
    Failures failures = new Failures(System.out, System.err, given.contains("--json"), verbose);
    try {
      return commandLine()
          .setExecutionExceptionHandler((e, ignored, parsed) -> failures.report(e))
          .setParameterExceptionHandler((e, ignored) -> failures.reportUsage(e))
          .execute(args);
    } catch (OutOfMemoryError | StackOverflowError | LinkageError | AssertionError e) {
      return failures.report(e);
    }
  }

  /** Every command, as its arguments are read. */
  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    line.getSubcommands().values().forEach(Main::giveVersion);
    return line.setCaseInsensitiveEnumValuesAllowed(true)
        .setAbbreviatedOptionsAllowed(false)
        // A prompt may begin with @.
        .setExpandAtFiles(false)
        .setUsageHelpWidth(100)
        .setUsageHelpLongOptionsMaxWidth(34);
  }

  private static void giveVersion(CommandLine command) {
    command.getCommandSpec().versionProvider(new Version());
    command.getSubcommands().values().forEach(Main::giveVersion);
  }

  private static PrintStream utf8(PrintStream stream) {
    return new PrintStream(stream, false, StandardCharsets.UTF_8);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }
}
