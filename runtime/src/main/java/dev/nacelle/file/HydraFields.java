package dev.nacelle.file;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The fields of adapter_config.json that HydraLoRA's own repository adds to LoRA's. Our files have
 * a peft_type of their own, so that PEFT refuses them: under LORA it would load them, warn once,
 * and do nothing with them.
 */
final class HydraFields {
  static final String TYPE = "HYDRA_LORA";

  /** The number of heads. */
  static final String HEADS = "lora_nums";

  /**
   * What else the repository writes: the weights of a loss that it leaves at 0, and how its layers
   * were to be merged, which concerns no file.
   */
  static final Set<String> OWN = Set.of(HEADS, "blc_alpha", "blc_weight", "merge_weights");

  private HydraFields() {}

  /** Nothing has a default: a file that leaves these out was not written whole. */
  static HydraKind kind(JsonObject json) {
    for (String field : List.of(HEADS, "r", "lora_alpha", "target_modules")) {
      if (!json.has(field)) {
        throw json.error(field, "is missing");
      }
    }
    return new HydraKind((int) json.integer(HEADS, 1, HydraKind.MOST_HEADS));
  }

  /** Turns the fields of a LoRA adapter into those that the repository writes. */
  static void write(Map<String, String> fields, HydraKind kind) {
    fields
        .keySet()
        .retainAll(
            Set.of(
                "base_model_name_or_path",
                "bias",
                "exclude_modules",
                "fan_in_fan_out",
                "inference_mode",
                "layers_to_transform",
                "lora_alpha",
                "lora_dropout",
                "modules_to_save",
                "r",
                "target_modules",
                "task_type"));
    fields.put("blc_alpha", "0.0");
    fields.put("blc_weight", "0.0");
    fields.put("enable_lora", "null");
    fields.put("merge_weights", "false");
    fields.put(HEADS, Integer.toString(kind.heads()));
    fields.put("peft_type", "\"" + TYPE + "\"");
  }
}
