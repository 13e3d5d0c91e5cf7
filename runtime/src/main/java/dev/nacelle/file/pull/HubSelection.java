package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.ShardIndex;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Which files of a repository a model is made of; the others are not brought. */
final class HubSelection {
  static final String WEIGHTS = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  private static final Set<String> SMALL =
      Set.of(
          "config.json",
          "generation_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "chat_template.jinja",
          "chat_template.json");

  private HubSelection() {}

  /**
   * The small files: configuration, tokenizer, template, and the index where weights are in shards.
   *
   * @throws NacelleException of kind INPUT where the repository holds no model that can be read
   */
  static List<String> small(HubName name, HubListing listing) {
    Set<String> there = listing.files().keySet();
    if (!there.contains("config.json")) {
      throw missing(name, listing, "config.json");
    }
    if (!there.contains(WEIGHTS) && !there.contains(INDEX)) {
      throw missing(name, listing, WEIGHTS);
    }
    List<String> chosen = new ArrayList<>();
    for (String file : there) {
      boolean tokenizer = file.startsWith("tokenizer") && !file.contains("/");
      boolean index = file.equals(INDEX) && !there.contains(WEIGHTS);
      if (SMALL.contains(file) || tokenizer || index) {
        chosen.add(file);
      }
    }
    return chosen;
  }

  /** The weights: one file, or the shards that the index in the folder names. */
  static List<String> weights(HubName name, HubListing listing, Path folder) {
    Set<String> there = listing.files().keySet();
    if (there.contains(WEIGHTS)) {
      return List.of(WEIGHTS);
    }
    List<String> shards = List.copyOf(ShardIndex.read(folder.resolve(INDEX)).shards());
    for (String shard : shards) {
      if (!there.contains(shard)) {
        throw NacelleException.input(
            name + ": " + INDEX + " names " + Quoted.name(shard) + ", which the repository lacks",
            "the repository is incomplete; choose another revision with hf:ORG/REPO@REVISION");
      }
    }
    return shards;
  }

  /**
   * @throws NacelleException of kind INPUT where the GGUF file that was named is not there
   */
  static String gguf(HubName name, HubListing listing) {
    String file = name.file();
    if (file == null || !listing.files().containsKey(file)) {
      throw missing(name, listing, String.valueOf(file));
    }
    return file;
  }

  private static NacelleException missing(HubName name, HubListing listing, String what) {
    List<String> ggufs = listing.ggufs();
    return NacelleException.input(
        name.id() + " at revision " + name.revision() + " has no " + what,
        ggufs.isEmpty()
            ? "models are read from config.json with safetensors, or from a .gguf file; choose"
                + " another repository"
            : "it has GGUF files; pull one of them: "
                + String.join(
                    ", ",
                    ggufs.stream()
                        .limit(8)
                        .map(f -> HubName.PREFIX + name.id() + ":" + f)
                        .toList()));
  }
}
