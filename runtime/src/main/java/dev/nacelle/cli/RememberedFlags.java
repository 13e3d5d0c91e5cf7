package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.train.OptionFlags;
import dev.nacelle.train.RunMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code --resume}: the flags that a run remembers, with those that were typed this time. */
final class RememberedFlags {
  /** Of each such pair one excludes the other. */
  private static final Map<String, String> EITHER =
      Map.of("--steps", "--epochs", "--epochs", "--steps");

  private RememberedFlags() {}

  /**
   * The whole command line of a run that goes on: what was typed, and before it all that is
   * remembered and was not typed anew. Whether what was typed may differ is the run's to say.
   *
   * @param given the flags that were typed
   * @throws NacelleException of kind USAGE where nothing is remembered, and model or data are not
   *     typed either
   */
  static List<String> completed(Path out, Collection<String> given, List<String> typed) {
    Map<String, List<String>> remembered = RunMemory.read(out).orElse(Map.of());
    if (remembered.isEmpty() && !given.containsAll(Set.of("--model", "--data"))) {
      throw NacelleException.usage(
          "--resume: no run is remembered in " + out,
          "give --model and --data too; they start it where it is not there yet");
    }
    List<String> all = new ArrayList<>();
    remembered.forEach(
        (flag, values) -> {
          boolean anew = given.contains(flag) || given.contains(EITHER.getOrDefault(flag, ""));
          if (!anew && !OptionFlags.NOT_REMEMBERED.contains(flag)) {
            values.forEach(value -> all.add(flag + "=" + value));
          }
        });
    all.addAll(typed);
    return all;
  }
}
