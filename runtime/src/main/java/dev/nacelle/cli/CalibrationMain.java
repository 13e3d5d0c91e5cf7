package dev.nacelle.cli;

import dev.nacelle.file.FaultInjector;
import dev.nacelle.planning.ProcessProbe;
import dev.nacelle.report.RunIdentity;
import dev.nacelle.report.RunRecorder;
import dev.nacelle.report.TrainProgress;
import dev.nacelle.train.FinetuneOptions;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine;

/**
 * Where the processes start that a calibration measures: as {@code ./nacelle finetune} does,
 * parser, log, progress and report included. Prints one JSON object.
 */
public final class CalibrationMain {
  private static final int ARCHIVED_VOCABULARY = 300;

  private CalibrationMain() {}

  /**
   * {@code write FOLDER VOCABULARY}, {@code run FOLDER THREADS}, {@code speed THREADS FOLDER}; to
   * hold what is foreseen against a model in use, {@code check MODEL DATA FOLDER THREADS LENGTH};
   * and {@code classes FOLDER}, which uses what planning and fine-tuning use, for an archive of
   * their classes.
   */
  public static void main(String[] args) {
    switch (args[0]) {
      case "write" -> ProcessProbe.write(Path.of(args[1]), Integer.parseInt(args[2]));
      case "run" ->
          System.out.println(
              run(ProcessProbe.options(Path.of(args[1]), Integer.parseInt(args[2]))));
      case "check" ->
          System.out.println(
              run(
                  ProcessProbe.options(
                      Path.of(args[1]),
                      Path.of(args[2]),
                      Path.of(args[3]),
                      Integer.parseInt(args[4]),
                      Integer.parseInt(args[5]))));
      case "classes" -> {
        useClasses(Path.of(args[1]));
        return;
      }
      case "speed" ->
          System.out.println(ProcessProbe.speed(Integer.parseInt(args[1]), Path.of(args[2])));
      default -> throw new IllegalArgumentException(args[0]);
    }
    System.out.flush();
    System.exit(0);
  }

  /** Help, then a run with its plan; what is said is for nobody. */
  private static void useClasses(Path folder) {
    ProcessProbe.write(folder, ARCHIVED_VOCABULARY);
    int ignored = Main.commandLine().execute("finetune", "--help");
    System.out.println(run(ProcessProbe.options(folder, 2)));
  }

  private static String run(FinetuneOptions options) {
    CommandLine.ParseResult parsed =
        Main.commandLine().parseArgs("finetune", "--model", options.model().toString());
    RunIdentity identity =
        new RunIdentity(
            Version.VERSION, options.command(), FlagValues.of(parsed.subcommand().commandSpec()));
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    try (TrainProgress progress = TrainProgress.onStandardError(nowhere, false);
        RunRecorder recorder = new RunRecorder(options, identity, FaultInjector.none())) {
      return new ProcessProbe(options)
          .run(
              event -> {
                recorder.accept(event);
                progress.accept(event);
              },
              recorder::done);
    }
  }
}
