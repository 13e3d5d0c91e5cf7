package dev.nacelle.devices.profile;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The catalogue: what comes with Nacelle, and a user's own file over it. Each file is read when it
 * is asked for first.
 */
public final class Profiles {
  /** Taken where no GPU is known. */
  public static final String GENERIC_CPU = "generic-cpu";

  /** Taken for an NVIDIA GPU that no profile names. */
  public static final String GENERIC_GPU = "generic-gpu";

  /** Taken for a Tegra whose module no profile names. */
  public static final String GENERIC_JETSON = "generic-jetson";

  private static final String FOLDER = "/dev/nacelle/devices/profiles/";
  private static final long LARGEST_FILE = 1L << 20;

  private final Map<String, DeviceProfile> read = new HashMap<>();
  private final List<String> ids;
  private @Nullable String reading;
  private @Nullable DeviceProfile own;

  private Profiles(List<String> ids) {
    this.ids = ids;
  }

  /** The profiles that come with Nacelle. */
  public static Profiles builtIn() {
    return new Profiles(resource("index.txt").lines().filter(l -> !l.isBlank()).toList());
  }

  /**
   * These and one from a file, which replaces one of the same id.
   *
   * @throws ProfileException where the file is no profile
   * @throws IOException where it cannot be read
   */
  public Profiles with(Path file) throws IOException {
    if (Files.size(file) > LARGEST_FILE) {
      throw ProfileException.at(file.toString(), 1, "is larger than a profile can be");
    }
    DeviceProfile given =
        new ProfileReader(file.toString(), this::find)
            .read(utf8(file.toString(), Files.readAllBytes(file)));
    List<String> all = new ArrayList<>(ids);
    if (!all.contains(given.id())) {
      all.add(given.id());
    }
    Profiles extended = new Profiles(List.copyOf(all));
    extended.read.putAll(read);
    extended.read.put(given.id(), given);
    extended.own = given;
    return extended;
  }

  /** Every id, the user's own last. */
  public List<String> ids() {
    return ids;
  }

  /** The one that a user's file brought; null where there is none. */
  public @Nullable DeviceProfile own() {
    return own;
  }

  /** Whether any of them may have the fact; their texts are searched, not read. */
  public boolean mention(Fact fact) {
    String key = fact.key();
    return (own != null && own.facts().values().containsKey(fact))
        || ids.stream()
            .anyMatch(
                id ->
                    (own == null || !id.equals(own.id())) && resource(id + ".yaml").contains(key));
  }

  /** Every profile, in the order of the ids. */
  public List<DeviceProfile> all() {
    return ids.stream().map(this::find).toList();
  }

  /**
   * One profile.
   *
   * @throws ProfileException where no profile has that id; the message names those that are near
   */
  public DeviceProfile find(String id) {
    DeviceProfile found = read.get(id);
    if (found != null) {
      return found;
    }
    if (!ids.contains(id)) {
      throw ProfileException.unknown(
          "no device profile is called " + id + "; ./nacelle devices lists them" + near(id));
    }
    if (id.equals(reading)) {
      throw ProfileException.unknown(id + " extends itself");
    }
    String before = reading;
    reading = id;
    String file = id + ".yaml";
    DeviceProfile profile = new ProfileReader(file, this::find).read(resource(file));
    reading = before;
    read.put(id, profile);
    return profile;
  }

  /**
   * What {@code ID} or {@code ID:MODE} stands for, a mode by its number or name.
   *
   * @throws ProfileException where there is no such profile or mode
   */
  public DeviceChoice choose(String idAndMode) {
    int colon = idAndMode.indexOf(':');
    DeviceProfile profile = find(colon < 0 ? idAndMode : idAndMode.substring(0, colon));
    if (colon < 0) {
      return DeviceChoice.of(profile, profile.defaultMode().orElse(null));
    }
    String mode = idAndMode.substring(colon + 1);
    return DeviceChoice.of(
        profile,
        profile
            .mode(mode)
            .orElseThrow(
                () ->
                    ProfileException.unknown(
                        profile.id()
                            + " has no mode "
                            + mode
                            + "; it has "
                            + (profile.modes().isEmpty()
                                ? "none"
                                : String.join(
                                    ", ",
                                    profile.modes().stream().map(PowerMode::name).toList())))));
  }

  private String near(String id) {
    List<String> near = ids.stream().filter(i -> i.contains(id) || id.contains(i)).toList();
    return near.isEmpty() ? "" : ", among them " + String.join(", ", near);
  }

  private static String resource(String name) {
    try (InputStream in = Profiles.class.getResourceAsStream(FOLDER + name)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + FOLDER + name + " is missing");
      }
      return utf8(name, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String utf8(String file, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw ProfileException.at(file, 1, "is not UTF-8");
    }
  }
}
