package dev.nacelle.train;

import dev.nacelle.data.PackedBatch;
import dev.nacelle.data.Sample;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;

/**
 * How large the steps of a run are, for a plan: a step leaves the arena as it found it, so that the
 * largest micro-batch alone says how much a run holds, whatever came before it. Passes smaller than
 * a micro-batch are not compared: the largest of them may lie in a smaller micro-batch, which a
 * plan then underrates.
 *
 * @param largest steps with the largest micro-batches: the first of a step, and a later one, which
 *     meets the gradients of those before it
 * @param typical the micro-batches of a step of middling size, for the time that it takes
 */
public record StepSizes(List<List<PackedBatch>> largest, List<PackedBatch> typical) {
  public StepSizes {
    largest = List.copyOf(largest);
    typical = List.copyOf(typical);
  }

  /** Full rows: every sample has the greatest length, and every token a target. */
  public static StepSizes full(FinetuneOptions.DataFlow flow, int length) {
    int[] ids = new int[length];
    BitSet trained = new BitSet(length);
    trained.set(1, Math.max(1, length));
    Sample sample = new Sample(ids, trained, false, -1);
    PackedBatch batch = PackedBatch.of(Collections.nCopies(flow.batchSize(), sample));
    List<PackedBatch> step = Collections.nCopies(Math.min(2, flow.accumulate()), batch);
    return new StepSizes(List.of(step), Collections.nCopies(flow.accumulate(), batch));
  }

  /** The sizes among micro-batches that were drawn; there must be one. */
  static StepSizes of(List<List<PackedBatch>> steps) {
    List<PackedBatch> firsts = new ArrayList<>();
    List<PackedBatch> laters = new ArrayList<>();
    for (List<PackedBatch> step : steps) {
      firsts.add(step.getFirst());
      laters.addAll(step.subList(1, step.size()));
    }
    List<List<PackedBatch>> largest = new ArrayList<>();
    for (PackedBatch batch : largest(firsts)) {
      largest.add(List.of(batch));
    }
    for (PackedBatch batch : largest(laters)) {
      largest.add(List.of(batch, batch));
    }
    List<List<PackedBatch>> byTokens = new ArrayList<>(steps);
    byTokens.sort((a, b) -> Long.compare(tokens(a), tokens(b)));
    return new StepSizes(largest, byTokens.get(byTokens.size() / 2));
  }

  /** That of most tokens, and where another one has a longer sample, that one too. */
  private static List<PackedBatch> largest(List<PackedBatch> batches) {
    if (batches.isEmpty()) {
      return List.of();
    }
    PackedBatch most = batches.getFirst();
    PackedBatch longest = most;
    for (PackedBatch batch : batches) {
      most = isMore(batch, most) ? batch : most;
      longest = longestSample(batch) > longestSample(longest) ? batch : longest;
    }
    return longestSample(most) == longestSample(longest) ? List.of(most) : List.of(most, longest);
  }

  private static boolean isMore(PackedBatch batch, PackedBatch than) {
    return batch.length() > than.length()
        || (batch.length() == than.length() && batch.targetTokens() > than.targetTokens());
  }

  private static int longestSample(PackedBatch batch) {
    int longest = 0;
    for (int s = 0; s < batch.samples(); s++) {
      longest = Math.max(longest, batch.starts()[s + 1] - batch.starts()[s]);
    }
    return longest;
  }

  private static long tokens(List<PackedBatch> step) {
    return step.stream().mapToLong(PackedBatch::length).sum();
  }
}
