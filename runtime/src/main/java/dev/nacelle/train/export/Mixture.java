package dev.nacelle.train.export;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.Quoted;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which Bs of an adapter are merged, and with what share. The weights of several heads depend on
 * the token, so that no one matrix stands for them: whoever merges them says what each is to weigh
 * for all tokens.
 */
final class Mixture {
  private static final double EXACT = 1e-6;

  private Mixture() {}

  /**
   * By the ends of the tensors' names.
   *
   * @param mixture what was asked for; empty for nothing
   * @throws NacelleException of kind USAGE where it does not fit the adapter
   */
  static Map<String, Double> of(Path folder, AdapterConfig config, List<Double> mixture) {
    if (!(config.kind() instanceof HydraKind hydra)) {
      require(
          mixture.isEmpty(),
          "--mixture weighs heads, and the adapter " + Quoted.path(folder) + " has none",
          "leave it out");
      return Map.of(LoraKind.B, 1.0);
    }
    int heads = hydra.heads();
    if (heads == 1 && mixture.isEmpty()) {
      return Map.of(HydraKind.head(0), 1.0);
    }
    String has = "the adapter " + Quoted.path(folder) + " has " + heads + " heads";
    require(
        !mixture.isEmpty(),
        has + ", whose weights depend on the token: no one matrix is equal to them",
        "merge a fixed mixture with --mixture w1,w2,…, or use the adapter as it is");
    require(
        mixture.size() == heads,
        "--mixture has " + mixture.size() + " weights, and " + has,
        "give one a head");
    double sum = 0;
    Map<String, Double> shares = new LinkedHashMap<>();
    for (double weight : mixture) {
      require(weight >= 0, "--mixture has the weight " + weight, "give none below 0");
      sum += weight;
      shares.put(HydraKind.head(shares.size()), weight);
    }
    require(
        Math.abs(sum - 1) <= EXACT, "the weights of --mixture sum to " + sum, "have them sum to 1");
    return shares;
  }

  private static void require(boolean holds, String what, String instead) {
    if (!holds) {
      throw NacelleException.usage(what, instead);
    }
  }
}
