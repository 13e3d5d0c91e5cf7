package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.loader.CacheFolder;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What the environment says of the hub. The token stands in no message, no log and no {@link
 * #toString}; {@link HubHttp} alone asks for it.
 */
final class HubSettings {
  static final String ENDPOINT = "HF_ENDPOINT";
  static final String TOKEN = "HF_TOKEN";
  static final String TIMEOUT = "HF_HUB_DOWNLOAD_TIMEOUT";

  private static final String HUGGING_FACE = "https://huggingface.co";
  private static final long DEFAULT_SECONDS = 10;

  private final URI endpoint;
  private final @Nullable String token;
  private final Duration patience;
  private final Duration firstPause;

  private HubSettings(
      URI endpoint, @Nullable String token, Duration patience, Duration firstPause) {
    this.endpoint = endpoint;
    this.token = token;
    this.patience = patience;
    this.firstPause = firstPause;
  }

  /**
   * Reads the variables.
   *
   * @param environment a variable's value, null where it is unset
   * @param firstPause before what failed is tried a second time
   * @throws NacelleException of kind ENVIRONMENT where one of them makes no sense
   */
  static HubSettings of(UnaryOperator<@Nullable String> environment, Duration firstPause) {
    return new HubSettings(
        endpoint(environment.apply(ENDPOINT)),
        token(environment.apply(TOKEN)),
        patience(environment.apply(TIMEOUT)),
        firstPause);
  }

  private static URI endpoint(@Nullable String given) {
    String text = given == null || given.isBlank() ? HUGGING_FACE : given.strip();
    try {
      URI uri = new URI(text.replaceAll("/+$", ""));
      boolean web =
          "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
      if (web
          && uri.getHost() != null
          && uri.getUserInfo() == null
          && uri.getQuery() == null
          && uri.getFragment() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      throw badEndpoint();
    }
    throw badEndpoint();
  }

  /** The value is not repeated: it may hold a password. */
  private static NacelleException badEndpoint() {
    return NacelleException.environment(
        ENDPOINT + " is no address of a hub",
        "set it to http:// or https:// and a host, without user or query, or unset it",
        null);
  }

  private static @Nullable String token(@Nullable String given) {
    if (given == null || given.isBlank()) {
      return null;
    }
    String token = given.strip();
    if (!token.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw NacelleException.environment(
          TOKEN + " holds characters that no token has",
          "copy the token again, or unset " + TOKEN,
          null);
    }
    return token;
  }

  private static Duration patience(@Nullable String given) {
    if (given == null || given.isBlank()) {
      return Duration.ofSeconds(DEFAULT_SECONDS);
    }
    try {
      double seconds = Double.parseDouble(given.strip());
      if (seconds > 0 && seconds <= 3600) {
        return Duration.ofMillis(Math.max(1, Math.round(seconds * 1000)));
      }
    } catch (NumberFormatException e) {
      throw badTimeout();
    }
    throw badTimeout();
  }

  private static NacelleException badTimeout() {
    return NacelleException.environment(
        TIMEOUT + " is no number of seconds", "set it to 30, say, or unset it", null);
  }

  /** The hub's address, without a slash at its end. */
  URI endpoint() {
    return endpoint;
  }

  /** What proves who asks; null where nothing does. For requests to the endpoint alone. */
  @Nullable String token() {
    return token;
  }

  /** How long a server may be silent. */
  Duration patience() {
    return patience;
  }

  /** How long to wait before what failed is tried a second time; then twice as long each time. */
  Duration firstPause() {
    return firstPause;
  }

  /** The folder where Hugging Face's own tools keep repositories. */
  static Path huggingFaceCache(UnaryOperator<@Nullable String> environment) {
    for (String variable : new String[] {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
      String named = environment.apply(variable);
      if (named != null && !named.isBlank()) {
        return Path.of(named);
      }
    }
    String home = environment.apply("HF_HOME");
    if (home != null && !home.isBlank()) {
      return Path.of(home, "hub");
    }
    String xdg = environment.apply("XDG_CACHE_HOME");
    Path base =
        xdg != null && !xdg.isBlank()
            ? Path.of(xdg)
            : CacheFolder.home(environment).resolve(".cache");
    return base.resolve("huggingface").resolve("hub");
  }

  @Override
  public String toString() {
    return endpoint + (token == null ? "" : " with a token");
  }
}
