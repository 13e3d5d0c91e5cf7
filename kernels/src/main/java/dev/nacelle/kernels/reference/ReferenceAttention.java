package dev.nacelle.kernels.reference;

import dev.nacelle.kernels.Attention;
import dev.nacelle.kernels.AttentionChecks;
import dev.nacelle.kernels.AttentionMask;
import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;

/** One query row and one head at a time, everything in double; attention.h has the equations. */
public final class ReferenceAttention implements Attention {
  @Override
  public void forward(
      Operand out,
      Operand logSumExp,
      Operand q,
      Operand k,
      Operand v,
      AttentionMask mask,
      float scale,
      float softcap) {
    AttentionChecks sizes = AttentionChecks.forward(out, logSumExp, q, k, v, mask);
    Checks.atLeast("softcap", softcap, 0);
    int[] starts = mask.starts();
    Cells lse = Cells.of(logSumExp);
    for (int h = 0; h < sizes.heads(); h++) {
      for (int s = 1; s < starts.length; s++) {
        for (int row = starts[s - 1]; row < starts[s]; row++) {
          int from = mask.from(row, starts[s - 1]);
          int to = mask.to(row, starts[s]);
          double value = row(out, q, k, v, sizes, h, row, from, to, scale, softcap);
          lse.set(h * sizes.rows() + row, value);
        }
      }
    }
  }

  @Override
  public void cached(
      Operand out,
      Operand q,
      Operand k,
      Operand v,
      int past,
      int window,
      float scale,
      float softcap) {
    AttentionChecks sizes = AttentionChecks.cached(out, q, k, v, past, window);
    Checks.atLeast("softcap", softcap, 0);
    for (int h = 0; h < sizes.heads(); h++) {
      for (int row = 0; row < sizes.rows(); row++) {
        int to = past + row + 1;
        int from = window == 0 ? 0 : Math.max(0, to - window);
        row(out, q, k, v, sizes, h, row, from, to, scale, softcap);
      }
    }
  }

  /** Query row {@code row} against keys from…to; its log-sum-exp. */
  private static double row(
      Operand out,
      Operand q,
      Operand k,
      Operand v,
      AttentionChecks sizes,
      int head,
      int row,
      int from,
      int to,
      float scale,
      float softcap) {
    int kv = head / (sizes.heads() / sizes.kvHeads());
    double[] query = vector(q, row, head, sizes);
    double[] scores = new double[to - from];
    double max = Double.NEGATIVE_INFINITY;
    for (int j = from; j < to; j++) {
      scores[j - from] = capped(scale * dot(query, vector(k, j, kv, sizes)), softcap);
      max = Math.max(max, scores[j - from]);
    }
    double sum = 0;
    double[] result = new double[sizes.headDim()];
    for (int j = from; j < to; j++) {
      double p = Math.exp(scores[j - from] - max);
      sum += p;
      addTo(result, vector(v, j, kv, sizes), p);
    }
    Cells cells = Cells.of(out);
    for (int d = 0; d < result.length; d++) {
      cells.set(row * out.stride(0) + (long) head * sizes.headDim() + d, result[d] / sum);
    }
    return max + Math.log(sum);
  }

  @Override
  public void backward(
      Operand gradQ,
      Operand gradK,
      Operand gradV,
      Operand gradOut,
      Operand out,
      Operand logSumExp,
      Operand q,
      Operand k,
      Operand v,
      AttentionMask mask,
      float scale,
      float softcap) {
    AttentionChecks sizes =
        AttentionChecks.backward(gradQ, gradK, gradV, gradOut, out, logSumExp, q, k, v, mask);
    Checks.atLeast("softcap", softcap, 0);
    int[] starts = mask.starts();
    int rows = Math.toIntExact(sizes.rows());
    int group = sizes.heads() / sizes.kvHeads();
    Cells lse = Cells.of(logSumExp);
    for (int kv = 0; kv < sizes.kvHeads(); kv++) {
      double[][] gk = new double[rows][sizes.headDim()];
      double[][] gv = new double[rows][sizes.headDim()];
      for (int h = kv * group; h < (kv + 1) * group; h++) {
        for (int s = 1; s < starts.length; s++) {
          for (int i = starts[s - 1]; i < starts[s]; i++) {
            double[] query = vector(q, i, h, sizes);
            double[] grad = vector(gradOut, i, h, sizes);
            double[] gq = new double[sizes.headDim()];
            double dot = dot(grad, vector(out, i, h, sizes));
            for (int j = mask.from(i, starts[s - 1]); j < mask.to(i, starts[s]); j++) {
              double[] key = vector(k, j, kv, sizes);
              double score = capped(scale * dot(query, key), softcap);
              double p = Math.exp(score - lse.get((long) h * rows + i));
              double slope = softcap == 0 ? 1 : 1 - score / softcap * (score / softcap);
              double ds = scale * slope * p * (dot(grad, vector(v, j, kv, sizes)) - dot);
              addTo(gv[j], grad, p);
              addTo(gk[j], query, ds);
              addTo(gq, key, ds);
            }
            store(gradQ, i, h, gq);
          }
        }
      }
      for (int j = 0; j < rows; j++) {
        store(gradK, j, kv, gk[j]);
        store(gradV, j, kv, gv[j]);
      }
    }
  }

  private static double capped(double score, float softcap) {
    return softcap == 0 ? score : softcap * Math.tanh(score / softcap);
  }

  private static double[] vector(Operand x, int row, int head, AttentionChecks sizes) {
    Cells cells = Cells.of(x);
    double[] values = new double[sizes.headDim()];
    for (int d = 0; d < values.length; d++) {
      values[d] = cells.get(row * x.stride(0) + (long) head * values.length + d);
    }
    return values;
  }

  private static void store(Operand x, int row, int head, double[] values) {
    Cells cells = Cells.of(x);
    for (int d = 0; d < values.length; d++) {
      cells.set(row * x.stride(0) + (long) head * values.length + d, values[d]);
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void addTo(double[] to, double[] x, double factor) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * x[i];
    }
  }
}
