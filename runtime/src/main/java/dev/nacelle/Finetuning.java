package dev.nacelle;

import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.report.Shell;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneRules;
import dev.nacelle.train.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to train, on what, and how: immutable, checked when it is built. Every option is the command
 * line's flag of the same name, with the same default and the same rules ({@code ./nacelle finetune
 * --help}); messages name it by its flag.
 */
public final class Finetuning {
  private final FinetuneOptions options;

  private Finetuning(FinetuneOptions options) {
    this.options = options;
  }

  /** Begins a description. */
  public static Builder builder() {
    return new Builder();
  }

  /** The same for an engine's number of threads. */
  FinetuneOptions options(int threads) {
    return new FinetuneOptions(
        options.model(),
        options.out(),
        options.adapter(),
        options.data(),
        options.length(),
        options.learning(),
        options.evaluation(),
        options.saving(),
        options.dtype(),
        threads,
        options.seed(),
        options.samplePrompts(),
        options.log(),
        options.dumpGradients(),
        options.overwrite(),
        options.command() + " --threads " + threads);
  }

  /** Collects options: {@code set} ones are needed, {@code opt} ones have a default. */
  public static final class Builder {
    private final List<String> words = new ArrayList<>(List.of("./nacelle", "finetune"));
    private final Set<String> given = new LinkedHashSet<>();
    private final List<Path> data = new ArrayList<>();
    private final List<Path> evaluationData = new ArrayList<>();
    private final List<String> samplePrompts = new ArrayList<>();
    private @Nullable Path model;
    private @Nullable Path out;
    private @Nullable Path initAdapter;
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
    private double rate = 2e-4;
    private RateSchedule schedule = RateSchedule.COSINE;
    private double warmup = 0.03;
    private double clip = 1;
    private AdamSettings adam = AdamSettings.DEFAULT;
    private double evaluationSplit;
    private long evaluateEvery;
    private int patience;
    private ComputeType dtype = ComputeType.FP32;
    private long seed;
    private boolean overwrite;
    private long saveEvery;
    private int keep = FinetuneOptions.Saving.AT_THE_END.keep();
    private boolean resume;

    private Builder() {}

    /** Notes what was asked for: the report holds the command that repeats the run. */
    private void note(String flag, String... value) {
      given.add(flag);
      words.add(flag);
      for (String word : value) {
        words.add(Shell.quote(word));
      }
    }

    private void note(String flag, Number value) {
      note(flag, value.toString());
    }

