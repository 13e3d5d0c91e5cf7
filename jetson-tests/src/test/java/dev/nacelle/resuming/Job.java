package dev.nacelle.resuming;

import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.LoraKind;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.report.StepLog;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.Schedule;
import dev.nacelle.train.TrainEvent;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A small fine-tuning that a test runs whole and in pieces.
 *
 * @param data files; empty records and comments are up to whoever makes them
 * @param steps optimiser steps; 0 where epochs count
 */
record Job(
    String model,
    List<Path> data,
    long steps,
    double epochs,
    int batch,
    int accumulate,
    double dropout,
    boolean packing,
    Order order,
    double evalSplit,
    long evalEvery,
    int patience,
    String targets,
    DType dtype,
    long saveEvery,
    int keep) {

  /** Ten steps of three samples, a checkpoint every third. */
  static Job of(List<Path> data) {
    return new Job(
        "plain",
        data,
        10,
        0,
        3,
        1,
        0,
        true,
        Order.SHUFFLE,
        0,
        0,
        0,
        "all-linear",
        DType.FP32,
        3,
        2);
  }

  /** Steps enough that a process is killed in the midst of them; dropout, evaluations, packing. */
  static Job forKills(List<Path> data, long saveEvery) {
    return new Job(
        "plain",
        data,
        40,
        0,
        3,
        1,
        0.1,
        true,
        Order.SHUFFLE,
        15,
        3,
        0,
        "all-linear",
        DType.FP32,
        saveEvery,
        2);
  }

  Job saving(long every, int kept) {
    return new Job(
        model,
        data,
        steps,
        epochs,
        batch,
        accumulate,
        dropout,
        packing,
        order,
        evalSplit,
        evalEvery,
        patience,
        targets,
        dtype,
        every,
        kept);
  }

  Job ofSteps(long wanted) {
    return new Job(
        model,
        data,
        wanted,
        0,
        batch,
        accumulate,
        dropout,
        packing,
        order,
        evalSplit,
        evalEvery,
        patience,
        targets,
        dtype,
        saveEvery,
        keep);
  }

  static Path model(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(Job.class.getResource("/goldens/peft/models/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  FinetuneOptions options(Path out, boolean resume) {
    return options(out, resume, model(model));
  }

  FinetuneOptions options(Path out, boolean resume, Path modelFolder) {
    return new FinetuneOptions(
        modelFolder,
        out,
        new FinetuneOptions.Adapting(new LoraKind(), 4, 8, dropout, targets, "", null, Set.of()),
        new FinetuneOptions.DataFlow(
            data,
            DataFormat.AUTO,
            TrainOn.COMPLETIONS,
            true,
            batch,
            accumulate,
            48,
            packing,
            order),
        new FinetuneOptions.Length(steps, epochs),
        new FinetuneOptions.Learning(
            1e-3, Schedule.Kind.COSINE, 0.2, 1, new AdamSettings(0.9, 0.99, 1e-8, 0.01, 4)),
        new FinetuneOptions.Evaluating(List.of(), evalSplit, evalEvery, patience),
        new FinetuneOptions.Saving(saveEvery, keep, resume),
        dtype,
        1,
        7,
        List.of(),
        null,
        null,
        null,
        FinetuneOptions.Limits.NONE,
        false,
        "a test");
  }

  /** Runs in this process; the step log is written as the command line does. */
  FinetuneResult run(Path out, boolean resume) {
    return run(options(out, resume), FaultInjector.none(), event -> {}, new Cancellation());
  }

  static FinetuneResult run(
      FinetuneOptions options,
      FaultInjector faults,
      Consumer<TrainEvent> listener,
      @Nullable Cancellation cancellation) {
    try (StepLog log = new StepLog(options.out().resolve("log.jsonl"))) {
      return new Finetune(
              options,
              faults,
              threads -> Kernels.open(threads, null),
              event -> {
                log.accept(event);
                listener.accept(event);
              },
              cancellation == null ? new Cancellation() : cancellation)
          .run();
    }
  }
}
