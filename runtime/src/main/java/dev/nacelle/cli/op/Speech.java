package dev.nacelle.cli.op;

import picocli.CommandLine.Option;

/**
 * How the commands of this package speak; {@code -q} and {@code -v} are what they are everywhere.
 */
final class Speech {
  @Option(names = "--json", description = "Print one JSON object on standard output.")
  boolean json;

  @Option(
      names = {"-q", "--quiet"},
      description = "No notes on standard error.")
  boolean quiet;

  @Option(
      names = {"-v", "--verbose"},
      description = "Show stack traces.")
  boolean verbose;

  void note(String line) {
    if (!quiet) {
      System.err.println("nacelle: " + line);
    }
  }
}
