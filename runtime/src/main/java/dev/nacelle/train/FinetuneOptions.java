package dev.nacelle.train;

import dev.nacelle.adapter.Beginning;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.ModulePattern;
import dev.nacelle.nativeaccess.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything that describes one fine-tuning. Flags of the command line carry the same names.
 *
 * @param model a Hugging Face folder or a GGUF file
 * @param out where the adapter and the reports go
 * @param dtype of the activations: fp32 or bf16
 * @param threads for every kernel
 * @param samplePrompts a user's messages, answered before the first step and after the last
 * @param log the step log; null for {@code out/log.jsonl}
 * @param dumpGradients where the first step's gradients go; null for nowhere
 * @param maxTemperature degrees Celsius above which the run pauses between steps; null for never
 * @param limits of memory
 * @param overwrite whether {@code out} may hold something already; old checkpoints go
 * @param command what was typed, for the report
 */
public record FinetuneOptions(
    Path model,
    Path out,
    Adapting adapter,
    DataFlow data,
    Length length,
    Learning learning,
    Evaluating evaluation,
    Saving saving,
    DType dtype,
    int threads,
    long seed,
    List<String> samplePrompts,
    @Nullable Path log,
    @Nullable Path dumpGradients,
    @Nullable Double maxTemperature,
    Limits limits,
    boolean overwrite,
    String command) {

  /** The same with another rank. */
  public FinetuneOptions withRank(int rank) {
    Adapting a = adapter;
    return with(
        new Adapting(
            a.kind, rank, a.alpha, a.dropout, a.targets, a.layers, a.special, a.init, a.given));
  }

  /** The same with another adapter. */
  public FinetuneOptions with(Adapting other) {
    return new FinetuneOptions(
        model,
        out,
        other,
        data,
        length,
        learning,
        evaluation,
        saving,
        dtype,
        threads,
        seed,
        samplePrompts,
        log,
        dumpGradients,
        maxTemperature,
        limits,
        overwrite,
        command);
  }

  /**
   * Memory.
   *
   * @param budget bytes that the whole process may hold; null for what is there
   * @param allowApproximate whether activations and moments may be rounded to fewer bits
   * @param spill whether tensors may be written to a file in {@code out}
   */
  public record Limits(@Nullable Long budget, boolean allowApproximate, boolean spill) {
    /** What is there, and exact. */
    public static final Limits NONE = new Limits(null, false, true);
  }

  /**
   * The adapter.
   *
   * @param kind what stands beside each layer
   * @param targets {@code all-linear} or ends of module paths, with commas
   * @param layers {@code 0-7,12}; empty for all
   * @param special what differs from the usual adapter
   * @param init an adapter to start from; its rank, alpha and targets hold
   * @param given flags that were typed; those of them that an adapter to start from settles must
   *     agree with it
   */
  public record Adapting(
      AdapterKind kind,
      int rank,
      double alpha,
      double dropout,
      String targets,
      String layers,
      Special special,
      @Nullable Path init,
      Set<String> given) {
    /** The usual adapter. */
    public Adapting(
        AdapterKind kind,
        int rank,
        double alpha,
        double dropout,
        String targets,
        String layers,
        @Nullable Path init,
        Set<String> given) {
      this(kind, rank, alpha, dropout, targets, layers, Special.NONE, init, given);
    }

    /** The same of another kind. */
    Adapting withKind(AdapterKind other) {
      return new Adapting(other, rank, alpha, dropout, targets, layers, special, init, given);
    }
  }

  /**
   * What few adapters have.
   *
   * @param ranks modules of another rank
   * @param alphas modules of another alpha
   * @param beginning how A and B begin
   * @param toGguf whether it is to be exported to GGUF, and what cannot be is refused
   * @param whole modules that train as whole copies: {@code lm_head}, {@code embed_tokens}
   */
  public record Special(
      ModulePattern ranks,
      ModulePattern alphas,
      Beginning beginning,
      boolean toGguf,
      List<String> whole) {
    /** With adapted layers alone. */
    public Special(ModulePattern ranks, ModulePattern alphas, Beginning beginning, boolean toGguf) {
      this(ranks, alphas, beginning, toGguf, List.of());
    }

    /** The usual adapter. */
    public static final Special NONE =
        new Special(ModulePattern.NONE, ModulePattern.NONE, Beginning.DEFAULT, false);
  }

  /**
   * The data and how it is dealt out.
   *
   * @param batchSize samples a micro-batch
   * @param accumulate micro-batches a step
   * @param maxLength tokens a sample
   * @param packing samples end to end, or filled up to the longest
   */
  public record DataFlow(
      List<Path> files,
      DataFormat format,
      TrainOn trainOn,
      boolean skipBadLines,
      int batchSize,
      int accumulate,
      int maxLength,
      boolean packing,
      Order order) {}

  /**
   * How long.
   *
   * @param steps optimiser steps; 0 where epochs count
   * @param epochs times through the data, fractions allowed; 0 where steps count
   */
  public record Length(long steps, double epochs) {}

  /**
   * The optimiser.
   *
   * @param warmup below 1 a share of the steps, from 1 on a count
   * @param clip largest gradient norm; 0 for none
   * @param balanceWeight weight of the routers' balance in the loss; 0 for none
   */
  public record Learning(
      double rate,
      Schedule.Kind schedule,
      double warmup,
      double clip,
      AdamSettings adam,
      double balanceWeight) {
    /** The same with a balance. */
    public Learning withBalance(double weight) {
      return new Learning(rate, schedule, warmup, clip, adam, weight);
    }

    /** Without a balance. */
    public Learning(
        double rate, Schedule.Kind schedule, double warmup, double clip, AdamSettings adam) {
      this(rate, schedule, warmup, clip, adam, 0);
    }
  }

  /**
   * Evaluation during the run.
   *
   * @param data held-out files; empty for none
   * @param split per cent of the records to hold out instead; 0 for none
   * @param every steps between evaluations; 0 for the end alone
   * @param patience evaluations without a better one after which the run stops; 0 for never
   */
  public record Evaluating(List<Path> data, double split, long every, int patience) {
    public boolean isWanted() {
      return !data.isEmpty() || split > 0;
    }
  }

  /**
   * Checkpoints.
   *
   * @param every steps between them; 0 for the end alone
   * @param keep how many stay
   * @param resume whether to go on from the newest one in {@code out}
   */
  public record Saving(long every, int keep, boolean resume) {
    /** One at the end. */
    public static final Saving AT_THE_END = new Saving(0, 2, false);
  }
}
