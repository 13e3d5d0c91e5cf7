package dev.nacelle.file;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Writes adapter_config.json in PEFT's order and spacing: with every field of PEFT 0.21's LoRA or
 * VeRA, or with HydraLoRA's.
 */
final class AdapterConfigWriter {
  /** The version whose fields these are. */
  static final String PEFT_VERSION = "0.21.2";

  private AdapterConfigWriter() {}

  /**
   * The file's text.
   *
   * @param modules paths of the adapted modules, to name the targets where the configuration leaves
   *     them open
   */
  static String text(AdapterConfig config, List<String> modules) {
    Map<String, String> fields = new TreeMap<>();
    for (String absent :
        List.of(
            "alora_invocation_tokens",
            "arrow_config",
            "auto_mapping",
            "corda_config",
            "eva_config",
            "kasa_config",
            "layer_replication",
            "layers_pattern",
            "lora_ga_config",
            "megatron_config",
            "monteclora_config",
            "revision",
            "target_parameters",
            "trainable_token_indices",
            "use_bdlora",
            "velora_config")) {
      fields.put(absent, "null");
    }
    for (String off : List.of("ensure_weight_tying", "fan_in_fan_out", "lora_bias", "use_qalora")) {
      fields.put(off, "false");
    }
    fields.put("alpha_pattern", numbers(config.alphas()));
    fields.put("rank_pattern", numbers(config.ranks()));
    fields.put("loftq_config", "{}");
    boolean rankStabilised =
        switch (config.kind()) {
          case LoraKind lora -> lora.isRankStabilised();
          case DoraKind dora -> dora.isRankStabilised();
          case HydraKind hydra -> false;
          case VeraKind vera -> false;
        };
    fields.put("use_dora", Boolean.toString(config.kind() instanceof DoraKind));
    fields.put("use_rslora", Boolean.toString(rankStabilised));
    fields.put("base_model_name_or_path", string(config.baseModel()));
    fields.put("bias", string("none"));
    fields.put("exclude_modules", config.excluded().isEmpty() ? "null" : list(config.excluded()));
    fields.put("inference_mode", "true");
    fields.put("init_lora_weights", "true");
    fields.put("layers_to_transform", numbers(config.layers()));
    fields.put("lora_alpha", number(config.alpha()));
    fields.put("lora_dropout", Double.toString(config.dropout()));
    fields.put("modules_to_save", config.whole().isEmpty() ? "null" : list(config.whole()));
    fields.put("megatron_core", string("megatron.core"));
    fields.put("peft_type", string("LORA"));
    fields.put("peft_version", string(PEFT_VERSION));
    fields.put("qalora_group_size", "16");
    fields.put("r", Integer.toString(config.rank()));
    fields.put("target_modules", targets(config, modules));
    fields.put("task_type", string("CAUSAL_LM"));
    if (config.kind() instanceof HydraKind hydra) {
      HydraFields.write(fields, hydra);
    }
    if (config.kind() instanceof VeraKind vera) {
      VeraFields.write(fields, vera, Double.toString(config.dropout()));
    }

    StringBuilder out = new StringBuilder("{\n");
    fields.forEach(
        (key, value) -> out.append("  \"").append(key).append("\": ").append(value).append(",\n"));
    out.setLength(out.length() - 2);
    return out.append("\n}").toString();
  }

  private static String targets(AdapterConfig config, List<String> modules) {
    if (config.targetPattern() != null) {
      return string(config.targetPattern());
    }
    if (!config.targets().isEmpty()) {
      return list(config.targets());
    }
    TreeSet<String> ends = new TreeSet<>();
    for (String path : modules) {
      ends.add(path.substring(path.lastIndexOf('.') + 1));
    }
    return list(new ArrayList<>(ends));
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private static String numbers(ModulePattern pattern) {
    if (pattern.values().isEmpty()) {
      return "{}";
    }
    List<String> lines = new ArrayList<>();
    pattern.values().forEach((key, value) -> lines.add(string(key) + ": " + number(value)));
    return "{\n    " + String.join(",\n    ", lines) + "\n  }";
  }

  private static String numbers(List<Integer> values) {
    if (values.isEmpty()) {
      return "null";
    }
    return lines(values.stream().map(String::valueOf).toList());
  }

  private static String list(List<String> values) {
    return lines(values.stream().map(AdapterConfigWriter::string).toList());
  }

  private static String lines(List<String> values) {
    return "[\n    " + String.join(",\n    ", values) + "\n  ]";
  }

  /** As Python writes strings: everything beyond ASCII escaped. */
  private static String string(@Nullable String text) {
    if (text == null) {
      return "null";
    }
    StringBuilder out = new StringBuilder("\"");
    for (char c : JsonStringEncoder.getInstance().quoteAsString(text)) {
      if (c < 0x7f) {
        out.append(c);
      } else {
        out.append(String.format("\\u%04x", (int) c));
      }
    }
    return out.append('"').toString();
  }
}
