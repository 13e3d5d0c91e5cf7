package dev.nacelle.nativeaccess.loader;

import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where this user's unpacked libraries, measurements, models and data sets are kept. */
public final class CacheFolder {
  private CacheFolder() {}

  /**
   * {@code NACELLE_CACHE}, else the XDG cache folder's {@code nacelle}.
   *
   * @param environment a variable's value, null where it is unset
   */
  public static Path of(UnaryOperator<@Nullable String> environment) {
    String named = environment.apply("NACELLE_CACHE");
    if (named != null && !named.isEmpty()) {
      return Path.of(named).toAbsolutePath();
    }
    String xdg = environment.apply("XDG_CACHE_HOME");
    Path base =
        xdg != null && xdg.startsWith("/") ? Path.of(xdg) : home(environment).resolve(".cache");
    return base.toAbsolutePath().resolve("nacelle");
  }

  /**
   * The user's own folder: {@code HOME} as every other program takes it, where the JVM asks the
   * list of users, which in a container may have nobody of this number.
   *
   * @param environment a variable's value, null where it is unset
   */
  public static Path home(UnaryOperator<@Nullable String> environment) {
    String home = environment.apply("HOME");
    return Path.of(
        home != null && home.startsWith("/") ? home : System.getProperty("user.home", "."));
  }
}
