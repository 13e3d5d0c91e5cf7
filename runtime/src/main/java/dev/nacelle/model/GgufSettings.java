package dev.nacelle.model;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufMetadata;

/**
 * The keys of a GGUF file that begin with its architecture.
 *
 * @param file its tensors may say something too
 * @param prefix the architecture and a dot
 */
record GgufSettings(GgufFile file, String prefix) {
  private static final int MOST = Integer.MAX_VALUE;

  GgufMetadata data() {
    return file.metadata();
  }

  boolean has(String key) {
    return data().has(prefix + key);
  }

  /** A whole number from 0 on, or the default. */
  int whole(String key, int fallback) {
    return (int) data().integer(prefix + key, fallback, 0, MOST);
  }

  double positive(String key, double fallback) {
    return data().positive(prefix + key, fallback);
  }

  boolean flag(String key, boolean fallback) {
    return data().flag(prefix + key, fallback);
  }

  NacelleException error(String key, String what) {
    return data().error(prefix + key, what);
  }

  /** Refuses a window where the family has none that is read. */
  void refuseWindow() {
    if (whole("attention.sliding_window", 0) > 0) {
      throw error("attention.sliding_window", "is set; attention reads all tokens before");
    }
  }

  /**
   * After how many blocks one without a window comes.
   *
   * @param fallback where the file does not say
   */
  int windowPattern(int fallback) {
    String key = "attention.sliding_window_pattern";
    if (!has(key)) {
      return fallback;
    }
    int pattern = (int) data().integer(prefix + key, 1, MOST);
    return pattern;
  }
}
