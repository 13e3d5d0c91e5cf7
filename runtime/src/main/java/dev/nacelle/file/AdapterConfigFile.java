package dev.nacelle.file;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.NacelleException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads adapter_config.json, more strictly than PEFT: what would change the mathematics and is not
 * done here is an error by name, where PEFT warns or says nothing.
 */
final class AdapterConfigFile {
  static final String NAME = "adapter_config.json";

  /** Some hundred times what PEFT writes. */
  private static final long LARGEST_FILE = 1 << 20;

  private static final int LARGEST_RANK = 1 << 16;

  /** Fields that must be absent, null, false or empty, for each would change what is computed. */
  private static final Set<String> MUST_BE_OFF =
      Set.of(
          "alora_invocation_tokens",
          "arrow_config",
          "ensure_weight_tying",
          "fan_in_fan_out",
          "kasa_config",
          "layer_replication",
          "lora_bias",
          "megatron_config",
          "monteclora_config",
          "target_parameters",
          "trainable_token_indices",
          "use_bdlora",
          "use_qalora",
          "velora_config");

  /** Fields that say nothing about the computation once the tensors are there. */
  private static final Set<String> HARMLESS =
      Set.of(
          "auto_mapping",
          "corda_config",
          "eva_config",
          "inference_mode",
          "loftq_config",
          "lora_ga_config",
          "megatron_core",
          "peft_version",
          "qalora_group_size",
          "revision",
          "runtime_config");

  /** Fields that are read. */
  private static final Set<String> READ =
      Set.of(
          "alpha_pattern",
          "base_model_name_or_path",
          "bias",
          "exclude_modules",
          "init_lora_weights",
          "layers_pattern",
          "layers_to_transform",
          "lora_alpha",
          "lora_dropout",
          "modules_to_save",
          "peft_type",
          "r",
          "rank_pattern",
          "target_modules",
          "task_type",
          "use_dora",
          "use_rslora");

  /** Of these, what VeRA's configuration does not have: PEFT would ignore it there. */
  private static final Set<String> OF_LORA_ALONE =
      Set.of(
          "alpha_pattern",
          "init_lora_weights",
          "lora_alpha",
          "lora_dropout",
          "rank_pattern",
          "use_dora",
          "use_rslora");

  /** Ways to begin that leave the base model's weights as they are. */
  private static final Set<String> HARMLESS_BEGINNINGS = Set.of("gaussian", "eva", "orthogonal");

  private AdapterConfigFile() {}

