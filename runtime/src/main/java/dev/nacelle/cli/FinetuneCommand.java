package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.Budget;
import dev.nacelle.planning.MemoryPlan;
import dev.nacelle.planning.PlanJson;
import dev.nacelle.planning.Planner;
import dev.nacelle.report.RunIdentity;
import dev.nacelle.report.RunOutcome;
import dev.nacelle.report.RunRecorder;
import dev.nacelle.report.RunReport;
import dev.nacelle.report.Shell;
import dev.nacelle.report.TrainProgress;
import dev.nacelle.train.CancelledException;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.RunMemory;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./nacelle finetune}. */
@Command(
    name = "finetune",
    mixinStandardHelpOptions = true,
    description = {
      "Fine-tunes a language model with a LoRA adapter that Hugging Face PEFT loads.",
      "Without --model and --data the demonstration runs: SmolLM2-135M-Instruct on wordnet-tasks."
    },
    footer = {
      "",
      "Exit codes: 0 done, 1 unexpected failure or a loss that is not a number, 2 wrong usage, 3"
          + " bad",
      "input, 4 does not fit the memory, 5 the environment lacks something, 130 and 143"
          + " interrupted:",
      "the state was saved, and the line that resumes it is printed.",
      "",
      "Examples:",
      "  ./nacelle finetune",
      "  ./nacelle finetune --model DIR --data chats.jsonl --out adapter",
      "  ./nacelle finetune --model DIR --data a.jsonl --data b.jsonl.gz --out adapter --rank 8 \\",
      "      --targets q_proj,v_proj --eval-split 5 --eval-every 50 --save-every 50 --json",
      "  ./nacelle finetune --resume --out adapter",
    })
final class FinetuneCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private FinetuneFlags flags = new FinetuneFlags();
  @Mixin private LaterFlags later = new LaterFlags();

  @Option(
      names = "--dry-run",
      description = "Print the plan, as plan does, and stop; with --json {\"plan\":{...}}.")
  private boolean dryRun;

  @Mixin private ComputeFlags compute = new ComputeFlags();
  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    return flags.resume ? withRememberedFlags().start() : start();
  }

  /** This command as it would be if every flag that the run remembers had been typed. */
  private FinetuneCommand withRememberedFlags() {
    Path out = flags.out;
    if (out == null) {
      throw NacelleException.usage(
          "--resume needs --out", "name the folder of the run that is to go on");
    }
    List<String> typed = spec.commandLine().getParseResult().expandedArgs();
    List<String> whole = new ArrayList<>(List.of("finetune"));
    whole.addAll(RememberedFlags.completed(out, given(), typed));
    try {
      return (FinetuneCommand)
          Main.commandLine()
              .parseArgs(whole.toArray(String[]::new))
              .subcommand()
              .commandSpec()
              .userObject();
    } catch (ParameterException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          "the flags that the run in " + out + " remembers are damaged: " + e.getMessage(),
          "start it anew with --overwrite instead of --resume",
          e);
    }
  }

  private int start() {
    later.refuse();
    compute.check();
    if ((flags.model == null && flags.data.files.isEmpty())
        || (flags.resume && Demonstration.isRemembered(flags))) {
      if (dryRun) {
        throw NacelleException.usage(
            "--dry-run has no job to plan", "give --model and --data, or ask plan for a --model");
      }
      return new Demonstration(flags, compute, output).run(given(), typed(), this::run);
    }
    if (flags.model == null || flags.data.files.isEmpty() || flags.out == null) {
      throw NacelleException.usage(
          "finetune needs --model, --data and --out",
          "give all three, or neither --model nor --data for the demonstration");
    }
    FinetuneOptions options =
        flags.options(flags.model, flags.out, compute.threads(), compute.seed, given(), typed());
    if (dryRun) {
      return planAlone(options);
    }
    RunReport report = run(options);
    if (output.json) {
      System.out.println(report.json());
    }
    return 0;
  }

  private int planAlone(FinetuneOptions options) {
    Budget budget = ThisMachine.budget(options.limits().budget());
    HeadsAnswer heads = new HeadsAnswer();
    MemoryPlan plan =
        PlanCommand.plan(
            options,
            compute,
            () -> ThisMachine.costs(options.threads(), ThisMachine::say),
            budget::now,
            heads);
    if (output.json && plan.fits()) {
      ObjectNode root = Json.object();
      root.set("plan", PlanJson.of(plan));
      heads.addTo(root);
      System.out.println(Json.text(root));
      return 0;
    }
    return PlanCommand.show(plan, heads, budget.now(), output.json);
  }

  /** Trains and writes log and report. */
  RunReport run(FinetuneOptions options) {
    FaultInjector faults = FaultInjector.fromEnvironment();
    RunIdentity identity =
        new RunIdentity(
            Version.VERSION, options.command(), FlagValues.of(spec.commandLine().getCommandSpec()));
    TrainProgress progress = TrainProgress.onStandardError(System.err, output.quiet);
    try (progress;
        StopSignals signals = StopSignals.listen(FinetuneCommand::say);
        RunRecorder recorder = new RunRecorder(options, identity, faults)) {
      Consumer<TrainEvent> listener =
          event -> {
            recorder.accept(event);
            progress.accept(event);
          };
      try {
        Consumer<String> note = text -> listener.accept(new TrainEvent.Note(text));
        Planner planner =
            new Planner(
                () -> ThisMachine.costs(options.threads(), note),
                ThisMachine.budget(options.limits().budget())::now,
                true,
                plan -> recorder.planned(PlanJson.of(plan)),
                note);
        FinetuneResult ignored =
            new Finetune(
                    options, faults, compute::kernels, listener, signals.cancellation(), planner)
                .run();
        return recorder.done();
      } catch (CancelledException e) {
        CancelledException told = e.withHint(howToGoOn(options, e));
        recorder.stopped(RunOutcome.of(told), told);
        throw told;
      } catch (RuntimeException | Error e) {
        recorder.stopped(RunOutcome.of(e), e);
        sayHowToGoOn(options, NacelleException.of(e));
        throw e;
      }
    }
  }

  /** Memory that was taken away and a disk that is full are put right, and then the run goes on. */
  private static void sayHowToGoOn(FinetuneOptions options, NacelleException ended) {
    boolean passes =
        ended.kind() == NacelleException.Kind.BUDGET
            || ended.kind() == NacelleException.Kind.ENVIRONMENT;
    if (passes && RunMemory.read(options.out()).isPresent()) {
      say("nacelle: what was saved stays; " + resumeLine(options));
    }
  }

  private static String resumeLine(FinetuneOptions options) {
    return "resume it with ./nacelle finetune --resume --out "
        + Shell.quote(options.out().toString());
  }

  private static void say(String line) {
    System.err.println(line);
  }

  /**
   * The command that goes on after an interruption, or does it all again where nothing is there.
   */
  private static String howToGoOn(FinetuneOptions options, CancelledException stopped) {
    boolean remembered = RunMemory.read(options.out()).isPresent();
    return stopped.checkpoint() == null && !remembered
        ? "start it again with " + options.command()
        : resumeLine(options);
  }

  private Set<String> given() {
    return FlagValues.given(spec);
  }

  private String typed() {
    return spec.commandLine().getParseResult().originalArgs().stream()
        .map(Shell::quote)
        .collect(Collectors.joining(" ", "./nacelle ", ""));
  }
}
