package dev.nacelle.kernels.attention;

import dev.nacelle.kernels.AttentionMask;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A batch (B, T) whose rows carry segment numbers, as samples laid end to end. Segments that are
 * cut into pieces need their rows moved together first.
 *
 * @param mask of the rows in their order
 * @param order (B·T) which row of the batch each one is; null where none has moved
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SegmentRows(AttentionMask mask, int @Nullable [] order) {

  /**
   * @param segments (B, T), I32 or I64; null where each sequence is one segment
   * @param window how many tokens back a token sees, itself counted; 0 for no bound
   */
  static SegmentRows of(
      @Nullable Operand segments, long batch, long tokens, boolean causal, long window) {
    int rows = Math.toIntExact(Math.multiplyExact(batch, tokens));
    List<Integer> starts = new ArrayList<>(List.of(0));
    int[] order = new int[rows];
    int[] firsts = new int[rows];
    int next = 0;
    for (long b = 0; b < batch; b++) {
      for (List<Integer> segment : split(segments, b, Math.toIntExact(tokens))) {
        int seen = 0;
        for (int i = 0; i < segment.size(); i++) {
          while (window > 0 && segment.get(seen) <= segment.get(i) - window) {
            seen++;
          }
          firsts[next] = seen;
          order[next++] = Math.toIntExact(b * tokens + segment.get(i));
        }
        starts.add(next);
      }
    }
    boolean moved = false;
    for (int i = 0; i < rows; i++) {
      moved |= order[i] != i;
    }
    // A window ends at the token itself, so it implies the causal mask.
    AttentionMask mask =
        new AttentionMask(
            starts.stream().mapToInt(Integer::intValue).toArray(),
            causal || window > 0,
            window > 0 ? firsts : null);
    return new SegmentRows(mask, moved ? order : null);
  }

  /** The tokens of each segment of a sequence, in the order in which segments begin. */
  private static Collection<List<Integer>> split(@Nullable Operand segments, long b, int tokens) {
    Map<Long, List<Integer>> split = new LinkedHashMap<>();
    for (int t = 0; t < tokens; t++) {
      long segment =
          segments == null
              ? 0
              : Elements.getInteger(segments, b * segments.stride(0) + t * segments.stride(1));
      split.computeIfAbsent(segment, s -> new ArrayList<>()).add(t);
    }
    return split.values();
  }

  /** Where each row of the batch went; null where none has moved. */
  int @Nullable [] inverse() {
    if (order == null) {
      return null;
    }
    int[] inverse = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      inverse[order[i]] = i;
    }
    return inverse;
  }
}
