package dev.nacelle.cli;

import static dev.nacelle.cli.FlagWords.choice;
import static dev.nacelle.cli.FlagWords.require;

import dev.nacelle.NacelleException;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.Schedule;
import picocli.CommandLine.Option;

/** Rate, schedule, optimiser, and what is added to the loss. */
final class LearningFlags {
  @Option(
      names = "--lr",
      defaultValue = "2e-4",
      description = "Learning rate (default: ${DEFAULT-VALUE}).")
  double lr;

  @Option(
      names = "--schedule",
      defaultValue = "cosine",
      description = "constant, linear or cosine (default: ${DEFAULT-VALUE}).")
  private String schedule = "cosine";

  @Option(
      names = "--warmup",
      defaultValue = "0.03",
      description = "Below 1 a share of the steps, else a count (default: ${DEFAULT-VALUE}).")
  private double warmup;

  @Option(
      names = "--weight-decay",
      defaultValue = "0",
      description = "AdamW's decay (default: ${DEFAULT-VALUE}).")
  private double weightDecay;

  @Option(
      names = "--clip",
      defaultValue = "1.0",
      description = "Largest gradient norm, 0 for none (default: ${DEFAULT-VALUE}).")
  private double clip;

  @Option(
      names = "--betas",
      defaultValue = "0.9,0.999",
      description = "AdamW's betas (default: ${DEFAULT-VALUE}).")
  private String betas = "0.9,0.999";

  @Option(
      names = "--eps",
      defaultValue = "1e-8",
      description = "AdamW's epsilon (default: ${DEFAULT-VALUE}).")
  private double eps;

  @Option(
      names = "--lora-plus-ratio",
      defaultValue = "1",
      description = "Multiplies the rate of every B (default: ${DEFAULT-VALUE}).")
  private double loraPlusRatio;

  @Option(
      names = "--balance-weight",
      paramLabel = "W",
      defaultValue = "0",
      description =
          "Hydra: weight in the loss of a term that spreads tokens over the heads (default:"
              + " ${DEFAULT-VALUE}).")
  private double balanceWeight;

  FinetuneOptions.Learning learning() {
    double[] pair = betas();
    return new FinetuneOptions.Learning(
        lr,
        choice("--schedule", schedule, Schedule.Kind.class),
        warmup,
        clip,
        new AdamSettings(pair[0], pair[1], eps, weightDecay, loraPlusRatio),
        balanceWeight);
  }

  private double[] betas() {
    String[] parts = betas.split(",", -1);
    try {
      double first = Double.parseDouble(parts[0].strip());
      double second = Double.parseDouble(parts[1].strip());
      require(parts.length == 2, "--betas " + betas, "give two numbers, 0.9,0.999 say");
      return new double[] {first, second};
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          "--betas " + betas + " are not two numbers",
          "give 0.9,0.999 for example",
          e);
    }
  }
}
