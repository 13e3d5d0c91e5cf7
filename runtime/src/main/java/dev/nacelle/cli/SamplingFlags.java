package dev.nacelle.cli;

import dev.nacelle.Generation;
import dev.nacelle.train.Sampling;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How a text is drawn, and where it ends. */
final class SamplingFlags {
  @Option(
      names = "--max-new-tokens",
      defaultValue = "256",
      description = "Tokens at most (default: ${DEFAULT-VALUE}).")
  int maxNewTokens;

  @Option(
      names = "--temperature",
      defaultValue = "0",
      description = "0 takes the likeliest token each time (default: ${DEFAULT-VALUE}).")
  double temperature;

  @Option(
      names = "--top-p",
      defaultValue = "1",
      description =
          "Draw among the likeliest tokens that together reach P (default: ${DEFAULT-VALUE}, all).")
  double topP;

  @Option(
      names = "--top-k",
      defaultValue = "0",
      description = "Draw among the K likeliest tokens (default: ${DEFAULT-VALUE}, all).")
  int topK;

  @Option(
      names = "--stop",
      paramLabel = "T",
      description = "End before this text; repeatable (default: the model's end tokens alone).")
  List<String> stops = new ArrayList<>();

  Sampling sampling() {
    return new Sampling(temperature, topK, topP);
  }

  /** Refuses what is impossible, by the rules of the public interface. */
  void check() {
    Generation ignored =
        Generation.ofPrompt("")
            .optMaxNewTokens(maxNewTokens)
            .optTemperature(temperature)
            .optTopP(topP)
            .optTopK(topK)
            .optStops(stops)
            .build();
  }
}
