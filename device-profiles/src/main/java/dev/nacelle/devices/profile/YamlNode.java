package dev.nacelle.devices.profile;

import java.util.List;
import java.util.Map;

/** A piece of a YAML file, with the line that it begins on, from 1. */
sealed interface YamlNode {
  int line();

  /** A text; {@code quoted} tells {@code "8"} from {@code 8}. */
  record Scalar(int line, String text, boolean quoted) implements YamlNode {}

  /** A list. */
  record Sequence(int line, List<YamlNode> items) implements YamlNode {}

  /** A mapping, in the file's order. */
  record Mapping(int line, Map<String, YamlNode> entries) implements YamlNode {}
}
