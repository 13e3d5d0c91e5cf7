package dev.nacelle.devices.profile;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a profile from YAML. Strict: a key that the schema does not have, a value of another type,
 * a number without a source and a mode twice are errors with their line.
 */
final class ProfileReader {
  private static final int SCHEMA = 1;
  private static final Pattern ID = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");
  private static final Pattern BYTES = Pattern.compile("(\\d{1,15})(?:\\.(\\d{1,3}))?(Ki|Mi|Gi)B");
  private static final Set<String> OWN =
      Set.of("schema", "id", "name", "kind", "extends", "recognise", "modes");
  private static final Set<Fact> OF_A_MODE =
      Set.of(Fact.SM_COUNT, Fact.GPU_HZ, Fact.CPU_CORES, Fact.CPU_HZ, Fact.EMC_HZ);

  private final String file;
  private final Function<String, DeviceProfile> known;

  /**
   * A reader.
   *
   * @param file what messages call it
   * @param known finds what {@code extends} names, or throws a {@link ProfileException}
   */
  ProfileReader(String file, Function<String, DeviceProfile> known) {
    this.file = file;
    this.known = known;
  }

  /** Reads the text of a file. */
  DeviceProfile read(String text) {
    YamlNode.Mapping root = mapping(StrictYaml.parse(file, text), "a profile");
    Map<Fact, Sourced<?>> facts = new EnumMap<>(Fact.class);
    root.entries()
        .forEach(
            (key, node) -> {
              if (!OWN.contains(key)) {
                facts.put(fact(key, node), value(fact(key, node), node));
              }
            });
    String schema = scalar(need(root, "schema")).text();
    if (!schema.equals(String.valueOf(SCHEMA))) {
      throw error(need(root, "schema"), "schema " + schema + " is not known; this reads " + SCHEMA);
    }
    DeviceProfile base = base(root);
    String id = scalar(need(root, "id")).text();
    if (!ID.matcher(id).matches()) {
      throw error(need(root, "id"), "an id is made of lower case letters, digits and dashes");
    }
    Facts own = new Facts(facts);
    YamlNode modes = root.entries().get("modes");
    return new DeviceProfile(
        id,
        scalar(need(root, "name")).text(),
        kind(need(root, "kind")),
        identity(root.entries().get("recognise")),
        base == null ? own : own.over(base.facts()),
        modes != null ? modes(modes) : base == null ? List.of() : base.modes());
  }

  private @Nullable DeviceProfile base(YamlNode.Mapping root) {
    YamlNode extended = root.entries().get("extends");
    if (extended == null) {
      return null;
    }
    try {
      return known.apply(scalar(extended).text());
    } catch (ProfileException e) {
      throw error(extended, "extends: " + e.getMessage());
    }
  }

  private DeviceProfile.Kind kind(YamlNode node) {
    for (DeviceProfile.Kind kind : DeviceProfile.Kind.values()) {
      if (kind.key().equals(scalar(node).text())) {
        return kind;
      }
    }
    throw error(node, "kind is jetson, gpu or cpu");
  }

  private Identity identity(@Nullable YamlNode node) {
    if (node == null) {
      return Identity.NONE;
    }
    String soc = null;
    boolean isSuper = false;
    Map<String, List<String>> lists = new java.util.HashMap<>();
    for (Map.Entry<String, YamlNode> entry : mapping(node, "recognise").entries().entrySet()) {
      YamlNode.Mapping sourced = sourced(entry.getKey(), entry.getValue());
      YamlNode value = need(sourced, "value");
      switch (entry.getKey()) {
        case "soc" -> soc = scalar(value).text();
        case "super" -> isSuper = flag(value);
        case "p_numbers", "models", "pci_ids", "gpu_names" ->
            lists.put(entry.getKey(), texts(value));
        default ->
            throw error(
                entry.getValue(),
                entry.getKey()
                    + " is not known here: soc, p_numbers, models, pci_ids, gpu_names, super");
      }
    }
    return new Identity(
        soc,
        lists.getOrDefault("p_numbers", List.of()),
        lists.getOrDefault("models", List.of()),
        lists.getOrDefault("pci_ids", List.of()),
        lists.getOrDefault("gpu_names", List.of()),
        isSuper);
  }

