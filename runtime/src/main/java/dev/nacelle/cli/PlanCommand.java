package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.Budget;
import dev.nacelle.planning.MachineCosts;
import dev.nacelle.planning.MemoryPlan;
import dev.nacelle.planning.PlanJson;
import dev.nacelle.planning.Planner;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./nacelle plan}. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description = {
      "Says before a fine-tuning what it will hold and how long its steps will take, here or on",
      "another device. Reads the headers of the model alone, and the data where --data names some;",
      "without it full rows of --max-length are planned. Takes finetune's flags."
    },
    footer = {
      "",
      "--json prints fits, peak_bytes, minimum_bytes, classes, strategy, timeline, step_seconds,",
      "tokens_per_second, confidence, planning_seconds (of the search alone); with --heads auto",
      "also heads: chosen, texts, terms, sse.",
      "",
      "Exit codes: 0 it fits, 1 unexpected failure, 2 wrong usage, 3 bad input, 4 it does not fit:",
      "the least that would do is said, 5 the environment lacks something.",
      "",
      "Examples:",
      "  ./nacelle plan --model DIR",
      "  ./nacelle plan --model DIR --data chats.jsonl --rank 8 --budget 900MiB --json",
      "  ./nacelle plan --model F.gguf --max-length 1024 --device-profile jetson-orin-nano-8gb",
    })
final class PlanCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FinetuneFlags flags = new FinetuneFlags();
  @Mixin private LaterFlags later = new LaterFlags();

  @Option(
      names = "--device-profile",
      paramLabel = "P[:MODE]",
      description = "Plan for this device of ./nacelle devices (default: this machine).")
  private @Nullable String deviceProfile;

  @Option(
      names = "--profile",
      paramLabel = "FILE",
      description = "Read a device profile of one's own.")
  private @Nullable Path profileFile;

  @Mixin private ComputeFlags compute = new ComputeFlags();
  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    later.refuse();
    compute.check();
    Path model = flags.model;
    if (model == null) {
      throw NacelleException.usage("plan needs --model", "name a model's folder or .gguf file");
    }
    Path out = flags.out == null ? Path.of("nacelle-plan") : flags.out;
    FinetuneOptions options =
        flags.options(
            model, out, compute.threads(), compute.seed, FlagValues.given(spec), "./nacelle plan");
    PlannedDevice device = PlannedDevice.of(deviceProfile, profileFile, options);
    HeadsAnswer heads = new HeadsAnswer();
    MemoryPlan plan = plan(options, compute, device.machine(), device.bound(), heads);
    return show(plan, heads, device.bound().get(), output.json);
  }

  /**
   * Plans without running.
   *
   * @param listener hears how many heads the data asks for
   */
  static MemoryPlan plan(
      FinetuneOptions options,
      ComputeFlags compute,
      Supplier<MachineCosts> machine,
      Supplier<Budget.Look> atHand,
      Consumer<TrainEvent> listener) {
    AtomicReference<@Nullable MemoryPlan> found = new AtomicReference<>();
    Planner planner = new Planner(machine, atHand, false, found::set, note -> {});
    new Finetune(
            options,
            FaultInjector.fromEnvironment(),
            compute::kernels,
            listener,
            new Cancellation(),
            planner)
        .planOnly();
    MemoryPlan plan = found.get();
    if (plan == null) {
      throw new IllegalStateException("no plan was made");
    }
    return plan;
  }

  /**
   * Prints a plan; the exit code.
   *
   * @throws NacelleException of kind BUDGET where it does not fit and no JSON was asked for
   */
  static int show(MemoryPlan plan, HeadsAnswer heads, Budget.Look bound, boolean json) {
    if (!json) {
      heads.print(System.out);
      PlanText.print(System.out, plan, bound);
      if (!plan.fits()) {
        throw Planner.refusal(plan, bound);
      }
      return 0;
    }
    ObjectNode root = PlanJson.of(plan);
    heads.addTo(root);
    root.put("planning_seconds", plan.effort().seconds());
    if (plan.fits()) {
      System.out.println(Json.text(root));
      return 0;
    }
    NacelleException refusal = Planner.refusal(plan, bound);
    root.putObject("error")
        .put("code", refusal.kind().exitCode())
        .put("message", refusal.getMessage())
        .put("hint", refusal.hint());
    System.out.println(Json.text(root));
    System.err.println("nacelle: " + refusal.getMessage() + "\n  " + refusal.hint());
    return refusal.kind().exitCode();
  }
}
