package dev.nacelle.file;

import java.util.ArrayList;
import java.util.List;

/**
 * Modules beside the adapted layers that an adapter may hold whole copies of, PEFT's
 * modules_to_save: the token table and the head.
 */
public final class WholeModules {
  public static final String HEAD = "lm_head";
  public static final String TABLE = "embed_tokens";

  /** The token table's path. */
  public static final String TABLE_PATH = "model.embed_tokens";

  /** What the name of a module's tensor ends in. */
  public static final String WEIGHT = ".weight";

  private WholeModules() {}

  /** Whether a name is one that is known, as a whole path or as PEFT's users shorten it. */
  public static boolean isKnown(String name) {
    return List.of(HEAD, TABLE, TABLE_PATH).contains(name);
  }

  /** Hugging Face's paths of the modules that are named, the table first. */
  public static List<String> paths(List<String> names) {
    List<String> paths = new ArrayList<>();
    if (names.contains(TABLE) || names.contains(TABLE_PATH)) {
      paths.add(TABLE_PATH);
    }
    if (names.contains(HEAD)) {
      paths.add(HEAD);
    }
    return paths;
  }
}
