package dev.nacelle;

import dev.nacelle.adapter.Beginning;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.ModulePattern;
import dev.nacelle.file.VeraKind;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Collects what a {@link Finetuning} is: {@code set} options are needed, {@code opt} ones have a
 * default.
 */
public final class FinetuningBuilder extends LearningBuilder<FinetuningBuilder> {
  private final List<Path> data = new ArrayList<>();
  private final List<String> samplePrompts = new ArrayList<>();
  private @Nullable Path model;
  private @Nullable Path out;
  private @Nullable Path initAdapter;
  private AdapterType adapter = AdapterType.LORA;
  private AdapterBeginning beginning = AdapterBeginning.DEFAULT;
  private int heads = 3;
  private boolean headsByData;
  private double balanceWeight;
  private int rank = 16;
  private double alpha = 32;
  private double dropout;
  private String targets = "all-linear";
  private String layers = "";
  private long steps;
  private double epochs;
  private int batchSize = 4;
  private int accumulate = 1;
  private int maxLength = 512;
  private boolean packing = true;
  private SampleOrder order = SampleOrder.SHUFFLE;
  private DataShape format = DataShape.AUTO;
  private TrainedTokens trainOn = TrainedTokens.COMPLETIONS;
  private boolean skipBadLines;
  private ComputeType dtype = ComputeType.FP32;
  private long seed;
  private boolean overwrite;
  private long saveEvery;
  private int keep = FinetuneOptions.Saving.AT_THE_END.keep();
  private boolean resume;
  private @Nullable Long budget;

  FinetuningBuilder() {}

  @Override
  FinetuningBuilder self() {
    return this;
  }

  /** A Hugging Face folder or a GGUF file. */
  public FinetuningBuilder setModel(Path folderOrFile) {
    model = folderOrFile;
    note("--model", folderOrFile.toString());
    return this;
  }

  /** JSON lines or one JSON array, also gzipped; several files are read one after the other. */
  public FinetuningBuilder setData(Path... files) {
    for (Path file : files) {
      data.add(file);
      note("--data", file.toString());
    }
    return this;
  }

  /** The folder that gets the adapter and the reports; made where it is not there. */
  public FinetuningBuilder setOut(Path folder) {
    out = folder;
    note("--out", folder.toString());
    return this;
  }

  /** Whether the folder may hold something already; default false. */
  public FinetuningBuilder optOverwrite(boolean allowed) {
    overwrite = allowed;
    if (allowed) {
      note("--overwrite");
    }
    return this;
  }

  /** Steps between checkpoints, from 1 on; by default one is written at the end alone. */
  public FinetuningBuilder optSaveEvery(long steps) {
    saveEvery = steps;
    note("--save-every", Long.toString(steps));
    return this;
  }

  /** How many checkpoints stay, the newest ones, from 1 on; default 2. */
  public FinetuningBuilder optKeep(int checkpoints) {
    keep = checkpoints;
    note("--keep", Integer.toString(checkpoints));
    return this;
  }

  /**
   * Whether to go on from the newest checkpoint in the folder; a folder without one is begun
   * afresh. All else must be as it was but the length, the threads and how checkpoints are kept.
   */
  public FinetuningBuilder optResume(boolean goOn) {
    resume = goOn;
    if (goOn) {
      note("--resume");
    }
    return this;
  }

  /**
   * Bytes that the run may hold, from 1 on; default as many as it likes. Before it begins the
   * fastest way is chosen that stays within them, and every allocation is held to them; where none
   * fits, {@link FinetuneRun#run} throws BUDGET with the least that would do. Unlike the command
   * line's {@code --budget} it bounds what the run itself makes, tensors, scratch memory and mapped
   * weights, and not the process: its heap and libraries belong to the program around it, which
   * bounds them with {@code -Xmx} and its kin. Where nothing else fits, activations go to a file in
   * the folder of {@link #setOut}.
   */
  public FinetuningBuilder optBudget(long bytes) {
    budget = bytes;
    note("--budget", Long.toString(bytes));
    return this;
  }

