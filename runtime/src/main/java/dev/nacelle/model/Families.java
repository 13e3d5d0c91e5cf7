package dev.nacelle.model;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The families that are read. */
public final class Families {
  /** All of them, in the order in which messages name them. */
  public static final List<Family> ALL =
      List.of(
          LlamaFamily.FAMILY,
          MistralFamily.FAMILY,
          Qwen2Family.FAMILY,
          Qwen3Family.FAMILY,
          GemmaFamily.FAMILY,
          Gemma2Family.FAMILY,
          Gemma3Family.FAMILY,
          Phi3Family.FAMILY,
          SmolLm3Family.FAMILY,
          Olmo2Family.FAMILY,
          GraniteFamily.FAMILY);

  private Families() {}

  /** The family of a {@code model_type}; null where none is read. */
  static @Nullable Family named(String name) {
    return ALL.stream().filter(f -> f.name().equals(name)).findFirst().orElse(null);
  }

  /** The family of a class of transformers; null where none is read. */
  static @Nullable Family ofClass(String modelClass) {
    return ALL.stream().filter(f -> f.modelClass().equals(modelClass)).findFirst().orElse(null);
  }

  /** The family of a GGUF architecture; null where none is read. */
  static @Nullable Family ofArchitecture(String architecture) {
    return ALL.stream().filter(f -> f.architecture().equals(architecture)).findFirst().orElse(null);
  }

  /** For messages: {@code llama (LlamaForCausalLM), …}. */
  static String known() {
    return ALL.stream()
        .map(f -> f.name() + " (" + f.modelClass() + ")")
        .collect(Collectors.joining(", "));
  }

  /** For messages about GGUF files. */
  static String architectures() {
    return ALL.stream().map(Family::architecture).distinct().collect(Collectors.joining(", "));
  }
}
