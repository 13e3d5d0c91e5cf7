package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.report.Sizes;
import dev.nacelle.train.export.AdapterExport;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle export}. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = "Writes an adapter for another program: for llama.cpp, as a GGUF file.",
    footer = {
      "",
      "llama.cpp takes the file with --lora, beside a GGUF of the same base model. What it cannot",
      "express (an adapter on lm_head) is refused with the reason.",
      "",
      "--json prints out, format, pairs, rank, alpha and bytes.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 5 the environment"
          + " lacks",
      "something.",
      "",
      "Examples:",
      "  ./nacelle export --adapter my-adapter --model DIR --format gguf --out my-adapter.gguf",
      "  ./nacelle export --adapter my-adapter --model base.gguf --format gguf --out a.gguf --json",
    })
final class ExportCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description = "The adapter's base: a folder, a .gguf file or a name that pull knows.")
  private @Nullable Path model;

  @Option(
      names = "--adapter",
      paramLabel = "D",
      required = true,
      description = "The adapter's folder.")
  private @Nullable Path adapter;

  @Option(
      names = "--format",
      paramLabel = "gguf",
      required = true,
      description = "What to write: gguf.")
  private String format = "gguf";

  @Option(
      names = "--out",
      paramLabel = "F.gguf",
      required = true,
      description = "The file to write.")
  private @Nullable Path out;

  @Option(names = "--overwrite", description = "Replace a file that is there.")
  private boolean overwrite;

  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    if (model == null || adapter == null || out == null) {
      throw NacelleException.usage(
          "--model, --adapter and --out are needed", "name the base, the adapter and the target");
    }
    if (!format.equals("gguf")) {
      throw NacelleException.usage("--format " + format + " is no format", "choose gguf");
    }
    AdapterExport.Result result =
        AdapterExport.toGguf(
            Names.model(model), adapter, out, overwrite, FaultInjector.fromEnvironment());
    if (output.json) {
      System.out.println(
          Json.text(
              Json.object()
                  .put("out", result.out().toString())
                  .put("format", format)
                  .put("pairs", result.pairs())
                  .put("rank", result.rank())
                  .put("alpha", result.alpha())
                  .put("bytes", result.bytes())));
    } else {
      System.out.printf(
          Locale.ROOT,
          "%s: %d adapted layers of rank %d, alpha %s, %s%n",
          result.out(),
          result.pairs(),
          result.rank(),
          result.alpha(),
          Sizes.bytes(result.bytes()));
    }
    return 0;
  }
}
