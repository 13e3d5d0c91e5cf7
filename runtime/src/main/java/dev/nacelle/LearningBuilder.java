package dev.nacelle;

import dev.nacelle.report.Shell;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The part of a builder that says how a run learns and how that is measured, and the words of the
 * command that says the same.
 *
 * @param <B> the builder itself
 */
abstract class LearningBuilder<B extends LearningBuilder<B>> {
  private final List<String> words = new ArrayList<>(List.of("./nacelle", "finetune"));
  private final Set<String> given = new LinkedHashSet<>();
  private double rate = 2e-4;
  private RateSchedule schedule = RateSchedule.COSINE;
  private double warmup = 0.03;
  private double clip = 1;
  private AdamSettings adam = AdamSettings.DEFAULT;
  private final List<Path> evaluationData = new ArrayList<>();
  private double evaluationSplit;
  private long evaluateEvery;
  private int patience;

  LearningBuilder() {}

  /** This builder, which every option returns. */
  abstract B self();

  /** Flags that were asked for. */
  final Set<String> given() {
    return Set.copyOf(given);
  }

  final boolean isGiven(String flag) {
    return given.contains(flag);
  }

  /** The command that says the same. */
  final String command() {
    return String.join(" ", words);
  }

  final FinetuneOptions.Evaluating evaluating() {
    return new FinetuneOptions.Evaluating(
        List.copyOf(evaluationData), evaluationSplit, evaluateEvery, patience);
  }

  final FinetuneOptions.Learning learning() {
    return new FinetuneOptions.Learning(
        rate, Schedule.Kind.valueOf(schedule.name()), warmup, clip, adam);
  }

  /** Notes what was asked for: the report holds the command that repeats the run. */
  final void note(String flag, String... value) {
    given.add(flag);
    words.add(flag);
    for (String word : value) {
      words.add(Shell.quote(word));
    }
  }

  final void note(String flag, Number value) {
    note(flag, value.toString());
  }

  final void note(String flag, Enum<?> value) {
    note(flag, value.name().toLowerCase(Locale.ROOT).replace('_', '-'));
  }

  /** The learning rate after the warm-up; default 2e-4. */
  public B optLearningRate(double value) {
    rate = value;
    note("--lr", value);
    return self();
  }

  /** The rate after the warm-up; default cosine. */
  public B optSchedule(RateSchedule value) {
    schedule = value;
    note("--schedule", value);
    return self();
  }

  /** Below 1 a share of the steps, from 1 on a count; default 0.03. */
  public B optWarmup(double shareOrSteps) {
    warmup = shareOrSteps;
    note("--warmup", shareOrSteps);
    return self();
  }

  /** Largest gradient norm, 0 for none; default 1. */
  public B optClip(double norm) {
    clip = norm;
    note("--clip", norm);
    return self();
  }

  /** AdamW's decoupled decay; default 0. */
  public B optWeightDecay(double value) {
    adam = new AdamSettings(adam.beta1(), adam.beta2(), adam.eps(), value, adam.loraPlusRatio());
    note("--weight-decay", value);
    return self();
  }

  /** AdamW's betas, 0 ≤ β &lt; 1; default 0.9 and 0.999. */
  public B optBetas(double first, double second) {
    adam = new AdamSettings(first, second, adam.eps(), adam.weightDecay(), adam.loraPlusRatio());
    note("--betas", first + "," + second);
    return self();
  }

  /** AdamW's epsilon; default 1e-8. */
  public B optEpsilon(double value) {
    adam =
        new AdamSettings(
            adam.beta1(), adam.beta2(), value, adam.weightDecay(), adam.loraPlusRatio());
    note("--eps", value);
    return self();
  }

  /** LoRA+: multiplies the rate of every B; default 1. */
  public B optLoraPlusRatio(double value) {
    adam = new AdamSettings(adam.beta1(), adam.beta2(), adam.eps(), adam.weightDecay(), value);
    note("--lora-plus-ratio", value);
    return self();
  }

  /** Held-out files to evaluate on; default none. */
  public B optEvaluationData(Path... files) {
    for (Path file : files) {
      evaluationData.add(file);
      note("--eval-data", file.toString());
    }
    return self();
  }

  /** Per cent of the records to hold out instead, chosen by a hash of each; default 0. */
  public B optEvaluationSplit(double percent) {
    evaluationSplit = percent;
    note("--eval-split", percent);
    return self();
  }

  /** Steps between evaluations; default at the end alone. */
  public B optEvaluateEvery(long count) {
    evaluateEvery = count;
    note("--eval-every", count);
    return self();
  }

  /** Evaluations without a better one after which the run stops; default 0, never. */
  public B optPatience(int evaluations) {
    patience = evaluations;
    note("--patience", evaluations);
    return self();
  }
}
