package dev.nacelle.budget;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A process of ours as the launcher starts it for a budget. */
final class SmallJvm {
  private static final List<String> FLAGS =
      List.of(
          "--enable-native-access=ALL-UNNAMED",
          "-XX:+UseSerialGC",
          "-XX:-UsePerfData",
          "-XX:-ShrinkHeapInSteps",
          "-Xms4m",
          "-Xmn4m",
          "-Xmx48m",
          "-XX:MinHeapFreeRatio=5",
          "-XX:MaxHeapFreeRatio=10",
          "-XX:ReservedCodeCacheSize=16m",
          "-XX:MaxMetaspaceSize=64m",
          "-XX:TieredStopAtLevel=1");

  /** The command line's own. */
  static final String NACELLE = "dev.nacelle.cli.Main";

  private SmallJvm() {}

  /** Java with this class path. */
  static List<String> command(String main, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(FLAGS);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(arguments);
    return command;
  }

  /** The environment, with a cache folder where the machine's measurements are kept. */
  static Confined in(Confined process, Path cache) {
    return process
        .with("NACELLE_CACHE", cache.toString())
        .with("MALLOC_ARENA_MAX", "1")
        .with("MALLOC_TRIM_THRESHOLD_", "131072");
  }
}
