package dev.nacelle.cli;

import dev.nacelle.file.FaultInjector;
import dev.nacelle.train.export.AdapterConversion;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle convert}. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    description = "Writes an adapter as another kind that computes the same.",
    footer = {
      "",
      "A HydraLoRA adapter of one head is a LoRA adapter, and the other way round. One of several",
      "heads weighs them by each token: nothing else computes the same, and it is refused.",
      "",
      "--json prints out, from, to, modules and rank.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 5 the environment"
          + " lacks",
      "something.",
      "",
      "Examples:",
      "  ./nacelle convert --model DIR --adapter my-lora --to hydra --out my-hydra",
      "  ./nacelle convert --model base.gguf --adapter one-head --to lora --out my-lora --json",
    })
final class ConvertCommand implements Callable<Integer> {
  @Mixin private WrittenFlags written = new WrittenFlags();

  @Option(names = "--to", paramLabel = "KIND", required = true, description = "lora or hydra.")
  private String to = "lora";

  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    AdapterConversion.Result result =
        AdapterConversion.convert(
            written.model(),
            written.adapter(),
            to,
            written.out(),
            written.overwrite,
            FaultInjector.fromEnvironment());
    if (output.json) {
      System.out.println(
          Json.text(
              Json.object()
                  .put("out", result.out().toString())
                  .put("from", result.from())
                  .put("to", result.to())
                  .put("modules", result.modules())
                  .put("rank", result.rank())));
    } else {
      System.out.printf(
          Locale.ROOT,
          "%s: %d layers of rank %d, %s as %s%n",
          result.out(),
          result.modules(),
          result.rank(),
          result.from(),
          result.to());
    }
    return 0;
  }
}
