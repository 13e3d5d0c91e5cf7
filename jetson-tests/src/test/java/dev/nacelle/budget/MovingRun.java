package dev.nacelle.budget;

import dev.nacelle.NacelleException;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Budget;
import dev.nacelle.memory.Strategy;
import dev.nacelle.planning.Calibration;
import dev.nacelle.planning.MachineCosts;
import dev.nacelle.planning.MemoryPlan;
import dev.nacelle.planning.Planner;
import dev.nacelle.planning.ProcessProbe;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.ComputeKernels;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.ProcessMemory;
import dev.nacelle.train.RunPlan;
import dev.nacelle.train.RunPlanner;
import dev.nacelle.train.StepSizes;
import dev.nacelle.train.TrainEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;

/**
 * A fine-tuning whose budget is drawn anew every ten steps between the job's minimum and twice
 * that, every other time near the minimum, and which asks the kernel after each step whether it
 * kept to it. A process of its own, with the JVM's flags of a budget:
 *
 * <p>{@code MovingRun MODEL DATA OUT STEPS BATCH LENGTH SEED} prints how many steps were over, by
 * how much at most, how often the plan changed, and the losses.
 */
final class MovingRun implements RunPlanner {
  private static final int DRAWN_EVERY = 10;
  private static final int THREADS = 2;

  private final Random random;
  private final List<MemoryPlan> plans = new ArrayList<>();
  private final List<Double> losses = new ArrayList<>();
  private final Calibration calibration;
  private long bound = Long.MAX_VALUE / 2;
  private int changes;
  private int over;
  private long mostOver = Long.MIN_VALUE;

  private MovingRun(long seed, Calibration calibration) {
    this.random = new Random(seed);
    this.calibration = calibration;
  }

  public static void main(String[] args) {
    Path cache = Path.of(System.getenv("NACELLE_CACHE"));
    Calibration calibration =
        Calibration.of(cache, "dev.nacelle.cli.CalibrationMain", THREADS, note -> {});
    MovingRun run = new MovingRun(Long.parseLong(args[6]), calibration);
    FinetuneOptions options =
        options(
            Path.of(args[0]),
            Path.of(args[1]),
            Path.of(args[2]),
            Integer.parseInt(args[3]),
            Integer.parseInt(args[4]),
            Integer.parseInt(args[5]));
    new Finetune(
            options,
            FaultInjector.none(),
            ComputeKernels::open,
            event -> {
              if (event instanceof TrainEvent.Stepped stepped) {
                run.losses.add(stepped.step().loss());
              }
            },
            new Cancellation(),
            run)
        .run();
    run.measure();
    System.out.printf(
        Locale.ROOT,
        "{\"steps\": %d, \"over\": %d, \"most_over\": %d, \"changes\": %d, \"minimum\": %d,"
            + " \"losses\": %s}%n",
        run.losses.size(),
        run.over,
        run.mostOver,
        run.changes,
        run.minimum(),
        run.losses);
  }

  private static FinetuneOptions options(
      Path model, Path data, Path out, int steps, int batch, int length) {
    FinetuneOptions usual = ProcessProbe.options(model, data, out, THREADS, length);
    return new FinetuneOptions(
        model,
        out,
        usual.adapter(),
        new FinetuneOptions.DataFlow(
            List.of(data),
            DataFormat.AUTO,
            TrainOn.ALL,
            false,
            batch,
            1,
            length,
            true,
            Order.SHUFFLE),
        new FinetuneOptions.Length(steps, 0),
        usual.learning(),
        new FinetuneOptions.Evaluating(List.of(), 0, 0, 0),
        new FinetuneOptions.Saving(100, 2, false),
        usual.dtype(),
        THREADS,
        0,
        List.of(),
        null,
        null,
        null,
        usual.limits(),
        true,
        "a moving run");
  }

  private long minimum() {
    return plans.getFirst().minimumBytes();
  }

  /** Holds the peak since the step began against the budget of that step. */
  private void measure() {
    long peak = ProcessMemory.peakResidentBytes();
    mostOver = Math.max(mostOver, peak - bound);
    over += peak > bound ? 1 : 0;
  }

  @Override
  public RunPlan plan(
      BaseModel base, KernelSet kernels, FinetuneOptions options, Supplier<StepSizes> sizes) {
    RunPlan inner =
        new Planner(
                () -> MachineCosts.measured(calibration),
                () -> new Budget.Look(bound, "the test"),
                true,
                plans::add,
                note -> changes++)
            .plan(base, kernels, options, sizes);
    return new RunPlan() {
      private int looks;

      @Override
      public Strategy strategy() {
        return inner.strategy();
      }

      // Asked last before a step, when all that the change of a plan gives back is gone.
      @Override
      public long arenaBytes() {
        forgetPeak();
        return inner.arenaBytes();
      }

      @Override
      public boolean look() {
        if (looks > 0) {
          measure();
        }
        if (looks % DRAWN_EVERY == 0) {
          // Every other one is tight, so that a roomier one between changes the plan.
          double share = random.nextDouble() * (looks / DRAWN_EVERY % 2 == 0 ? 0.1 : 1);
          bound = minimum() + (long) (share * minimum());
        }
        looks++;
        return inner.look();
      }

      @Override
      public boolean leaner(NacelleException refused) {
        return inner.leaner(refused);
      }
    };
  }

  private static void forgetPeak() {
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    } catch (IOException e) {
      throw new IllegalStateException("the kernel's peak cannot be begun anew", e);
    }
  }
}
