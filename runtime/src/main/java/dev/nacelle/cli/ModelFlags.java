package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.train.ReadyModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A model, and the adapters that are added to it. */
final class ModelFlags {
  @Mixin private BaseFlag base = new BaseFlag();

  @Option(
      names = "--adapter",
      paramLabel = "D[:WEIGHT]",
      description =
          "An adapter folder; repeatable, each update times its weight (default: no adapter, 1).")
  List<String> adapters = new ArrayList<>();

  @Option(
      names = "--dtype",
      defaultValue = "fp32",
      description = "Compute type, fp32 or bf16 (default: ${DEFAULT-VALUE}).")
  String dtype = "fp32";

  @Option(names = "--budget", hidden = true)
  String budget = "";

  @Option(names = "--host-budget", hidden = true)
  String hostBudget = "";

  /** Refuses what is agreed on but not built. */
  void check() {
    if (!budget.isEmpty() || !hostBudget.isEmpty()) {
      throw NacelleException.usage(
          (budget.isEmpty() ? "--host-budget" : "--budget") + " is not built into this version",
          "leave it out");
    }
  }

  /** The model with its weights and adapters. */
  ReadyModel open(ComputeFlags compute, FaultInjector faults) {
    List<AdapterBlend.Choice> choices = adapters.stream().map(ModelFlags::choice).toList();
    int threads = compute.threads();
    return ReadyModel.open(
        path(), choices, FinetuneFlags.computeType(dtype), () -> compute.kernels(threads), faults);
  }

  /** The model's path; a name that pull knows is looked up. */
  Path path() {
    return base.path();
  }

  /** A folder whose name ends like a weight is taken for itself. */
  static AdapterBlend.Choice choice(String text) {
    int colon = text.lastIndexOf(':');
    if (colon > 0 && !Files.exists(Path.of(text))) {
      try {
        double weight = Double.parseDouble(text.substring(colon + 1).strip());
        if (!Double.isFinite(weight)) {
          throw NacelleException.usage(
              "--adapter " + text + ": the weight is not a finite number", "write 0.5, say");
        }
        return new AdapterBlend.Choice(Path.of(text.substring(0, colon)), weight);
      } catch (NumberFormatException e) {
        // Not a weight: the whole is a path, which the reader will miss by name.
        return new AdapterBlend.Choice(Path.of(text), 1);
      }
    }
    return new AdapterBlend.Choice(Path.of(text), 1);
  }
}
