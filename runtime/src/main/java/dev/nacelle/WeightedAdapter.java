package dev.nacelle;

import java.nio.file.Path;

/**
 * An adapter that is added to a model.
 *
 * @param folder holds adapter_config.json and adapter_model.safetensors, as Nacelle and PEFT write
 *     them
 * @param weight what its update is multiplied with; 1 for the adapter as it is
 */
public record WeightedAdapter(Path folder, double weight) {
  /**
   * @throws NacelleException of kind USAGE where the weight is not a finite number
   */
  public WeightedAdapter {
    if (!Double.isFinite(weight)) {
      throw NacelleException.usage(
          "--adapter " + folder + ": the weight is not a finite number", "give 0.5, say");
    }
  }

  /** The adapter as it is. */
  public static WeightedAdapter of(Path folder) {
    return new WeightedAdapter(folder, 1);
  }
}
