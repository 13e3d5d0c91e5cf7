package dev.nacelle.kernels.cpu;

import java.nio.file.Path;

/** Where unpacked libraries and measurements stay between runs. */
public final class CacheFolder {
  private CacheFolder() {}

  /** {@code NACELLE_CACHE}, else the XDG cache folder's {@code nacelle}. */
  public static Path locate() {
    String own = System.getenv("NACELLE_CACHE");
    if (own != null && !own.isEmpty()) {
      return Path.of(own);
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    if (xdg != null && !xdg.isEmpty()) {
      return Path.of(xdg, "nacelle");
    }
    return Path.of(System.getProperty("user.home", "."), ".cache", "nacelle");
  }
}