  static AdapterConfig read(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw NacelleException.input(
          "the adapter "
              + Quoted.path(folder)
              + (Files.exists(folder) ? " is not a folder" : " does not exist"),
          "name a folder that holds adapter_config.json and adapter_model.safetensors");
    }
    Path file = folder.resolve(NAME);
    if (!Files.exists(file)) {
      throw NacelleException.input(
          Quoted.path(folder) + " has no " + NAME,
          "an adapter folder holds adapter_config.json and adapter_model.safetensors");
    }
    requireSmall(file);
    return read(JsonFile.read(file));
  }

  private static void requireSmall(Path file) {
    long bytes = file.toFile().length();
    if (bytes > LARGEST_FILE) {
      throw NacelleException.input(
          Quoted.path(file) + " holds " + bytes + " bytes, and 1 MiB is the most that is read",
          "this is not the file that its name says");
    }
  }

  private static AdapterConfig read(JsonObject json) {
    AdapterKind kind = kind(json);
    refuseUnknownFields(json, kind);
    String pattern = null;
    List<String> targets = List.of();
    JsonNode target = json.node().get("target_modules");
    if (target != null && target.isTextual()) {
      boolean all = target.textValue().toLowerCase(Locale.ROOT).equals("all-linear");
      pattern = all ? null : target.textValue();
    } else {
      List<String> listed = json.strings("target_modules");
      // PEFT falls back to the architecture's usual pair; for Llama that is this one.
      targets = listed == null ? List.of("q_proj", "v_proj") : listed;
      if (targets.isEmpty()) {
        throw json.error("target_modules", "is empty");
      }
    }
    boolean isVera = kind instanceof VeraKind;
    String dropoutField = isVera ? VeraFields.DROPOUT : "lora_dropout";
    double dropout = json.number(dropoutField, 0);
    if (dropout < 0 || dropout >= 1) {
      throw json.error(dropoutField, "is " + dropout + ", outside 0 to below 1");
    }
    int rank = (int) json.integer("r", isVera ? VeraFields.RANK : 8, 1, LARGEST_RANK);
    return new AdapterConfig(
        kind,
        rank,
        isVera ? rank : json.number("lora_alpha", 8),
        dropout,
        new Targeting(targets, pattern, excluded(json), layers(json, pattern)),
        numbers(json, "rank_pattern", true),
        numbers(json, "alpha_pattern", false),
        whole(json),
        json.string("base_model_name_or_path"));
  }

  /** HydraLoRA's own repository calls its adapters LORA too, and says how many heads they have. */
  private static AdapterKind kind(JsonObject json) {
    String type = json.string("peft_type");
    if (type == null) {
      throw json.error("peft_type", "is missing");
    }
    boolean headed = HydraFields.TYPE.equals(type) || json.has(HydraFields.HEADS);
    if (headed && (type.equals("LORA") || type.equals(HydraFields.TYPE))) {
      return HydraFields.kind(json);
    }
    if (type.equals(VeraFields.TYPE)) {
      return VeraFields.kind(json);
    }
    if (!type.equals("LORA")) {
      throw json.refusal(
          "peft_type", "adapters read so far: LORA, " + VeraFields.TYPE + ", " + HydraFields.TYPE);
    }
    boolean rankStabilised = json.bool("use_rslora", false);
    return json.bool("use_dora", false)
        ? new DoraKind(rankStabilised)
        : new LoraKind(rankStabilised, false);
  }

  private static void refuseUnknownFields(JsonObject json, AdapterKind kind) {
    for (String key : json.keys()) {
      JsonNode value = json.node().get(key);
      if (kind instanceof VeraKind && OF_LORA_ALONE.contains(key) && !isOff(value)) {
        throw json.refusal(key, "adapters of peft_type VERA have no such field; remove it");
      }
      boolean known =
          HARMLESS.contains(key)
              || READ.contains(key)
              || (kind instanceof VeraKind && VeraFields.OWN.contains(key))
              || (kind instanceof HydraKind && HydraFields.OWN.contains(key));
      if (!known && !isOff(value)) {
        throw json.refusal(
            key,
            MUST_BE_OFF.contains(key)
                ? "adapters that use it are not read; merge this one with PEFT first"
                : "the field is unknown; remove it if it changes nothing");
      }
    }
    if (json.has("bias") && !"none".equals(json.string("bias"))) {
      throw json.refusal("bias", "adapters that train biases are not read; set bias to none");
    }
    if (json.has("task_type") && !"CAUSAL_LM".equals(json.string("task_type"))) {
      throw json.refusal("task_type", "adapters of language models are read: CAUSAL_LM");
    }
    JsonNode init = json.node().get("init_lora_weights");
    boolean harmless =
        init == null
            || init.isNull()
            || init.isBoolean()
            || (init.isTextual() && HARMLESS_BEGINNINGS.contains(init.textValue()));
    if (!harmless) {
      throw json.refusal(
          "init_lora_weights", "it changed the base weights; convert the adapter with PEFT first");
    }
    JsonNode pattern = json.node().get("layers_pattern");
    boolean usual =
        pattern == null
            || isOff(pattern)
            || pattern.toString().equals("\"layers\"")
            || pattern.toString().equals("[\"layers\"]");
    if (!usual) {
      throw json.refusal("layers_pattern", "a Llama's blocks are called layers");
    }
  }

  /** Numbers by module; ranks are whole and at least 1. */
  private static ModulePattern numbers(JsonObject json, String key, boolean areRanks) {
    JsonObject object = json.object(key);
    Map<String, Double> numbers = new LinkedHashMap<>();
    if (object != null) {
      for (Map.Entry<String, JsonNode> field : object.node().properties()) {
        String name = field.getKey();
        double number = areRanks ? object.integer(name, 1, LARGEST_RANK) : object.number(name);
        numbers.put(name, number);
      }
    }
    return new ModulePattern(numbers);
  }

  private static boolean isOff(@Nullable JsonNode value) {
    return value == null
        || value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isContainerNode() && value.isEmpty());
  }

  private static List<String> excluded(JsonObject json) {
    JsonNode value = json.node().get("exclude_modules");
    if (value != null && value.isTextual()) {
      throw json.refusal("exclude_modules", "write it as a list of module names");
    }
    List<String> names = json.strings("exclude_modules");
    return names == null ? List.of() : names;
  }

  private static List<String> whole(JsonObject json) {
    List<String> names = json.strings("modules_to_save");
    if (names == null) {
      return List.of();
    }
    for (String name : names) {
      if (!WholeModules.isKnown(name)) {
        throw json.refusal(
            "modules_to_save",
            "lm_head and embed_tokens are trained whole, "
                + Quoted.name(name)
                + " is not; merge the adapter with PEFT first");
      }
    }
    return names;
  }

  private static List<Integer> layers(JsonObject json, @Nullable String pattern) {
    List<Integer> layers = new ArrayList<>();
    for (long layer : json.integers("layers_to_transform", 0, 1_000_000)) {
      layers.add((int) layer);
    }
    if (!layers.isEmpty() && pattern != null) {
      throw json.error(
          "layers_to_transform", "cannot stand beside a target_modules that is no list");
    }
    return layers;
  }
}
