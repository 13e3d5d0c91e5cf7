package dev.nacelle.commandline;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** What happens to a run from outside, while it works. */
public final class LogWatch {
  private LogWatch() {}

  /**
   * Does something once the log of a run holds so many lines.
   *
   * @param out the folder of the run
   */
  public static Future<Boolean> after(
      int steps, Path out, ExecutorService executor, Callable<Boolean> act) {
    return executor.submit(
        () -> {
          Path log = out.resolve("log.jsonl");
          while (!Files.exists(log) || Files.readAllLines(log).size() < steps) {
            Thread.sleep(2);
          }
          return act.call();
        });
  }
}
