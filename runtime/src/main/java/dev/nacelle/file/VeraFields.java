package dev.nacelle.file;

import java.util.Map;
import java.util.Set;

/** The fields of adapter_config.json that PEFT's VeraConfig has in place of LoraConfig's. */
final class VeraFields {
  static final String TYPE = "VERA";
  static final String DROPOUT = "vera_dropout";

  /** What PEFT takes where the file does not say. */
  static final int RANK = 256;

  private static final String KEY = "projection_prng_key";
  private static final String SAVES = "save_projection";
  private static final String INITIAL = "d_initial";

  /** What LoRA's configuration does not have; whether vectors were initialised is past. */
  static final Set<String> OWN = Set.of(DROPOUT, KEY, SAVES, INITIAL, "init_weights");

  private VeraFields() {}

  static VeraKind kind(JsonObject json) {
    VeraKind usual = VeraKind.DEFAULT;
    return new VeraKind(
        json.bool(SAVES, usual.savesProjection()),
        json.integer(KEY, usual.projectionKey(), 0, Long.MAX_VALUE),
        json.number(INITIAL, usual.initialD()));
  }

  /** Turns the fields of a LoRA adapter into those that PEFT writes. */
  static void write(Map<String, String> fields, VeraKind kind, String dropout) {
    fields
        .keySet()
        .retainAll(
            Set.of(
                "auto_mapping",
                "base_model_name_or_path",
                "bias",
                "fan_in_fan_out",
                "inference_mode",
                "layers_pattern",
                "layers_to_transform",
                "modules_to_save",
                "peft_version",
                "r",
                "revision",
                "target_modules",
                "task_type"));
    fields.put(INITIAL, Double.toString(kind.initialD()));
    fields.put("init_weights", "true");
    fields.put("peft_type", "\"" + TYPE + "\"");
    fields.put(KEY, Long.toString(kind.projectionKey()));
    fields.put(SAVES, Boolean.toString(kind.savesProjection()));
    fields.put(DROPOUT, dropout);
  }
}
