package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.train.Sampling;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** How a text is drawn, and where it ends. */
final class SamplingFlags {
  /** Beyond this the cache of keys and values alone outgrows every machine that we know. */
  private static final int MOST_NEW_TOKENS = 1 << 20;

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

  /** Refuses what is impossible. */
  void check() {
    if (maxNewTokens < 1 || maxNewTokens > MOST_NEW_TOKENS) {
      throw NacelleException.usage(
          "--max-new-tokens " + maxNewTokens + " is not possible",
          "choose a number from 1 to " + MOST_NEW_TOKENS);
    }
    if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw NacelleException.usage(
          "--temperature " + temperature + " is not possible", "choose 0 or more, 0.8 say");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw NacelleException.usage(
          "--top-p " + topP + " is not possible", "choose above 0, up to 1");
    }
    if (topK < 0) {
      throw NacelleException.usage(
          "--top-k " + topK + " is not possible", "choose 1 or more, or 0 for all");
    }
    if (stops.contains("")) {
      throw NacelleException.usage("--stop is empty", "give the text to stop before");
    }
  }
}
