package dev.nacelle.planning;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.LoraKind;
import dev.nacelle.memory.Budget;
import dev.nacelle.memory.ProcessTrim;
import dev.nacelle.memory.Strategy;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.ProcessPages;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.ComputeKernels;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.ProcessMemory;
import dev.nacelle.train.Schedule;
import dev.nacelle.train.StepSizes;
import dev.nacelle.train.TrainEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the process that a calibration starts does: it fine-tunes a tiny model as every run does,
 * and says what it held beside tensors, scratch and model files.
 */
public final class ProcessProbe {
  private static final int STEPS = 6;
  private static final int LENGTH = 64;

  /** A run plans too, and what that takes is a part of its costs. */
  private static final Planner PLANNER =
      new Planner(
          () -> MachineCosts.free(Rates.derived(1e11, 1e10, 1e9)),
          () -> new Budget.Look(Long.MAX_VALUE / 2, "a probe"),
          true,
          plan -> {},
          note -> {});

  private final FinetuneOptions options;
  private long loadPeak;
  private long liveHeap;
  private @Nullable Rehearsal walk;

  /**
   * @param options as {@link #options} gives them
   */
  public ProcessProbe(FinetuneOptions options) {
    this.options = options;
  }

  /** Makes the tiny model, with a vocabulary of so many tokens, in a folder. */
  public static void write(Path folder, int vocabulary) {
    ProbeModel.write(folder, vocabulary, ProbeModel.Shape.TINY);
  }

  /**
   * Measures products, attention and copies, and what a step takes beside them.
   *
   * @param folder empty, for a model and a run
   */
  public static String speed(int threads, Path folder) {
    MachineSpeed parts = MachineSpeed.measure(threads);
    return parts.inSteps(new StepProbe(folder, threads, parts).whole()).json().toString();
  }

  /**
   * Runs, and says what the process held.
   *
   * @param others who else listens to a run, recorders say
   * @param after what follows a run, reports say
   * @return one JSON object
   */
  public String run(Consumer<TrainEvent> others, Runnable after) {
    new Finetune(
            options,
            FaultInjector.none(),
            ComputeKernels::open,
            event -> {
              others.accept(event);
              hear(event);
            },
            new Cancellation(),
            (base, kernels, asked, sizes) -> {
              StepSizes steps = sizes.get();
              int layers = base.config().layers();
              walk = Rehearsal.of(base, kernels, asked, steps, Strategy.FASTEST, layers);
              return PLANNER.plan(base, kernels, asked, () -> steps);
            })
        .run();
    after.run();
    long peak = ProcessMemory.peakResidentBytes();
    Rehearsal tensors = Objects.requireNonNull(walk);
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    result.put("load", Math.max(0, loadPeak - tensors.loaded()));
    result.put("run", Math.max(0, peak - tensors.peak(Strategy.Weights.RESIDENT)));
    result.put("live_heap", liveHeap);
    kinds(peak - tensors.peak(Strategy.Weights.RESIDENT)).forEach(result.putObject("kinds")::put);
    return result.toString();
  }

  /** As a run does: what loading left behind goes before the first step. */
  private void hear(TrainEvent event) {
    if (event instanceof TrainEvent.Started) {
      loadPeak = ProcessMemory.peakResidentBytes();
      new ProcessTrim().settle();
      liveHeap = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
      forgetPeak();
    }
  }

  /** Begins the kernel's peak anew; where that is not allowed, loading counts for steps too. */
  private static void forgetPeak() {
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    } catch (IOException e) {
      return;
    }
  }

  /** What the process holds now by kind; what no mapping explains is the C library's and slack. */
  private static Map<String, Long> kinds(long all) {
    Map<String, Long> kinds = new TreeMap<>();
    kinds.put("heap", Runtime.getRuntime().totalMemory());
    for (ProcessPages.Mapping m : ProcessPages.resident()) {
      String kind = null;
      if (m.access().equals("rwxp")) {
        kind = "code";
      } else if (m.name().endsWith(".jsa")) {
        kind = "archives";
      } else if (m.isFile() && !m.name().endsWith(".safetensors")) {
        kind = "libraries";
      } else if (m.name().equals("[stack]")) {
        kind = "stacks";
      }
      if (kind != null) {
        kinds.merge(kind, m.resident(), Long::sum);
      }
    }
    long known = kinds.values().stream().mapToLong(Long::longValue).sum();
    kinds.put("native", Math.max(0, all - known));
    return kinds;
  }

  /** A run over the folder that {@link #write} made. */
  public static FinetuneOptions options(Path folder, int threads) {
    return options(folder, folder.resolve(ProbeModel.DATA), folder, threads, LENGTH);
  }

  /** A run over any model and data, to hold what is foreseen against it. */
  public static FinetuneOptions options(
      Path model, Path data, Path folder, int threads, int length) {
    return options(
        model,
        folder.resolve("out" + threads),
        4,
        new FinetuneOptions.Saving(3, 2, false),
        new Job(List.of(data), 2, length, STEPS),
        threads);
  }

  /** How much of what data. */
  record Job(List<Path> data, int batch, int length, int steps) {}

  static FinetuneOptions options(
      Path model, Path out, int rank, FinetuneOptions.Saving saving, Job job, int threads) {
    return new FinetuneOptions(
        model,
        out,
        new FinetuneOptions.Adapting(
            new LoraKind(), rank, 2.0 * rank, 0, "all-linear", "", null, Set.of()),
        new FinetuneOptions.DataFlow(
            job.data(),
            DataFormat.AUTO,
            TrainOn.COMPLETIONS,
            false,
            job.batch(),
            1,
            job.length(),
            true,
            Order.SHUFFLE),
        new FinetuneOptions.Length(job.steps(), 0),
        new FinetuneOptions.Learning(1e-3, Schedule.Kind.COSINE, 0.03, 1, AdamSettings.DEFAULT),
        new FinetuneOptions.Evaluating(List.of(), 5, 3, 0),
        saving,
        DType.FP32,
        threads,
        0,
        List.of(),
        null,
        null,
        null,
        FinetuneOptions.Limits.NONE,
        true,
        "a calibration");
  }
}
