package dev.nacelle.kernels.cpu;

import dev.nacelle.nativeaccess.loader.CacheFolder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What the user's environment says to the kernels, and where they keep files between runs. */
public final class Settings {
  private Settings() {}

  /** An environment variable; a system property of its name goes first. Null where it is unset. */
  public static @Nullable String get(String name) {
    String property = System.getProperty(name);
    String value = property != null ? property : System.getenv(name);
    return value == null || value.isEmpty() ? null : value;
  }

  /** This user's cache, see {@link CacheFolder}. */
  public static Path cacheFolder() {
    return CacheFolder.of(Settings::get);
  }
}
