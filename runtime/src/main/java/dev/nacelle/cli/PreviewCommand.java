package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.data.DataView;
import dev.nacelle.data.Dataset;
import dev.nacelle.data.LengthHistogram;
import dev.nacelle.data.Reading;
import dev.nacelle.data.Sample;
import dev.nacelle.data.TokenizeOptions;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.report.Terminal;
import dev.nacelle.report.TrainProgress;
import dev.nacelle.text.Tokenizer;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.TrainEvent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle preview}. */
@Command(
    name = "preview",
    mixinStandardHelpOptions = true,
    description = {
      "Shows samples as they will be trained: rendered by the chat template, tokenised, cut, with"
          + " the",
      "trained tokens marked; and how long all of them are, how many are cut or dropped."
    },
    footer = {
      "",
      "Trained tokens are green on a terminal and stand in [brackets] elsewhere, or with NO_COLOR.",
      "",
      "--json prints samples (record, text, ids, tokens, trained, truncated), counts and"
          + " histogram.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 5 the environment"
          + " lacks",
      "something.",
      "",
      "Examples:",
      "  ./nacelle preview --model DIR --data chats.jsonl",
      "  ./nacelle preview --model DIR --data chats.jsonl -n 20 --max-length 1024 --train-on all",
      "  ./nacelle preview --model base.gguf --data a.jsonl --data b.jsonl.gz --json",
    })
final class PreviewCommand implements Callable<Integer> {
  private static final int BINS = 12;
  private static final int BAR = 40;

  @Mixin private BaseFlag model = new BaseFlag();
  @Mixin private SampleFlags data = new SampleFlags();

  @Option(
      names = {"-n", "--samples"},
      paramLabel = "N",
      defaultValue = "5",
      description = "Samples to show, the first in the files (default: ${DEFAULT-VALUE}).")
  private int shown;

  @Mixin private OutputFlags output = new OutputFlags();

  /** What all records come to. */
  private static final class Counts {
    private long records;
    private long samples;
    private long truncated;
    private long dropped;
    private long badLines;
    private long tokens;
    private long targets;
    private @Nullable String firstDrop;
  }

  @Override
  public Integer call() {
    TokenizeOptions options = data.options();
    if (shown < 0) {
      throw NacelleException.usage("-n " + shown + " is not possible", "choose 0 or more");
    }
    FaultInjector faults = FaultInjector.fromEnvironment();
    TrainProgress progress = TrainProgress.onStandardError(System.err, output.quiet);
    try (progress;
        BaseModel base = BaseModel.open(model.path(), faults);
        Dataset dataset = data.open(base, false, progress, faults)) {
      Counts counts = new Counts();
      LengthHistogram lengths = new LengthHistogram(options.maxLength());
      List<Sample> samples = read(dataset, counts, lengths, progress);
      progress.close();
      if (output.json) {
        printJson(base.tokenizer(), samples, counts, lengths);
      } else {
        print(base.tokenizer(), samples, counts, lengths);
      }
    }
    return 0;
  }

  private List<Sample> read(
      Dataset dataset, Counts counts, LengthHistogram lengths, TrainProgress progress) {
    DataView all = dataset.all();
    List<Sample> samples = new ArrayList<>();
    counts.badLines = dataset.badLines();
    for (long record = 0; record < all.records(); record++) {
      switch (all.read(record).orElseThrow()) {
        case Reading.Kept kept -> {
          Sample sample = kept.sample();
          counts.records++;
          counts.samples++;
          counts.truncated += sample.truncated() ? 1 : 0;
          counts.tokens += sample.length();
          counts.targets += sample.targetTokens();
          lengths.add(sample.length());
          if (samples.size() < shown) {
            samples.add(sample);
          }
        }
        case Reading.Dropped dropped -> {
          counts.records++;
          counts.dropped++;
          counts.truncated += dropped.truncated() ? 1 : 0;
          if (counts.firstDrop == null) {
            counts.firstDrop = "record " + (record + 1) + ": " + dropped.why();
          }
        }
        case Reading.Bad bad -> counts.badLines++;
      }
      if (record % 256 == 0) {
        progress.accept(new TrainEvent.Preparing("tokenizing", record, all.records()));
      }
    }
    return samples;
  }

