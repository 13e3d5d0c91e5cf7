package dev.nacelle.nativeaccess.loader;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where LibTorch was found, before any of it is opened.
 *
 * @param origin by which rule
 * @param folder the folder of its libraries; null while they are still packed in a jar
 * @param version as its files state it, {@code unknown} where they do not
 */
public record LibTorchSource(Origin origin, @Nullable Path folder, String version) {

  /** The rules, in the order in which they are tried. */
  public enum Origin {
    PROCESS("mapped by this process already"),
    ENVIRONMENT("NACELLE_LIBTORCH"),
    PYTHON("an installed PyTorch"),
    JAR("org.bytedeco:pytorch on the class path");

    private final String label;

    Origin(String label) {
      this.label = label;
    }

    /** For reports. */
    public String label() {
      return label;
    }
  }

  @Override
  public String toString() {
    return "LibTorch "
        + version
        + " from "
        + origin.label()
        + (folder == null ? "" : " (" + folder + ")");
  }
}
