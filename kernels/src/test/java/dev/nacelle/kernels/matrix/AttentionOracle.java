package dev.nacelle.kernels.matrix;

import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Attention in closed form, pair by pair in double, over the keys that a row sees and no others:
 * what infinities, NaN and large scores make of it, and how far fp32 may be from that. Each bound
 * follows one rounding through the equations of attention.h:
 *
 * <ul>
 *   <li>a sum of n products has an error of n·u·Σ|terms|, u = 2⁻²⁴, doubled for what stands around
 *       it;
 *   <li>an error δ of the scores of a row, the rounding of logSumExp included, is a factor of e^2δ
 *       in P;
 *   <li>what is so far below the row's largest score that no δ lifts it to e^−104 is exactly 0;
 *   <li>a P below 2⁻¹²⁶ may be any number down to 0;
 *   <li>O is read as it was stored.
 * </ul>
 *
 * Where δ of a row with more than one key in sight is no small number, P is anybody's guess: its
 * bound is infinite.
 */
final class AttentionOracle {
  private static final double UNIT = 0x1p-24;

  /** Below it P is 0 in fp32, whatever the rounding. */
  private static final double NOTHING = 110;

  private static final double SURE = 0.05;

  /** What P may lose where fp32 has no digits left. */
  private static final double UNDERFLOW = 0x1p-126;

  /** Values and bounds, each in row-major order. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Result(double[] values, double[] bounds) {}

  private final int batch;
  private final int tokens;
  private final int heads;
  private final int kvHeads;
  private final int d;
  private final double scale;
  private final double softcap;
  private final boolean causal;
  private final int window;
  private final double storage;
  private final double[] q;
  private final double[] k;
  private final double[] v;
  private final double[] gradY;
  private final double @Nullable [] segments;

  private final Map<String, Result> results = new LinkedHashMap<>();

  /** Whether a row's result may be spoiled by what it does not see; by b, t and key/value head. */
  private final boolean[] spoiled;

  AttentionOracle(MatrixCase point, CaseValues values, DType dtype) {
    long[] shape = Objects.requireNonNull(point.shapes().get("q"));
    batch = (int) shape[0];
    tokens = (int) shape[1];
    heads = (int) shape[2];
    d = (int) shape[3];
    kvHeads = (int) Objects.requireNonNull(point.shapes().get("k"))[2];
    Map<String, String> with = point.attributes();
    scale =
        with.containsKey("scale")
            ? (float) Double.parseDouble(with.get("scale"))
            : (float) (1 / Math.sqrt((double) d));
    softcap = (float) Double.parseDouble(with.getOrDefault("softcap", "0"));
    window = Integer.parseInt(with.getOrDefault("window", "0"));
    causal = window > 0 || !"false".equals(with.get("causal"));
    storage = dtype == DType.FP32 ? 0 : dtype == DType.BF16 ? 0x1p-8 : 0x1p-11;
    q = numbers(values, "q");
    k = numbers(values, "k");
    v = numbers(values, "v");
    gradY = numbers(values, "grad_y");
    CaseValues.Values given = values.tensors.get("segments");
    segments = given == null ? null : given.numbers;
    spoiled = new boolean[batch * tokens * kvHeads];
    spoil();
    compute();
  }

  private static double[] numbers(CaseValues values, String tensor) {
    return Objects.requireNonNull(values.tensors.get(tensor)).numbers;
  }

  Map<String, Result> results() {
    return results;
  }

  /** Whether an element may be NaN though the closed form has a number for it. */
  boolean maySpoil(String tensor, int index) {
    int width = tensor.equals("y") || tensor.equals("grad_q") ? heads : kvHeads;
    int head = index / d % width;
    int row = index / d / width;
    return spoiled[row * kvHeads + (width == heads ? head / (heads / kvHeads) : head)];
  }

  private boolean sees(int b, int i, int j) {
    double[] s = segments;
    return (s == null || s[b * tokens + i] == s[b * tokens + j])
        && (!causal || (j <= i && (window == 0 || j > i - window)));
  }

  /**
   * Tiles hold rows that do not see each other, and 0 · ∞ is NaN: within its own segment, and under
   * a mask, an infinity or NaN may spoil what does not see it.
   */
  private void spoil() {
    if (!causal) {
      return;
    }
    for (int b = 0; b < batch; b++) {
      for (int kv = 0; kv < kvHeads; kv++) {
        Map<Double, Boolean> wild = new TreeMap<>();
        for (int t = 0; t < tokens; t++) {
          double segment = segments == null ? 0 : segments[b * tokens + t];
          wild.merge(segment, isWild(b, t, kv), Boolean::logicalOr);
        }
        for (int t = 0; t < tokens; t++) {
          double segment = segments == null ? 0 : segments[b * tokens + t];
          spoiled[(b * tokens + t) * kvHeads + kv] = Objects.requireNonNull(wild.get(segment));
        }
      }
    }
  }

  private boolean isWild(int b, int t, int kv) {
    boolean wild = false;
    int group = heads / kvHeads;
    for (int c = 0; c < d; c++) {
      int at = ((b * tokens + t) * kvHeads + kv) * d + c;
      wild |= !Double.isFinite(k[at]) || !Double.isFinite(v[at]);
      for (int g = 0; g < group; g++) {
        int own = ((b * tokens + t) * heads + kv * group + g) * d + c;
        wild |= !Double.isFinite(q[own]) || !Double.isFinite(gradY[own]);
      }
    }
    return wild;
  }

  private Result empty(String tensor, int width) {
    int n = batch * tokens * width * d;
    Result result = new Result(new double[n], new double[n]);
    results.put(tensor, result);
    return result;
  }

