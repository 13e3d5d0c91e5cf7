package dev.nacelle.planning;

import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.Strategy;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.ComputeKernels;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.RunPlan;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Fine-tunes a small model in earnest: what a step takes beside its parts, and what the parts were
 * measured wrongly by, as the machine's neighbours changed their minds, shows in it.
 */
final class StepProbe {
  private static final int VOCABULARY = 4096;
  private static final int RANK = 16;

  /** Many short steps, for the JVM compiles meanwhile; only the last third of any run counts. */
  private static final int SHORT_STEPS = 60;

  private static final int SHORT_LENGTH = 64;
  private static final int LONG_STEPS = 15;
  private static final int LONG_LENGTH = 256;

  /** What is further off says more of a disturbed machine than of a step. */
  private static final double LEAST = 0.6;

  private static final double MOST = 2;

  private final Path folder;
  private final int threads;
  private final MachineSpeed parts;

  StepProbe(Path folder, int threads, MachineSpeed parts) {
    this.folder = folder;
    this.threads = threads;
    this.parts = parts;
  }

  /** A step's seconds over its parts', the geometric mean of a short step's and a long one's. */
  double whole() {
    ProbeModel.write(folder, VOCABULARY, ProbeModel.Shape.NARROW);
    double brief = ratio(SHORT_LENGTH, SHORT_STEPS);
    double ample = ratio(LONG_LENGTH, LONG_STEPS);
    return Math.clamp(Math.sqrt(brief * ample), LEAST, MOST);
  }

  private double ratio(int length, int steps) {
    FinetuneOptions options =
        ProcessProbe.options(
            folder,
            folder.resolve("steps" + length),
            RANK,
            new FinetuneOptions.Saving(0, 1, false),
            new ProcessProbe.Job(List.of(folder.resolve(ProbeModel.DATA)), 1, length, steps),
            threads);
    List<Double> seconds = new ArrayList<>();
    double[] foreseen = new double[1];
    new Finetune(
            options,
            FaultInjector.none(),
            ComputeKernels::open,
            event -> {
              if (event instanceof TrainEvent.Stepped stepped) {
                seconds.add(stepped.step().seconds());
              }
            },
            new Cancellation(),
            (base, kernels, asked, sizes) -> {
              MachineCosts costs = MachineCosts.free(new Rates(parts, 1, true));
              JobPrices prices =
                  new JobPrices(base, kernels, asked, sizes.get(), costs, new Walks());
              foreseen[0] = prices.price(Strategy.FASTEST).stepSeconds();
              return RunPlan.UNBOUNDED;
            })
        .run();
    return Stopwatch.median(seconds.subList(steps * 2 / 3, steps)) / foreseen[0];
  }
}
