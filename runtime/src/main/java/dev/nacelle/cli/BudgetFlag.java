package dev.nacelle.cli;

import dev.nacelle.memory.Budget;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The most that the process may hold. */
final class BudgetFlag {
  /** Below this, a model of usual size and the JVM are close to what is there. */
  private static final long AMPLE = 4L << 30;

  @Option(
      names = "--budget",
      paramLabel = "SIZE",
      description =
          "Most memory of the whole process, its peak resident set, JVM and mapped files included"
              + " (default: what is there).")
  private @Nullable String budget;

  /**
   * What was asked for, in bytes; null for what is there.
   *
   * @throws dev.nacelle.NacelleException of kind USAGE where it is no size
   */
  @Nullable Long bytes() {
    return budget == null ? null : (Long) ByteSize.parse("--budget", budget);
  }

  boolean isGiven() {
    return budget != null;
  }

  /**
   * The budget to keep to.
   *
   * @throws dev.nacelle.NacelleException of kind BUDGET where more is asked for than is there
   */
  Budget open() {
    return ThisMachine.budget(bytes());
  }

  /**
   * The budget where it may bind: one that was asked for, or a machine with little room; else null,
   * and nothing needs to be planned.
   *
   * @param input bytes of the files that will be in memory
   */
  @Nullable Budget binding(long input) {
    Budget open = open();
    return isGiven() || open.now().bytes() < AMPLE + 2 * input ? open : null;
  }
}
