package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.report.Sizes;
import dev.nacelle.train.export.AdapterExport;
import java.util.Locale;
import java.util.concurrent.Callable;
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
  @Mixin private WrittenFlags written = new WrittenFlags();

  @Option(
      names = "--format",
      paramLabel = "gguf",
      required = true,
      description = "What to write: gguf.")
  private String format = "gguf";

  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    if (!format.equals("gguf")) {
      throw NacelleException.usage("--format " + format + " is no format", "choose gguf");
    }
    AdapterExport.Result result =
        AdapterExport.toGguf(
            written.model(),
            written.adapter(),
            written.out(),
            written.overwrite,
            FaultInjector.fromEnvironment());
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