  private void print(
      Tokenizer tokenizer, List<Sample> samples, Counts counts, LengthHistogram lengths) {
    boolean colour = Terminal.colourOnStandardOutput();
    for (Sample sample : samples) {
      System.out.printf(
          Locale.ROOT,
          "--- record %d: %d tokens, %d trained%s%n%s%n",
          sample.record() + 1,
          sample.length(),
          sample.targetTokens(),
          sample.truncated() ? ", cut at --max-length" : "",
          marked(tokenizer, sample, colour));
    }
    System.out.printf(
        Locale.ROOT,
        "--- %d records: %d samples, %d cut, %d dropped%s; %d tokens, %d trained%n",
        counts.records,
        counts.samples,
        counts.truncated,
        counts.dropped,
        counts.badLines == 0 ? "" : ", " + counts.badLines + " bad lines skipped",
        counts.tokens,
        counts.targets);
    if (counts.firstDrop != null) {
      System.out.println("first dropped, " + counts.firstDrop);
    }
    List<LengthHistogram.Bin> bins = lengths.bins(BINS);
    long highest = bins.stream().mapToLong(LengthHistogram.Bin::count).max().orElse(1);
    for (LengthHistogram.Bin bin : bins) {
      System.out.printf(
          Locale.ROOT,
          "%5d–%-5d %7d %s%n",
          bin.from(),
          bin.to(),
          bin.count(),
          "#".repeat((int) Math.ceilDiv(BAR * bin.count(), highest)));
    }
  }

  /** The text of the ids, runs of trained tokens marked. */
  private static String marked(Tokenizer tokenizer, Sample sample, boolean colour) {
    StringBuilder out = new StringBuilder();
    int[] ids = sample.ids();
    for (int from = 0; from < ids.length; ) {
      boolean trained = sample.isTrained(from);
      int to = from + 1;
      while (to < ids.length && sample.isTrained(to) == trained) {
        to++;
      }
      String text = tokenizer.decode(Arrays.copyOfRange(ids, from, to), false);
      if (!trained) {
        out.append(text);
      } else if (colour) {
        // A colour ends at the line in some pagers: begin it anew on each.
        out.append("\u001b[32m")
            .append(text.replace("\n", "\u001b[0m\n\u001b[32m"))
            .append("\u001b[0m");
      } else {
        out.append('[').append(text).append(']');
      }
      from = to;
    }
    return out.toString();
  }

  private static void printJson(
      Tokenizer tokenizer, List<Sample> samples, Counts counts, LengthHistogram lengths) {
    ObjectNode result = Json.object();
    ArrayNode list = result.putArray("samples");
    for (Sample sample : samples) {
      ObjectNode one = list.addObject().put("record", sample.record() + 1);
      one.put("text", tokenizer.decode(sample.ids(), false));
      ArrayNode ids = one.putArray("ids");
      ArrayNode tokens = one.putArray("tokens");
      ArrayNode trained = one.putArray("trained");
      for (int t = 0; t < sample.length(); t++) {
        ids.add(sample.ids()[t]);
        tokens.add(tokenizer.token(sample.ids()[t]));
        trained.add(sample.isTrained(t));
      }
      one.put("truncated", sample.truncated());
    }
    result
        .putObject("counts")
        .put("records", counts.records)
        .put("samples", counts.samples)
        .put("truncated", counts.truncated)
        .put("dropped", counts.dropped)
        .put("bad_lines", counts.badLines)
        .put("tokens", counts.tokens)
        .put("target_tokens", counts.targets);
    ArrayNode bins = result.putArray("histogram");
    for (LengthHistogram.Bin bin : lengths.bins(BINS)) {
      bins.addObject().put("from", bin.from()).put("to", bin.to()).put("count", bin.count());
    }
    System.out.println(Json.text(result));
  }
}