    private void note(String flag, Enum<?> value) {
      note(flag, value.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }

    /** A Hugging Face folder or a GGUF file. */
    public Builder setModel(Path folderOrFile) {
      model = folderOrFile;
      note("--model", folderOrFile.toString());
      return this;
    }

    /** JSON lines or one JSON array, also gzipped; several files are read one after the other. */
    public Builder setData(Path... files) {
      for (Path file : files) {
        data.add(file);
        note("--data", file.toString());
      }
      return this;
    }

    /** The folder that gets the adapter and the reports; made where it is not there. */
    public Builder setOut(Path folder) {
      out = folder;
      note("--out", folder.toString());
      return this;
    }

    /** Whether the folder may hold something already; default false. */
    public Builder optOverwrite(boolean allowed) {
      overwrite = allowed;
      if (allowed) {
        note("--overwrite");
      }
      return this;
    }

    /** Steps between checkpoints, from 1 on; by default one is written at the end alone. */
    public Builder optSaveEvery(long steps) {
      saveEvery = steps;
      note("--save-every", Long.toString(steps));
      return this;
    }

    /** How many checkpoints stay, the newest ones, from 1 on; default 2. */
    public Builder optKeep(int checkpoints) {
      keep = checkpoints;
      note("--keep", Integer.toString(checkpoints));
      return this;
    }

    /**
     * Whether to go on from the newest checkpoint in the folder; a folder without one is begun
     * afresh. All else must be as it was but the length, the threads and how checkpoints are kept.
     */
    public Builder optResume(boolean goOn) {
      resume = goOn;
      if (goOn) {
        note("--resume");
      }
      return this;
    }

    /** The adapter's rank R, from 1 on; default 16. */
    public Builder optRank(int value) {
      rank = value;
      note("--rank", value);
      return this;
    }

    /** The update is scaled by alpha / rank; default 32. */
    public Builder optAlpha(double value) {
      alpha = value;
      note("--alpha", value);
      return this;
    }

    /** Share of the adapter's input dropped in training, 0 ≤ p &lt; 1; default 0. */
    public Builder optDropout(double share) {
      dropout = share;
      note("--dropout", share);
      return this;
    }

    /** {@code all-linear} (the default), or ends of module names with commas. */
    public Builder optTargets(String names) {
      targets = names;
      note("--targets", names);
      return this;
    }

    /** Blocks that are trained, {@code 0-7,12} say; default all. */
    public Builder optLayers(String numbers) {
      layers = numbers;
      note("--layers", numbers);
      return this;
    }

    /** A saved adapter to start from; its rank, alpha and targets hold. */
    public Builder optInitAdapter(Path folder) {
      initAdapter = folder;
      note("--init-adapter", folder.toString());
      return this;
    }

    /** Optimiser steps; instead of epochs. */
    public Builder optSteps(long count) {
      steps = count;
      note("--steps", count);
      return this;
    }

    /** Times through the data, fractions allowed; default 1. */
    public Builder optEpochs(double count) {
      epochs = count;
      note("--epochs", count);
      return this;
    }

    /** Samples a micro-batch; default 4. */
    public Builder optBatchSize(int samples) {
      batchSize = samples;
      note("--batch-size", samples);
      return this;
    }

    /** Micro-batches a step; default 1. */
    public Builder optAccumulate(int microBatches) {
      accumulate = microBatches;
      note("--accumulate", microBatches);
      return this;
    }

    /** Tokens a sample, from 2 on; longer ones are cut at their end; default 512. */
    public Builder optMaxLength(int tokens) {
      maxLength = tokens;
      note("--max-length", tokens);
      return this;
    }

    /** Samples end to end (the default), or padded to the longest. */
    public Builder optPacking(boolean on) {
      packing = on;
      note("--packing", on ? "on" : "off");
      return this;
    }

    /** The order of samples; default shuffled by the seed. */
    public Builder optOrder(SampleOrder value) {
      order = value;
      note("--order", value);
      return this;
    }

    /** The shape of every record; default recognised. */
    public Builder optFormat(DataShape value) {
      format = value;
      note("--format", value);
      return this;
    }

    /** Which tokens have a loss; default completions. */
    public Builder optTrainOn(TrainedTokens value) {
      trainOn = value;
      note("--train-on", value);
      return this;
    }

    /** Whether a bad line is counted and left out instead of ending the run; default false. */
    public Builder optSkipBadLines(boolean skip) {
      skipBadLines = skip;
      if (skip) {
        note("--skip-bad-lines");
      }
      return this;
    }

    /** The learning rate after the warm-up; default 2e-4. */
    public Builder optLearningRate(double value) {
      rate = value;
      note("--lr", value);
      return this;
    }

    /** The rate after the warm-up; default cosine. */
    public Builder optSchedule(RateSchedule value) {
      schedule = value;
      note("--schedule", value);
      return this;
    }

    /** Below 1 a share of the steps, from 1 on a count; default 0.03. */
    public Builder optWarmup(double shareOrSteps) {
      warmup = shareOrSteps;
      note("--warmup", shareOrSteps);
      return this;
    }

    /** Largest gradient norm, 0 for none; default 1. */
    public Builder optClip(double norm) {
      clip = norm;
      note("--clip", norm);
      return this;
    }

    /** AdamW's decoupled decay; default 0. */
    public Builder optWeightDecay(double value) {
      adam = new AdamSettings(adam.beta1(), adam.beta2(), adam.eps(), value, adam.loraPlusRatio());
      note("--weight-decay", value);
      return this;
    }

    /** AdamW's betas, 0 ≤ β &lt; 1; default 0.9 and 0.999. */
    public Builder optBetas(double first, double second) {
      adam = new AdamSettings(first, second, adam.eps(), adam.weightDecay(), adam.loraPlusRatio());
      note("--betas", first + "," + second);
      return this;
    }

    /** AdamW's epsilon; default 1e-8. */
    public Builder optEpsilon(double value) {
      adam =
          new AdamSettings(
              adam.beta1(), adam.beta2(), value, adam.weightDecay(), adam.loraPlusRatio());
      note("--eps", value);
      return this;
    }

    /** LoRA+: multiplies the rate of every B; default 1. */
    public Builder optLoraPlusRatio(double value) {
      adam = new AdamSettings(adam.beta1(), adam.beta2(), adam.eps(), adam.weightDecay(), value);
      note("--lora-plus-ratio", value);
      return this;
    }

    /** Held-out files to evaluate on; default none. */
    public Builder optEvaluationData(Path... files) {
      for (Path file : files) {
        evaluationData.add(file);
        note("--eval-data", file.toString());
      }
      return this;
    }

    /** Per cent of the records to hold out instead, chosen by a hash of each; default 0. */
    public Builder optEvaluationSplit(double percent) {
      evaluationSplit = percent;
      note("--eval-split", percent);
      return this;
    }

    /** Steps between evaluations; default at the end alone. */
    public Builder optEvaluateEvery(long count) {
      evaluateEvery = count;
      note("--eval-every", count);
      return this;
    }

    /** Evaluations without a better one after which the run stops; default 0, never. */
    public Builder optPatience(int evaluations) {
      patience = evaluations;
      note("--patience", evaluations);
      return this;
    }

    /** A user's messages, answered greedily before and after, into the report; default none. */
    public Builder optSamplePrompts(String... messages) {
      for (String message : messages) {
        samplePrompts.add(message);
        note("--sample-prompt", message);
      }
      return this;
    }

    /** The element type of activations; default fp32. */
    public Builder optComputeType(ComputeType value) {
      dtype = value;
      note("--dtype", value);
      return this;
    }

    /** Seed of every random choice; default 0. */
    public Builder optSeed(long value) {
      seed = value;
      note("--seed", value);
      return this;
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
      boolean counted = given.contains("--steps");
      if (counted && given.contains("--epochs")) {
        throw NacelleException.usage(
            "--steps with --epochs is not possible", "call optSteps or optEpochs");
      }
      if (counted && steps < 1) {
        throw NacelleException.usage("--steps " + steps + " is not possible", "choose 1 or more");
      }
      return new Finetuning(
          FinetuneRules.check(
              new FinetuneOptions(
                  model,
                  out,
                  new FinetuneOptions.Adapting(
                      rank, alpha, dropout, targets, layers, initAdapter, Set.copyOf(given)),
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
                  new FinetuneOptions.Length(
                      steps, counted ? 0 : given.contains("--epochs") ? epochs : 1),
                  new FinetuneOptions.Learning(
                      rate, Schedule.Kind.valueOf(schedule.name()), warmup, clip, adam),
                  new FinetuneOptions.Evaluating(
                      List.copyOf(evaluationData), evaluationSplit, evaluateEvery, patience),
                  new FinetuneOptions.Saving(saveEvery, keep, resume),
                  DType.valueOf(dtype.name()),
                  1,
                  seed,
                  List.copyOf(samplePrompts),
                  null,
                  null,
                  overwrite,
                  String.join(" ", words))));
    }
  }
}
