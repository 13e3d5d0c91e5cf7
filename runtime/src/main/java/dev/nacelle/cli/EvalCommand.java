package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.data.Dataset;
import dev.nacelle.data.TokenizeOptions;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.Strategy;
import dev.nacelle.planning.ForwardPlan;
import dev.nacelle.report.TrainProgress;
import dev.nacelle.train.Evaluation;
import dev.nacelle.train.Evaluator;
import dev.nacelle.train.ReadyModel;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle eval}. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description = "Measures a model's loss and perplexity on data, with adapters or without.",
    footer = {
      "",
      "--json prints loss, perplexity, target_tokens, samples, truncated and dropped.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 4 does not fit the",
      "memory, 5 the environment lacks something.",
      "",
      "Examples:",
      "  ./nacelle eval --model DIR --data heldout.jsonl",
      "  ./nacelle eval --model DIR --adapter my-adapter --data heldout.jsonl --json",
      "  ./nacelle eval --model base.gguf --data heldout.jsonl --budget 300MiB",
      "  ./nacelle eval --model DIR --data a.jsonl --train-on all --token-losses losses.jsonl",
    })
final class EvalCommand implements Callable<Integer> {
  @Mixin private ModelFlags model = new ModelFlags();

  @Mixin private SampleFlags samples = new SampleFlags();

  @Option(
      names = "--batch-size",
      defaultValue = "4",
      description = "Samples that go through the model together (default: ${DEFAULT-VALUE}).")
  private int batchSize;

  @Option(
      names = "--token-losses",
      paramLabel = "F.jsonl",
      description = "Write ids and losses, a line a sample; null where a token is no target.")
  private @Nullable Path tokenLosses;

  @Mixin private ComputeFlags compute = new ComputeFlags();
  @Mixin private OutputFlags output = new OutputFlags();

  private ForwardPlan plan = new ForwardPlan(Strategy.FASTEST, 1, 0);

  @Override
  public Integer call() {
    model.check();
    compute.check();
    TokenizeOptions ignored = samples.options(); // checked before anything is opened
    if (batchSize < 1) {
      throw NacelleException.usage(
          "--batch-size " + batchSize + " is not possible", "choose 1 or more");
    }
    print(evaluate());
    return 0;
  }

  private Evaluation.Result evaluate() {
    plan = new ForwardPlan(Strategy.FASTEST, batchSize, 0);
    FaultInjector faults = FaultInjector.fromEnvironment();
    TrainProgress progress = TrainProgress.onStandardError(System.err, output.quiet);
    try (progress;
        ReadyModel ready =
            model.open(
                compute,
                faults,
                job -> ForwardPlan.evaluation(job, samples.options().maxLength(), batchSize),
                made -> plan = made);
        Dataset dataset = samples.open(ready.base(), true, progress, faults)) {
      Evaluation evaluation =
          new Evaluation(
              new Evaluator(ready.engine(), ready.model(), plan.strategy()), plan.batch());
      Evaluation.Result result =
          TokenLossFile.write(
              tokenLosses,
              faults,
              listener ->
                  evaluation.run(
                      dataset.all(),
                      listener,
                      (done, total) ->
                          progress.accept(new TrainEvent.Preparing("evaluating", done, total))));
      if (dataset.badLines() > 0) {
        progress.accept(new TrainEvent.Note(dataset.badLines() + " bad lines were skipped"));
      }
      return result;
    }
  }

  private void print(Evaluation.Result result) {
    // Above a loss of 709 the perplexity is no double any more; infinity is no JSON.
    double perplexity = Math.min(Double.MAX_VALUE, Math.exp(result.loss()));
    if (output.json) {
      System.out.println(
          Json.text(
              Json.object()
                  .put("loss", result.loss())
                  .put("perplexity", perplexity)
                  .put("target_tokens", result.targetTokens())
                  .put("samples", result.samples())
                  .put("truncated", result.truncated())
                  .put("dropped", result.dropped())));
    } else {
      System.out.printf(
          Locale.ROOT,
          "loss %.6f%nperplexity %.6g%ntarget tokens %d%nsamples %d (%d truncated, %d dropped)%n",
          result.loss(),
          perplexity,
          result.targetTokens(),
          result.samples(),
          result.truncated(),
          result.dropped());
    }
  }
}
