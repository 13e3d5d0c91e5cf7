package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.VeraKind;
import dev.nacelle.file.inspect.Inspection;
import dev.nacelle.model.ConfigReader;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.model.ModelTensors;
import dev.nacelle.text.template.PlainChatTemplate;
import dev.nacelle.train.BaseModel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What Nacelle would load of a path, by asking those who would load it; weights stay unread.
 *
 * @param facts a few words by name
 * @param reason why it would be refused; null where it would not
 */
record Loading(Map<String, Object> facts, @Nullable String reason) {

  /** Null where there is nothing to load: a bare file of tensors, or one that is malformed. */
  static @Nullable Loading of(Inspection found) {
    Inspection.Kind kind = found.kind();
    if (kind == null || !found.ok()) {
      return null;
    }
    try {
      return switch (kind) {
        case SAFETENSORS -> null;
        case MODEL, GGUF -> new Loading(model(found), null);
        case ADAPTER, CHECKPOINT -> new Loading(adapter(found.path()), null);
      };
    } catch (NacelleException e) {
      return new Loading(Map.of(), e.getMessage());
    }
  }

  private static Map<String, Object> model(Inspection found) {
    if (found.kind() == Inspection.Kind.MODEL) {
      try (HfFolder folder = HfFolder.open(found.path())) {
        ModelTensors.check(ConfigReader.read(folder), folder);
      }
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    try (BaseModel base = BaseModel.open(found.path(), FaultInjector.none())) {
      ModelConfig config = base.config();
      facts.put("layers", config.layers());
      facts.put("hidden_size", config.hiddenSize());
      facts.put("heads", config.heads());
      facts.put("key_value_heads", config.kvHeads());
      facts.put("vocabulary", config.vocabularySize());
      facts.put(
          "chat_template",
          base.template() instanceof PlainChatTemplate ? "plain (it has none)" : "its own");
      if (base.eosId().isPresent()) {
        facts.put("end_of_text", String.valueOf(base.tokenizer().token(base.eosId().getAsInt())));
      }
    }
    return facts;
  }

  private static Map<String, Object> adapter(Path folder) {
    AdapterConfig config = PeftAdapter.readConfig(folder);
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("adapter", config.kind().word());
    if (config.kind() instanceof HydraKind hydra) {
      facts.put("heads", hydra.heads());
    }
    facts.put("rank", config.rank());
    if (!(config.kind() instanceof VeraKind)) {
      facts.put("alpha", config.alpha());
    }
    facts.put(
        "targets",
        config.targetPattern() == null
            ? String.join(",", config.targets())
            : config.targetPattern());
    if (!config.whole().isEmpty()) {
      facts.put("modules_to_save", String.join(",", config.whole()));
    }
    if (config.baseModel() != null) {
      facts.put("base_model", config.baseModel());
    }
    return facts;
  }
}
