package dev.nacelle.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.data.topics.TopicCurve;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Writes down a run: the step log and TensorBoard's events while it goes on, and at its end, good
 * or bad, report.json, report.html and the model card. A run that ends before it began to train
 * leaves nothing.
 */
public final class RunRecorder implements AutoCloseable {
  private final FinetuneOptions options;
  private final RunIdentity identity;
  private final FaultInjector faults;
  private final Path log;
  private final StepLog steps;
  private final ScalarEvents scalars;
  private final SampleAnswers answers;
  private @Nullable FinetuneResult result;
  private @Nullable ObjectNode plan;
  private @Nullable TopicCurve heads;

  public RunRecorder(FinetuneOptions options, RunIdentity identity, FaultInjector faults) {
    this.options = options;
    this.identity = identity;
    this.faults = faults;
    Path out = options.out();
    this.log = options.log() == null ? out.resolve("log.jsonl") : options.log();
    this.steps = new StepLog(log);
    this.scalars = new ScalarEvents(out.resolve("runs"));
    this.answers = new SampleAnswers(out.resolve("samples.json"), faults, options.samplePrompts());
  }

  /** Takes the plan of the run, for its report. */
  public void planned(ObjectNode made) {
    plan = made;
  }

  /** Writes down an event. */
  public void accept(TrainEvent event) {
    steps.accept(event);
    scalars.accept(event);
    switch (event) {
      case TrainEvent.Sampled sampled -> answers.accept(sampled);
      case TrainEvent.HeadsChosen chosen -> heads = chosen.curve();
      case TrainEvent.Ended ended -> result = ended.result();
      default -> {}
    }
  }

  /**
   * Writes the reports of a run that took all its steps.
   *
   * @throws dev.nacelle.NacelleException of kind ENVIRONMENT where they cannot be written
   */
  public RunReport done() {
    RunReport report = write(RunOutcome.DONE);
    if (report == null) {
      throw new IllegalStateException("a run that never ended");
    }
    return report;
  }

  /**
   * Writes the reports of a run that ended otherwise. What fails meanwhile is left to the run's own
   * failure, which gets it as suppressed.
   */
  public void stopped(RunOutcome outcome, Throwable failure) {
    try {
      RunReport ignored = write(outcome);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private @Nullable RunReport write(RunOutcome outcome) {
    FinetuneResult came = result;
    if (came == null) {
      return null;
    }
    if (came.steps() > 0) {
      answers.recall();
    }
    RunHistory history = RunHistory.read(log);
    RunReport report =
        RunReport.of(options, identity, outcome, came, plan, heads, history, answers.json());
    Path out = options.out();
    JsonNode tree = report.tree();
    AtomicFile.writeText(out.resolve("report.html"), faults, HtmlReport.of(tree, history));
    if (outcome.status() == RunOutcome.Status.DONE) {
      AtomicFile.writeText(out.resolve("README.md"), faults, ModelCard.of(tree));
    }
    // Last: whoever sees it finds the others too.
    report.write(out.resolve("report.json"), faults);
    return report;
  }

  @Override
  public void close() {
    try (steps) {
      scalars.close();
    }
  }
}
