package dev.nacelle.adapter;

import dev.nacelle.function.HydraLinear;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;

/**
 * Counts what one router does during a step, from the weights that its passes kept for backward;
 * and pulls the weights apart where a balance is wanted. One thread, the trainer's.
 *
 * <p>The balance is the one of HydraLoRA's multimodal variant, for each layer: Σ_e p̄_e·f_e with p̄
 * the mean weight of head e over the tokens of a pass, and f_e the share of tokens that weigh e
 * most. It is 1/E where all heads share the work and 1 where one does all. f has no gradient, so
 * that of ω_te is f_e / tokens.
 */
public final class RouterWatch implements HydraLinear.Routing {
  private final String modulePath;
  private final double[] usage;
  private double entropy;
  private double margin;
  private long tokens;
  private double balance;
  private float weight;

  RouterWatch(String modulePath, int heads) {
    this.modulePath = modulePath;
    this.usage = new double[heads];
  }

  /**
   * Before a pass.
   *
   * @param balanceWeight what this pass's balance is multiplied with before it joins the loss
   */
  public void beforePass(float balanceWeight) {
    weight = balanceWeight;
  }

  @Override
  public void watch(Tensor omega, Tensor pull) {
    float[] all = omega.toFloats();
    int heads = usage.length;
    int rows = all.length / heads;
    double[] mean = new double[heads];
    double[] chosen = new double[heads];
    for (int row = 0; row < rows; row++) {
      int best = 0;
      double first = -1;
      double second = -1;
      double bits = 0;
      for (int e = 0; e < heads; e++) {
        double w = all[row * heads + e];
        mean[e] += w;
        bits -= w > 0 ? w * Math.log(w) : 0;
        if (w > first) {
          second = first;
          first = w;
          best = e;
        } else if (w > second) {
          second = w;
        }
      }
      chosen[best]++;
      entropy += bits;
      margin += heads == 1 ? 1 : first - second;
    }
    tokens += rows;
    for (int e = 0; e < heads; e++) {
      usage[e] += mean[e];
      balance += mean[e] * chosen[e] / Math.max(1, rows);
    }
    fill(pull, all, chosen, rows);
  }

  private void fill(Tensor pull, float[] all, double[] chosen, int rows) {
    Arrays.fill(all, 0);
    if (weight != 0) {
      int heads = usage.length;
      for (int e = 0; e < heads; e++) {
        float each = (float) (weight * (chosen[e] / rows) / rows);
        for (int row = 0; row < rows; row++) {
          all[row * heads + e] = each;
        }
      }
    }
    pull.fill(all);
  }

  /** What was counted since this was asked last. */
  public RouterUse take() {
    double n = Math.max(1, tokens);
    double[] shares = new double[usage.length];
    for (int e = 0; e < shares.length; e++) {
      shares[e] = usage[e] / n;
    }
    RouterUse use = new RouterUse(modulePath, entropy / n, shares, margin / n, balance / n);
    Arrays.fill(usage, 0);
    entropy = 0;
    margin = 0;
    balance = 0;
    tokens = 0;
    return use;
  }
}
