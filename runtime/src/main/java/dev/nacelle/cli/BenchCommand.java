package dev.nacelle.cli;

import dev.nacelle.cli.op.BenchOps;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./nacelle bench}: measurements with provenance. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures operators and whole jobs.",
    subcommands = {BenchOps.class, BenchTrainCommand.class})
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "bench needs ops or train");
  }
}