  /** What is trained beside each layer; default LoRA. */
  public FinetuningBuilder optAdapter(AdapterType value) {
    adapter = value;
    note("--adapter", value);
    return this;
  }

  /** How A and B begin; default random and zero. */
  public FinetuningBuilder optInit(AdapterBeginning value) {
    beginning = value;
    note("--init", value);
    return this;
  }

  /** HydraLoRA's Bs, from 1 on; default 3. */
  public FinetuningBuilder optHeads(int count) {
    heads = count;
    headsByData = false;
    note("--heads", count);
    return this;
  }

  /** As many of HydraLoRA's Bs as the training texts have topics. */
  public FinetuningBuilder optHeadsByData() {
    headsByData = true;
    note("--heads", "auto");
    return this;
  }

  /** Weight in the loss of a term that spreads tokens over HydraLoRA's Bs; default 0. */
  public FinetuningBuilder optBalanceWeight(double weight) {
    balanceWeight = weight;
    note("--balance-weight", weight);
    return this;
  }

  /** The adapter's rank R, from 1 on; default 16. */
  public FinetuningBuilder optRank(int value) {
    rank = value;
    note("--rank", value);
    return this;
  }

  /** The update is scaled by alpha / rank; default 32. */
  public FinetuningBuilder optAlpha(double value) {
    alpha = value;
    note("--alpha", value);
    return this;
  }

  /** Share of the adapter's input dropped in training, 0 ≤ p &lt; 1; default 0. */
  public FinetuningBuilder optDropout(double share) {
    dropout = share;
    note("--dropout", share);
    return this;
  }

  /** {@code all-linear} (the default), or ends of module names with commas. */
  public FinetuningBuilder optTargets(String names) {
    targets = names;
    note("--targets", names);
    return this;
  }

  /** Blocks that are trained, {@code 0-7,12} say; default all. */
  public FinetuningBuilder optLayers(String numbers) {
    layers = numbers;
    note("--layers", numbers);
    return this;
  }

  /** A saved adapter to start from; its rank, alpha and targets hold. */
  public FinetuningBuilder optInitAdapter(Path folder) {
    initAdapter = folder;
    note("--init-adapter", folder.toString());
    return this;
  }

  /** Optimiser steps; instead of epochs. */
  public FinetuningBuilder optSteps(long count) {
    steps = count;
    note("--steps", count);
    return this;
  }

  /** Times through the data, fractions allowed; default 1. */
  public FinetuningBuilder optEpochs(double count) {
    epochs = count;
    note("--epochs", count);
    return this;
  }

  /** Samples a micro-batch; default 4. */
  public FinetuningBuilder optBatchSize(int samples) {
    batchSize = samples;
    note("--batch-size", samples);
    return this;
  }

  /** Micro-batches a step; default 1. */
  public FinetuningBuilder optAccumulate(int microBatches) {
    accumulate = microBatches;
    note("--accumulate", microBatches);
    return this;
  }

  /** Tokens a sample, from 2 on; longer ones are cut at their end; default 512. */
  public FinetuningBuilder optMaxLength(int tokens) {
    maxLength = tokens;
    note("--max-length", tokens);
    return this;
  }

  /** Samples end to end (the default), or padded to the longest. */
  public FinetuningBuilder optPacking(boolean on) {
    packing = on;
    note("--packing", on ? "on" : "off");
    return this;
  }

  /** The order of samples; default shuffled by the seed. */
  public FinetuningBuilder optOrder(SampleOrder value) {
    order = value;
    note("--order", value);
    return this;
  }

  /** The shape of every record; default recognised. */
  public FinetuningBuilder optFormat(DataShape value) {
    format = value;
    note("--format", value);
    return this;
  }

  /** Which tokens have a loss; default completions. */
  public FinetuningBuilder optTrainOn(TrainedTokens value) {
    trainOn = value;
    note("--train-on", value);
    return this;
  }

