package dev.nacelle.cli.op;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./nacelle op}: the operators themselves. */
@Command(
    name = "op",
    mixinStandardHelpOptions = true,
    description = "Lists operators, and runs one on tensors from a file.",
    subcommands = {OpList.class, OpRun.class})
public final class OpCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "op needs list or run");
  }
}
