package dev.nacelle.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.JsonObject;

/** How a family's own settings are read from files and written to them; as it stands, a Llama's. */
interface FamilyRules {
  /** A family without settings of its own. */
  FamilyRules NONE = new FamilyRules() {};

  /**
   * Reads them from a config.json.
   *
   * @param sizes what all families have, read already, with a Llama's traits
   * @throws dev.nacelle.NacelleException of kind INPUT, naming the key
   */
  default Traits fromConfig(JsonObject config, ModelConfig sizes) {
    return sizes.traits();
  }

  /**
   * Reads them from a GGUF file.
   *
   * @param sizes as above
   * @throws dev.nacelle.NacelleException of kind INPUT, naming the key
   */
  default Traits fromGguf(GgufSettings settings, ModelConfig sizes) {
    return sizes.traits();
  }

  /** Adds them to a config.json. */
  default void toConfig(ObjectNode json, ModelConfig model) {}

  /**
   * Adds them to a GGUF file.
   *
   * @throws dev.nacelle.NacelleException of kind INPUT for what GGUF cannot say
   */
  default void toGguf(GgufWriter writer, ModelConfig model) {}
}
