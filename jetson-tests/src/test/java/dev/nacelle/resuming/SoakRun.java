package dev.nacelle.resuming;

import dev.nacelle.file.FaultInjector;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.TrainEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A process that trains long and says what it holds: step, resident KiB, native buffers, bytes. */
final class SoakRun {
  private static final int STEPS_A_LINE = 20;

  private SoakRun() {}

  /** Arguments: out, two data files, steps. */
  public static void main(String[] args) {
    Job job = Job.of(List.of(Path.of(args[1]), Path.of(args[2])));
    job = job.ofSteps(Long.parseLong(args[3])).saving(100, 2);
    Object ignored =
        Job.run(
            job.options(Path.of(args[0]), false),
            FaultInjector.none(),
            SoakRun::hear,
            new Cancellation());
  }

  private static void hear(TrainEvent event) {
    if (event instanceof TrainEvent.Stepped s && s.step().step() % STEPS_A_LINE == 0) {
      System.out.printf(
          "%d %d %d %d%n",
          s.step().step(), residentKib(), NativeMemory.liveBuffers(), s.step().bytes());
      System.out.flush();
    }
  }

  private static long residentKib() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("\\D", ""));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalStateException("the kernel does not say VmRSS");
  }
}
