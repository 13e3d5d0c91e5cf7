package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Dataset;
import dev.nacelle.data.SampleEncoder;
import dev.nacelle.data.TokenizeOptions;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.report.TrainProgress;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.Evaluation;
import dev.nacelle.train.Evaluator;
import dev.nacelle.train.ReadyModel;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
      "  ./nacelle eval --model DIR --data a.jsonl --train-on all --token-losses losses.jsonl",
    })
final class EvalCommand implements Callable<Integer> {
  @Mixin private ModelFlags model = new ModelFlags();

  @Option(
      names = "--data",
      paramLabel = "F.jsonl",
      required = true,
      description = "Data, JSON lines or one JSON array, also .gz; repeatable.")
  private List<Path> data = new ArrayList<>();

  @Option(
      names = "--max-length",
      defaultValue = "512",
      description = "Tokens a sample; longer ones are cut (default: ${DEFAULT-VALUE}).")
  private int maxLength;

  @Option(
      names = "--batch-size",
      defaultValue = "4",
      description = "Samples that go through the model together (default: ${DEFAULT-VALUE}).")
  private int batchSize;

  @Option(
      names = "--format",
      defaultValue = "auto",
      description =
          "Shape of every record, recognised where it is auto (default: ${DEFAULT-VALUE}).")
  private String format = "auto";

  @Option(
      names = "--train-on",
      defaultValue = "completions",
      description = "Which tokens count, completions or all (default: ${DEFAULT-VALUE}).")
  private String trainOn = "completions";

  @Option(names = "--skip-bad-lines", description = "Count bad lines and go on.")
  private boolean skipBadLines;

  @Option(
      names = "--token-losses",
      paramLabel = "F.jsonl",
      description = "Write ids and losses, a line a sample; null where a token is no target.")
  private @Nullable Path tokenLosses;

  @Mixin private ComputeFlags compute = new ComputeFlags();
  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    model.check();
    compute.check();
    if (maxLength < 2) {
      throw NacelleException.usage(
          "--max-length " + maxLength + " is not possible", "choose 2 or more");
    }
    if (batchSize < 1) {
      throw NacelleException.usage(
          "--batch-size " + batchSize + " is not possible", "choose 1 or more");
    }
    TokenizeOptions options =
        new TokenizeOptions(
            maxLength,
            FinetuneFlags.choice("--train-on", trainOn, TrainOn.class),
            DataFormat.parse(format),
            skipBadLines);
    print(evaluate(options));
    return 0;
  }

  private Evaluation.Result evaluate(TokenizeOptions options) {
    FaultInjector faults = FaultInjector.fromEnvironment();
    TrainProgress progress = TrainProgress.onStandardError(System.err, output.quiet);
    try (progress;
        ReadyModel ready = model.open(compute, faults);
        Dataset dataset = dataset(ready.base(), options, progress, faults)) {
      Evaluation evaluation =
          new Evaluation(new Evaluator(ready.engine(), ready.model()), batchSize);
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

  private Dataset dataset(
      BaseModel base, TokenizeOptions options, TrainProgress progress, FaultInjector faults) {
    SampleEncoder encoder =
        new SampleEncoder(base.tokenizer(), base.template(), base.eosId(), options);
    return Dataset.open(
        Names.heldOutData(data),
        encoder,
        Path.of(System.getProperty("java.io.tmpdir")),
        (done, total) -> progress.accept(new TrainEvent.Preparing("reading", done, total)),
        faults);
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
