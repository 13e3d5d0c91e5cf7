package dev.nacelle.train;

import dev.nacelle.data.PackedBatch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How large the steps of a run are, for a plan: a step leaves the arena as it found it, so that the
 * largest pass alone says how much a run holds, whatever came before it. Which one that is depends
 * on how many samples go through in one pass.
 */
public final class StepSizes {
  private final Map<Integer, List<List<PackedBatch>>> largest;
  private final Work typical;

  private StepSizes(Map<Integer, List<List<PackedBatch>>> largest, Work typical) {
    this.largest = largest;
    this.typical = typical;
  }

  /**
   * What a step costs in time.
   *
   * @param lengths of its samples, for attention
   */
  public record Work(long tokens, long targets, List<Integer> lengths) {
    public Work {
      lengths = List.copyOf(lengths);
    }

    static Work of(List<PackedBatch> step) {
      long tokens = 0;
      long targets = 0;
      List<Integer> lengths = new ArrayList<>();
      for (PackedBatch batch : step) {
        tokens += batch.length();
        targets += batch.targetTokens();
        for (int s = 0; s < batch.samples(); s++) {
          lengths.add(batch.starts()[s + 1] - batch.starts()[s]);
        }
      }
      return new Work(tokens, targets, lengths);
    }

    /**
     * Σ length² over its samples, less what a window keeps from being seen.
     *
     * @param window tokens that a token sees; 0 for all before it
     */
    public double squares(int window) {
      return lengths.stream().mapToDouble(n -> NeededWork.square(n, window)).sum();
    }
  }

  /** Samples a pass that a plan may choose: whole micro-batches, and halves of them down to one. */
  public static List<Integer> passes(int batchSize) {
    Set<Integer> passes = new LinkedHashSet<>();
    passes.add(Integer.MAX_VALUE);
    for (int n = batchSize; n > 1; ) {
      n = (n + 1) / 2;
      passes.add(n);
    }
    return List.copyOf(passes);
  }

  /** Full rows: every sample has the greatest length, and every token a target. */
  public static StepSizes full(FinetuneOptions.DataFlow flow, int length) {
    PackedBatch batch = PackedBatch.full(flow.batchSize(), length);
    Collector sizes = new Collector(flow.batchSize());
    sizes.add(Collections.nCopies(flow.accumulate(), batch));
    return sizes.done();
  }

  /**
   * Steps with the largest passes of so many samples: where there is one, and where there are more,
   * which all meet the gradients of the step.
   *
   * @param samples of {@link #passes}
   */
  public List<List<PackedBatch>> largest(int samples) {
    List<List<PackedBatch>> steps = largest.get(samples);
    if (steps == null) {
      throw new IllegalArgumentException("no sizes for passes of " + samples + " samples");
    }
    return steps;
  }

  /** The work of a step of middling size. */
  public Work typical() {
    return typical;
  }

  /** Looks at a run's steps one after the other and keeps only the largest. */
  static final class Collector {
    private final Map<Integer, Largest> byPass = new LinkedHashMap<>();
    private final List<Work> works = new ArrayList<>();

    Collector(int batchSize) {
      passes(batchSize).forEach(samples -> byPass.put(samples, new Largest(samples)));
    }

    void add(List<PackedBatch> step) {
      byPass.values().forEach(found -> found.add(step));
      works.add(Work.of(step));
    }

    /** The sizes; there must have been a step. */
    StepSizes done() {
      Map<Integer, List<List<PackedBatch>>> largest = new LinkedHashMap<>();
      byPass.forEach((samples, found) -> largest.put(samples, found.steps()));
      works.sort(Comparator.comparingLong(Work::tokens));
      return new StepSizes(largest, works.get(works.size() / 2));
    }
  }

  /** Samples of a batch, {@code first} to before {@code last}. */
  private record Cut(PackedBatch batch, int first, int last) {
    PackedBatch alone() {
      return first == 0 && last == batch.samples() ? batch : batch.only(0, first, last);
    }

    /** Behind the batch's first pass of so many samples. */
    PackedBatch behind(int samples) {
      return batch.samples() <= last && first <= samples
          ? batch
          : batch.only(Math.min(samples, first), first, last);
    }
  }

  /** A pass: tokens, targets among them, and its longest sample. */
  private record Pass(Cut cut, int tokens, int targets, int longest) {
    static Pass of(PackedBatch batch, int first, int last) {
      int from = batch.starts()[first];
      int to = batch.starts()[last];
      int targets = 0;
      for (int t = from; t < to; t++) {
        targets += batch.targets()[t] == PackedBatch.NO_TARGET ? 0 : 1;
      }
      int longest = 0;
      for (int s = first; s < last; s++) {
        longest = Math.max(longest, batch.starts()[s + 1] - batch.starts()[s]);
      }
      return new Pass(new Cut(batch, first, last), to - from, targets, longest);
    }
  }

  /** Of the passes seen: that of most tokens, and that with the longest sample. */
  private static final class Extremes {
    private @Nullable Pass most;
    private @Nullable Pass longest;

    void see(Pass pass) {
      if (most == null
          || pass.tokens > most.tokens
          || (pass.tokens == most.tokens && pass.targets > most.targets)) {
        most = pass;
      }
      if (longest == null || pass.longest > longest.longest) {
        longest = pass;
      }
    }

    List<Cut> cuts() {
      if (most == null || longest == null) {
        return List.of();
      }
      return most.longest == longest.longest ? List.of(most.cut) : List.of(most.cut, longest.cut);
    }
  }

  private static final class Largest {
    private final int samples;
    private final Extremes first = new Extremes();
    private final Extremes later = new Extremes();
    private final Extremes accumulated = new Extremes();

    Largest(int samples) {
      this.samples = samples;
    }

    void add(List<PackedBatch> step) {
      for (PackedBatch batch : step) {
        for (int from = 0; from < batch.samples(); ) {
          int to = (int) Math.min(batch.samples(), (long) from + samples);
          (step.size() > 1 ? accumulated : from > 0 ? later : first).see(Pass.of(batch, from, to));
          from = to;
        }
      }
    }

    /**
     * Of a step's passes two say all: the first one, which makes the gradients, and the one that is
     * largest behind it.
     */
    List<List<PackedBatch>> steps() {
      Set<Cut> alone = new LinkedHashSet<>();
      Set<Cut> behind = new LinkedHashSet<>(later.cuts());
      for (Cut cut : first.cuts()) {
        int all = cut.batch.samples();
        if (cut.last == all) {
          alone.add(cut);
        } else {
          behind.add(new Cut(cut.batch, cut.last, Math.min(all, cut.last + samples)));
        }
      }
      List<List<PackedBatch>> steps = new ArrayList<>();
      alone.forEach(cut -> steps.add(List.of(cut.alone())));
      behind.forEach(cut -> steps.add(List.of(cut.behind(samples))));
      for (Cut cut : accumulated.cuts()) {
        PackedBatch batch = cut.alone();
        steps.add(List.of(batch, batch));
      }
      return steps;
    }
  }
}