  private List<PowerMode> modes(YamlNode node) {
    if (!(node instanceof YamlNode.Sequence all)) {
      throw error(node, "modes is a list");
    }
    List<PowerMode> modes = new ArrayList<>();
    Set<Integer> ids = new HashSet<>();
    for (YamlNode item : all.items()) {
      YamlNode.Mapping mode = mapping(item, "a mode");
      Map<Fact, Sourced<?>> facts = new EnumMap<>(Fact.class);
      mode.entries()
          .forEach(
              (key, value) -> {
                if (!Set.of("id", "name", "default").contains(key)) {
                  Fact fact = fact(key, value);
                  if (!OF_A_MODE.contains(fact)) {
                    throw error(value, key + " does not belong to a mode");
                  }
                  facts.put(fact, value(fact, value));
                }
              });
      String id = scalar(need(mode, "id")).text();
      if (!id.matches("\\d{1,3}") || !ids.add(Integer.parseInt(id))) {
        throw error(need(mode, "id"), "a mode's id is a number from 0 on, each once: " + id);
      }
      YamlNode first = mode.entries().get("default");
      modes.add(
          new PowerMode(
              Integer.parseInt(id),
              scalar(need(mode, "name")).text(),
              first != null && flag(first),
              new Facts(facts)));
    }
    if (modes.stream().filter(PowerMode::isDefault).count() > 1) {
      throw error(node, "more than one mode is the default");
    }
    return List.copyOf(modes);
  }

  private Fact fact(String key, YamlNode node) {
    return Fact.of(key)
        .orElseThrow(() -> error(node, key + " is not a key of a profile; see the reference page"));
  }

  private Sourced<?> value(Fact fact, YamlNode node) {
    YamlNode.Mapping sourced = sourced(fact.key(), node);
    YamlNode value = need(sourced, "value");
    String source = scalar(need(sourced, "source")).text();
    return switch (fact.type()) {
      case BYTES -> new Sourced<>(bytes(value), source);
      case NUMBER -> new Sourced<>(number(value), source);
      case FLAG -> new Sourced<>(flag(value), source);
      case TEXT -> new Sourced<>(scalar(value).text(), source);
      case TEXTS -> new Sourced<>(texts(value), source);
    };
  }

  /** Exactly a value and its source. */
  private YamlNode.Mapping sourced(String key, YamlNode node) {
    if (!(node instanceof YamlNode.Mapping pair)
        || !pair.entries().keySet().equals(Set.of("value", "source"))) {
      throw error(node, key + " has to be {value: …, source: …}");
    }
    if (scalar(need(pair, "source")).text().isBlank()) {
      throw error(node, key + " has no source; say where the value was read or measured");
    }
    return pair;
  }

  private long number(YamlNode node) {
    String text = scalar(node).text();
    if (!text.matches("[1-9]\\d{0,17}")) {
      throw error(node, "not a whole number above 0: " + text);
    }
    return Long.parseLong(text);
  }

  private long bytes(YamlNode node) {
    Matcher m = BYTES.matcher(scalar(node).text());
    if (!m.matches()) {
      return number(node);
    }
    int shift = m.group(3).equals("Ki") ? 10 : m.group(3).equals("Mi") ? 20 : 30;
    long whole = Long.parseLong(m.group(1));
    String fraction = m.group(2);
    if (whole >= 1L << (62 - shift)) {
      throw error(node, "more bytes than there are: " + scalar(node).text());
    }
    long part =
        fraction == null
            ? 0
            : Math.round(Double.parseDouble("0." + fraction) * (double) (1L << shift));
    return (whole << shift) + part;
  }

  private boolean flag(YamlNode node) {
    return switch (scalar(node).text()) {
      case "true" -> true;
      case "false" -> false;
      default -> throw error(node, "neither true nor false: " + scalar(node).text());
    };
  }

  private List<String> texts(YamlNode node) {
    if (!(node instanceof YamlNode.Sequence list) || list.items().isEmpty()) {
      throw error(node, "not a list: [a, b]");
    }
    return list.items().stream().map(item -> scalar(item).text()).toList();
  }

  private YamlNode.Scalar scalar(YamlNode node) {
    if (node instanceof YamlNode.Scalar scalar && !scalar.text().isBlank()) {
      return scalar;
    }
    throw error(node, "a single value is missing here");
  }

  private YamlNode.Mapping mapping(YamlNode node, String what) {
    if (node instanceof YamlNode.Mapping mapping) {
      return mapping;
    }
    throw error(node, what + " is made of lines KEY: VALUE");
  }

  private YamlNode need(YamlNode.Mapping in, String key) {
    YamlNode found = in.entries().get(key);
    if (found == null) {
      throw error(in, key + " is missing");
    }
    return found;
  }

  private ProfileException error(YamlNode node, String message) {
    return ProfileException.at(file, node.line(), message);
  }
}
