package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import picocli.CommandLine.Option;

/** Flags of finetune that are agreed on but not built yet: known, so that they are refused well. */
final class LaterFlags {

  @Option(names = "--host-budget", hidden = true)
  String hostBudget = "";

  /** Refuses whatever of them was given (exit 2). */
  void refuse() {
    refuse(!hostBudget.isEmpty(), "--host-budget", "leave it out");
  }

  private static void refuse(boolean given, String flag, String instead) {
    if (given) {
      throw NacelleException.usage(flag + " is not built into this version", instead);
    }
  }
}