  private void compute() {
    Result y = empty("y", heads);
    Result gradQ = empty("grad_q", heads);
    Result gradK = empty("grad_k", kvHeads);
    Result gradV = empty("grad_v", kvHeads);
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < tokens; i++) {
        for (int h = 0; h < heads; h++) {
          row(b, i, h, y, gradQ, gradK, gradV);
        }
      }
    }
    for (Result result : results.values()) {
      for (int i = 0; i < result.values.length; i++) {
        result.bounds[i] += 2 * storage * Math.abs(result.values[i]);
      }
    }
  }

  private void row(int b, int i, int h, Result y, Result gradQ, Result gradK, Result gradV) {
    int[] seen = new int[tokens];
    int n = 0;
    for (int j = 0; j < tokens; j++) {
      if (sees(b, i, j)) {
        seen[n++] = j;
      }
    }
    seen = Arrays.copyOf(seen, n);
    int own = ((b * tokens + i) * heads + h) * d;
    int[] at = new int[n];
    double[] s = new double[n];
    double[] slope = new double[n];
    double delta = 0;
    double max = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < n; j++) {
      at[j] = ((b * tokens + seen[j]) * kvHeads + h / (heads / kvHeads)) * d;
      double sizes = 0;
      double sum = 0;
      for (int c = 0; c < d; c++) {
        sum += q[own + c] * k[at[j] + c];
        sizes += Math.abs(q[own + c] * k[at[j] + c]);
      }
      s[j] = scale * sum;
      double error = 2 * (d + 2) * UNIT * Math.abs(scale) * sizes;
      slope[j] = 1;
      if (softcap != 0) {
        double t = Math.tanh(s[j] / softcap);
        s[j] = softcap * t;
        slope[j] = (1 - t) * (1 + t);
        error = slope[j] == 0 ? 0 : error + 8 * UNIT * softcap;
      }
      delta = Double.isFinite(error) ? Math.max(delta, error) : delta;
      max = Double.isNaN(s[j]) ? Double.NaN : Math.max(max, s[j]);
    }
    // logSumExp rounds once, unless it is the one score itself.
    double rounding = UNIT * Math.abs(Double.isFinite(max) ? max : 0);
    double[] p = new double[n];
    double sum = 0;
    int close = 0;
    for (int j = 0; j < n; j++) {
      p[j] = Math.exp(s[j] - max);
      close += max - s[j] <= 2 * delta + NOTHING ? 1 : 0;
      sum += p[j];
    }
    double off = 2 * delta + 2 * rounding + 2 * (n + 4) * UNIT;
    // One key alone is 1 in forward, whatever its score; in backward its score meets its logSumExp.
    double forward = close <= 1 ? 0 : off < SURE ? 2 * off : Double.POSITIVE_INFINITY;
    double backward = off < SURE ? 2 * off : Double.POSITIVE_INFINITY;
    double[] out = new double[d];
    double[] outError = new double[d];
    for (int j = 0; j < n; j++) {
      p[j] /= sum;
      for (int c = 0; c < d; c++) {
        out[c] += p[j] * v[at[j] + c];
        double size = Math.abs(p[j] * v[at[j] + c]);
        outError[c] += size == 0 ? 0 : size * (forward + 2 * (n + 2) * UNIT);
        outError[c] += p[j] == 0 ? 0 : UNDERFLOW * Math.abs(v[at[j] + c]);
      }
    }
    double dot = 0;
    double dotError = 0;
    for (int c = 0; c < d; c++) {
      y.values[own + c] = out[c];
      y.bounds[own + c] = outError[c];
      dot += gradY[own + c] * out[c];
      dotError +=
          Math.abs(gradY[own + c])
              * (outError[c] + (2 * (d + 2) * UNIT + storage) * Math.abs(out[c]));
    }
    for (int j = 0; j < n; j++) {
      double dp = 0;
      double dpSize = 0;
      for (int c = 0; c < d; c++) {
        dp += gradY[own + c] * v[at[j] + c];
        dpSize += Math.abs(gradY[own + c] * v[at[j] + c]);
      }
      // p·(dP − Σ p·dP): 0, not a rounding, where one key has all the weight.
      double ds = (p[j] == 1 && Double.isFinite(dp) ? 0 : p[j] * (dp - dot)) * slope[j];
      double dsError =
          p[j] * slope[j] == 0
              ? 0
              : p[j] * (2 * (d + 2) * UNIT * dpSize + dotError) * (1 + backward)
                  + (p[j] == 1 ? 0 : backward * Math.abs(ds))
                  + (8 * UNIT * p[j] * (softcap == 0 ? 1 : 4) + UNDERFLOW) * Math.abs(dp - dot);
      for (int c = 0; c < d; c++) {
        add(gradV, at[j] + c, p[j] * gradY[own + c], p[j] == 0 ? 0 : backward, p[j]);
        grow(gradV, at[j] + c, p[j] == 0 ? 0 : UNDERFLOW * Math.abs(gradY[own + c]));
        add(gradQ, own + c, scale * ds * k[at[j] + c], 0, p[j]);
        grow(gradQ, own + c, dsError * Math.abs(scale * k[at[j] + c]));
        add(gradK, at[j] + c, scale * ds * q[own + c], 0, p[j]);
        grow(gradK, at[j] + c, dsError * Math.abs(scale * q[own + c]));
      }
    }
  }

  private void add(Result to, int at, double term, double off, double weight) {
    to.values[at] += term;
    double size = Math.abs(term);
    grow(to, at, weight == 0 || size == 0 ? 0 : size * (off + 2 * (tokens + 4) * UNIT));
  }

  private static void grow(Result to, int at, double error) {
    to.bounds[at] += Double.isNaN(error) ? 0 : error;
  }
}
