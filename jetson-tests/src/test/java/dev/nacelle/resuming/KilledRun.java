package dev.nacelle.resuming;

import dev.nacelle.file.FaultInjector;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Path;
import java.util.List;

/**
 * A process that trains and is killed: it says on standard output which step is done, and, once a
 * first checkpoint is there, which moment of a save it has reached. At the moment that it was asked
 * to wait for, it waits.
 */
final class KilledRun {
  private KilledRun() {}

  private static boolean saved;
  private static long seen;

  /**
   * Arguments: out, whether to resume, two data files, a moment or {@code none}, how many to pass.
   */
  public static void main(String[] args) {
    boolean resume = Boolean.parseBoolean(args[1]);
    long pass = Long.parseLong(args[5]);
    saved = resume;
    FaultInjector faults =
        FaultInjector.watching(
            moment -> {
              if (saved && moment.name().equals(args[4]) && ++seen > pass) {
                say("moment " + moment);
                sleep();
              }
            });
    Job job = Job.forKills(List.of(Path.of(args[2]), Path.of(args[3])), 1);
    Object ignored =
        Job.run(job.options(Path.of(args[0]), resume), faults, KilledRun::hear, new Cancellation());
    say("finished");
  }

  private static void hear(TrainEvent event) {
    if (event instanceof TrainEvent.Checkpointed) {
      saved = true;
    } else if (saved && event instanceof TrainEvent.Stepped stepped) {
      say("step " + stepped.step().step());
    }
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static void sleep() {
    try {
      Thread.sleep(60_000);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
