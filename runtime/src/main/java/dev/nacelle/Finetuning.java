package dev.nacelle;

import dev.nacelle.train.FinetuneOptions;

/**
 * What to train, on what, and how: immutable, checked when it is built. Every option is the command
 * line's flag of the same name, with the same default and the same rules ({@code ./nacelle finetune
 * --help}); messages name it by its flag.
 */
public final class Finetuning {
  private final FinetuneOptions options;

  Finetuning(FinetuneOptions options) {
    this.options = options;
  }

  /** Begins a description. */
  public static FinetuningBuilder builder() {
    return new FinetuningBuilder();
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
        options.maxTemperature(),
        options.limits(),
        options.overwrite(),
        options.command() + " --threads " + threads);
  }
}
