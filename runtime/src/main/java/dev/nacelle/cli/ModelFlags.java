package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.Budget;
import dev.nacelle.memory.ProcessTrim;
import dev.nacelle.planning.ForwardPlan;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.ReadyModel;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
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

  @Mixin private BudgetFlag budget = new BudgetFlag();

  @Option(names = "--host-budget", hidden = true)
  String hostBudget = "";

  /** Refuses what is agreed on but not built, and what is no budget. */
  void check() {
    if (!hostBudget.isEmpty()) {
      throw NacelleException.usage("--host-budget is not built into this version", "leave it out");
    }
    Long ignored = budget.bytes();
  }

  /** Refuses a budget where none is kept to. */
  void refuseBudget(String instead) {
    if (budget.isGiven()) {
      throw NacelleException.usage("--budget is not kept to here", instead);
    }
  }

  /** The model with its weights and adapters, everything at once. */
  ReadyModel open(ComputeFlags compute, FaultInjector faults) {
    return open(compute, faults, (base, kernels) -> {});
  }

  /** How a command would do its work inside a budget. */
  @FunctionalInterface
  interface Planning {
    ForwardPlan plan(ForwardPlan.Job job);
  }

  /**
   * The model with its weights and adapters, as a plan has them.
   *
   * @param planning makes the plan, where a budget may bind
   * @param plan hears of it before anything is loaded
   */
  ReadyModel open(
      ComputeFlags compute, FaultInjector faults, Planning planning, Consumer<ForwardPlan> plan) {
    boolean[] planned = {false};
    ReadyModel ready =
        open(
            compute,
            faults,
            (model, kernels) -> {
              Budget binding = budget.binding(size(model));
              if (binding != null) {
                planned[0] = true;
                plan.accept(
                    planning.plan(
                        new ForwardPlan.Job(
                            model,
                            kernels,
                            FlagWords.computeType(dtype),
                            choices(),
                            binding.now(),
                            ThisMachine.calibration(kernels.threads(), ThisMachine::say)
                                .process())));
              }
            });
    if (planned[0]) {
      new ProcessTrim().settle();
    }
    return ready;
  }

  private static long size(BaseModel model) {
    return model.path().toFile().isFile()
        ? model.path().toFile().length()
        : Stream.ofNullable(model.path().toFile().listFiles())
            .flatMap(Stream::of)
            .mapToLong(File::length)
            .sum();
  }

  private ReadyModel open(ComputeFlags compute, FaultInjector faults, ReadyModel.Planner planner) {
    int threads = compute.threads();
    return ReadyModel.open(
        path(),
        choices(),
        FlagWords.computeType(dtype),
        () -> compute.kernels(threads),
        faults,
        planner);
  }

  private List<AdapterBlend.Choice> choices() {
    return adapters.stream().map(ModelFlags::choice).toList();
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
