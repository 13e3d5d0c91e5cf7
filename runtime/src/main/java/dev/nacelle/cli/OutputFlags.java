package dev.nacelle.cli;

import picocli.CommandLine.Option;

/** How a command speaks. */
final class OutputFlags {
  @Option(names = "--json", description = "Print one JSON object on standard output.")
  boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "No progress on standard error.")
  boolean quiet;

  @Option(
      names = {"-v", "--verbose"},
      description = "Show stack traces.")
  boolean verbose;
}
