package dev.nacelle.kernels.cpu;

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

  /** {@code NACELLE_CACHE}, else the XDG cache folder's {@code nacelle}. */
  public static Path cacheFolder() {
    String own = get("NACELLE_CACHE");
    if (own != null) {
      return Path.of(own).toAbsolutePath();
    }
    String xdg = get("XDG_CACHE_HOME");
    Path base =
        xdg != null && xdg.startsWith("/")
            ? Path.of(xdg)
            : Path.of(System.getProperty("user.home", "."), ".cache");
    return base.toAbsolutePath().resolve("nacelle");
  }
}
