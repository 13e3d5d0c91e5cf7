package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.AdapterBlend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A base, the adapters on it, and where what they come to is written. */
final class WrittenFlags {
  @Mixin private BaseFlag base = new BaseFlag();

  @Option(
      names = "--adapter",
      paramLabel = "D[:WEIGHT]",
      required = true,
      description = "An adapter folder; for merge repeatable, each update times its weight (1).")
  private List<String> adapters = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "PATH",
      required = true,
      description = "What to write: a folder, or a file where the format is gguf.")
  private @Nullable Path out;

  @Option(names = "--overwrite", description = "Replace what is there.")
  boolean overwrite;

  Path model() {
    return base.path();
  }

  Path out() {
    if (out == null) {
      throw NacelleException.usage("--out is missing", "name what is to be written");
    }
    return out;
  }

  List<AdapterBlend.Choice> adapters() {
    return adapters.stream().map(ModelFlags::choice).toList();
  }

  /** The one adapter of a command that writes it as it is. */
  Path adapter() {
    List<AdapterBlend.Choice> choices = adapters();
    if (choices.size() != 1 || choices.getFirst().weight() != 1) {
      throw NacelleException.usage(
          choices.size() > 1
              ? "several --adapter are not possible here"
              : "a weight of --adapter is not possible here",
          "write each adapter to a file of its own; the program that reads them takes weights");
    }
    return choices.getFirst().folder();
  }
}
