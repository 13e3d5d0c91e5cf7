package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.operator.Attributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Attention's points of the matrix, and its oracle: all scores at once, the mask added to them. */
final class AttentionMatrix {
  /** Bound of segment numbers that come in any order; other bounds give rising ones. */
  static final long SCATTERED = 3;

  private static final Set<String> Y = Set.of("y");

  private AttentionMatrix() {}

  static List<MatrixCase> cases() {
    List<MatrixCase> cases = new ArrayList<>();
    // Batch, tokens, heads, key/value heads, head size: none, one, odd, several tiles, runs of
    // keys.
    long[][] sizes = {
      {1, 0, 2, 1, 4},
      {0, 3, 1, 1, 2},
      {2, 1, 1, 1, 1},
      {1, 5, 3, 3, 5},
      {2, 70, 2, 1, 17},
      {1, 133, 1, 1, 4},
    };
    for (long[] size : sizes) {
      for (String causal : List.of("true", "false")) {
        MatrixCase one = of(1, size).with("causal", causal);
        cases.add(one);
        cases.add(one.with("softcap", "1.5").with("scale", "0.75"));
        cases.add(segmented(of(SCATTERED, size)).with("causal", causal));
        cases.add(segmented(of(4, size)).with("causal", causal).with("softcap", "0.5"));
        cases.add(segmented(of(4, size)).with("causal", causal).withGradients(Set.of()));
      }
      for (String window : List.of("1", "3", "64")) {
        cases.add(of(1, size).with("window", window));
        cases.add(segmented(of(SCATTERED, size)).with("window", window));
      }
    }
    // Backward cuts the keys of 256 rows and more into two runs, of 1,024 into four.
    for (String causal : List.of("true", "false")) {
      cases.add(of(1, 1, 300, 1, 1, 3).with("causal", causal).filled(Fill.TIES));
      cases.add(of(1, 1, 1030, 1, 1, 2).with("causal", causal).filled(Fill.TIES));
    }
    cases.add(of(1, 1, 300, 1, 1, 3).with("window", "90").filled(Fill.TIES));
    // Rows of whole vectors at every level, which are read and added up where they lie.
    MatrixCase whole = of(1, 2, 70, 4, 2, 16);
    cases.add(whole.with("causal", "false"));
    cases.add(whole.with("softcap", "1.5").with("window", "40"));
    cases.add(of(1, 1, 300, 1, 1, 16).filled(Fill.TIES));
    cases.add(of(1, 2, 9, 3, 1, 7).with("scale", "-0.5"));
    cases.add(of(1, 2, 9, 3, 1, 7));
    return cases;
  }

  private static MatrixCase of(long bound, long... size) {
    return MatrixCase.of("attention", Y, bound)
        .input("q", size[0], size[1], size[2], size[4])
        .input("k", size[0], size[1], size[3], size[4])
        .input("v", size[0], size[1], size[3], size[4]);
  }

  private static MatrixCase segmented(MatrixCase one) {
    long[] q = Objects.requireNonNull(one.shapes().get("q"));
    return one.input("segments", q[0], q[1]);
  }

  static Map<String, Tensor> outputs(Map<String, Tensor> in, Attributes with) {
    Tensor q = get(in, "q");
    long heads = q.size(2);
    long group = heads / get(in, "k").size(2);
    double scale = with.isNone("scale") ? 1 / Math.sqrt((double) q.size(3)) : with.real("scale");
    Tensor k = repeated(get(in, "k"), heads, group);
    Tensor scores =
        turned(q).matmul(turned(k).transpose(-1, -2)).mul(Torch.scalar((double) (float) scale));
    if (!with.isNone("softcap")) {
      double cap = (float) with.real("softcap");
      scores = scores.div(Torch.scalar(cap)).tanh().mul(Torch.scalar(cap));
    }
    int batch = (int) q.size(0);
    int tokens = (int) q.size(1);
    Tensor mask = Torch.of(mask(in.get("segments"), batch, tokens, with), batch, 1, tokens, tokens);
    Tensor p = scores.add(mask).softmax(-1);
    return Map.of("y", turned(p.matmul(turned(repeated(get(in, "v"), heads, group)))));
  }

  private static Tensor get(Map<String, Tensor> in, String name) {
    return Objects.requireNonNull(in.get(name), name);
  }

  private static Tensor turned(Tensor x) {
    return x.transpose(1, 2);
  }

  private static Tensor repeated(Tensor x, long heads, long group) {
    long[] from = new long[(int) heads];
    for (int h = 0; h < heads; h++) {
      from[h] = h / group;
    }
    return x.index_select(2, Tensor.create(from, heads));
  }

  /** 0 where a token sees another, −infinity elsewhere. */
  private static double[] mask(@Nullable Tensor segments, int batch, int tokens, Attributes with) {
    boolean causal = with.flag("causal") || !with.isNone("window");
    long window = with.isNone("window") ? tokens : with.integer("window");
    double[] mask = new double[batch * tokens * tokens];
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < tokens; i++) {
        for (int j = 0; j < tokens; j++) {
          boolean own = segments == null || at(segments, b, i) == at(segments, b, j);
          boolean near = !causal || (j <= i && j > i - window);
          mask[(b * tokens + i) * tokens + j] = own && near ? 0 : Double.NEGATIVE_INFINITY;
        }
      }
    }
    return mask;
  }

  private static long at(Tensor segments, int b, int i) {
    return segments.data_ptr_long().get(b * segments.size(1) + i);
  }
}