  /** Whether a bad line is counted and left out instead of ending the run; default false. */
  public FinetuningBuilder optSkipBadLines(boolean skip) {
    skipBadLines = skip;
    if (skip) {
      note("--skip-bad-lines");
    }
    return this;
  }

  /** A user's messages, answered greedily before and after, into the report; default none. */
  public FinetuningBuilder optSamplePrompts(String... messages) {
    for (String message : messages) {
      samplePrompts.add(message);
      note("--sample-prompt", message);
    }
    return this;
  }

  /** The element type of activations; default fp32. */
  public FinetuningBuilder optComputeType(ComputeType value) {
    dtype = value;
    note("--dtype", value);
    return this;
  }

  /** Seed of every random choice; default 0. */
  public FinetuningBuilder optSeed(long value) {
    seed = value;
    note("--seed", value);
    return this;
  }

  private AdapterKind kind() {
    boolean headed = adapter == AdapterType.HYDRA || initAdapter != null;
    if (isGiven("--heads") && !headed) {
      throw NacelleException.usage(
          "--heads without HydraLoRA is not possible", "call optAdapter(AdapterType.HYDRA)");
    }
    if (heads < 1 || heads > HydraKind.MOST_HEADS) {
      throw NacelleException.usage(
          "--heads " + heads + " is not possible", "choose 1 to " + HydraKind.MOST_HEADS);
    }
    return switch (adapter) {
      case LORA -> new LoraKind();
      case RSLORA -> new LoraKind(true, false);
      case LORA_FA -> new LoraKind(false, true);
      case DORA -> new DoraKind(false);
      case VERA -> VeraKind.DEFAULT;
      case HYDRA -> headsByData ? HydraKind.AS_DATA_SAYS : new HydraKind(heads);
    };
  }

  /**
   * The description.
   *
   * @throws NacelleException of kind USAGE where something needed is missing or a value is not
   *     possible
   */
  public Finetuning build() {
    if (model == null || data.isEmpty() || out == null) {
      throw NacelleException.usage(
          "a fine-tuning needs a model, data and a folder for the adapter",
          "call setModel, setData and setOut");
    }
    boolean counted = isGiven("--steps");
    if (counted && isGiven("--epochs")) {
      throw NacelleException.usage(
          "--steps with --epochs is not possible", "call optSteps or optEpochs");
    }
    if (counted && steps < 1) {
      throw NacelleException.usage("--steps " + steps + " is not possible", "choose 1 or more");
    }
    if (budget != null && budget < 1) {
      throw NacelleException.usage("--budget " + budget + " is not possible", "choose 1 or more");
    }
    return new Finetuning(
        FinetuneRules.check(
            new FinetuneOptions(
                model,
                out,
                new FinetuneOptions.Adapting(
                    kind(),
                    rank,
                    alpha,
                    dropout,
                    targets,
                    layers,
                    new FinetuneOptions.Special(
                        ModulePattern.NONE,
                        ModulePattern.NONE,
                        Beginning.valueOf(beginning.name()),
                        false),
                    initAdapter,
                    given()),
                new FinetuneOptions.DataFlow(
                    List.copyOf(data),
                    DataFormat.valueOf(format.name()),
                    TrainOn.valueOf(trainOn.name()),
                    skipBadLines,
                    batchSize,
                    accumulate,
                    maxLength,
                    packing,
                    Order.valueOf(order.name())),
                new FinetuneOptions.Length(steps, counted ? 0 : isGiven("--epochs") ? epochs : 1),
                learning().withBalance(balanceWeight),
                evaluating(),
                new FinetuneOptions.Saving(saveEvery, keep, resume),
                DType.valueOf(dtype.name()),
                1,
                seed,
                List.copyOf(samplePrompts),
                null,
                null,
                null,
                new FinetuneOptions.Limits(budget, false, true),
                overwrite,
                command())));
  }
}
