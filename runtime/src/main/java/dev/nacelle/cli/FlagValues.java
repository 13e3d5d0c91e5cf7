package dev.nacelle.cli;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The flags of a command with the values that hold, typed or not. */
final class FlagValues {
  /** They change what is said, not what is done. */
  private static final Set<String> ABOUT_OUTPUT =
      Set.of("--help", "--version", "--json", "--quiet", "--verbose");

  private FlagValues() {}

  /** Long names of the flags that were typed. */
  static Set<String> given(CommandSpec command) {
    return command.commandLine().getParseResult().matchedOptions().stream()
        .map(OptionSpec::longestName)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Long name to value, in the order of their declaration; several values a line each. */
  static Map<String, String> of(CommandSpec command) {
    Map<String, String> values = new LinkedHashMap<>();
    for (OptionSpec option : command.options()) {
      if (!option.hidden() && !ABOUT_OUTPUT.contains(option.longestName())) {
        Object value = option.getValue();
        values.put(
            option.longestName(),
            switch (value) {
              case null -> "";
              case Collection<?> many ->
                  many.stream().map(String::valueOf).collect(Collectors.joining("\n"));
              // 32 rather than 32.0, 1e-8 rather than 1.0E-8: as people type them.
              case Double number ->
                  String.valueOf(number).replaceFirst("\\.0(?=$|E)", "").replace('E', 'e');
              default -> String.valueOf(value);
            });
      }
    }
    return values;
  }
}
