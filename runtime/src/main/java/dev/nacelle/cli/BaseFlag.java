package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --model}, which every command has that works on one. */
final class BaseFlag {
  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description = "A Hugging Face folder, a .gguf file, or a name that pull knows.")
  private @Nullable Path model;

  /** The model's path; a name that pull knows is looked up. */
  Path path() {
    if (model == null) {
      throw NacelleException.usage("--model is missing", "name a model folder");
    }
    return Names.model(model);
  }
}
