package dev.nacelle.layer;

import dev.nacelle.kernels.AttentionMask;
import java.util.HashMap;
import java.util.Map;

/** Which rows of a pass a row sees, for each window that the model's blocks have. */
public final class Masks {
  private final int[] starts;
  private final int longest;
  private final Map<Integer, AttentionMask> masks = new HashMap<>();

  /**
   * @param starts first row of each sample, then T
   */
  public Masks(int[] starts) {
    this.starts = starts.clone();
    int most = 0;
    for (int s = 1; s < starts.length; s++) {
      most = Math.max(most, starts[s] - starts[s - 1]);
    }
    this.longest = most;
  }

  /**
   * The mask of a window.
   *
   * @param window how many rows of its sample a row sees, itself among them; 0 for all before it
   */
  AttentionMask of(int window) {
    // A window that no sample fills hides nothing, and plain masks are cheaper.
    int effective = window >= longest ? 0 : window;
    return masks.computeIfAbsent(
        effective, w -> w == 0 ? AttentionMask.causal(starts) : AttentionMask.window(w, starts));
  }
}
