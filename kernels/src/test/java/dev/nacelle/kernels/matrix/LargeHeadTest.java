package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The fused head over a vocabulary whose weight has more than 2³¹ bytes. The weight repeats itself
 * after a prime number of elements, hence after as many rows: sums over all words are sums over
 * these rows, each taken as often as it stands there. Beside {@link LargeTensorsTest}.
 */
@EnabledIfSystemProperty(named = "nacelle.tensors.large", matches = "true")
final class LargeHeadTest {
  private static final int COLUMNS = 1009;
  private static final int PERIOD = 8191;
  private static final long WORDS = (1L << 30) / COLUMNS + 70;

  private final LargeRows rows = new LargeRows();

  @AfterEach
  void close() {
    rows.close();
  }

  @Test
  void lossesAndGradients() {
    long[] targets = {0, WORDS / 2, WORDS - 1};
    Operand hidden = rows.tensors.random(DType.BF16, targets.length, COLUMNS);
    Operand weight = rows.tensors.random(DType.BF16, WORDS, COLUMNS);
    Operand wanted = rows.tensors.zeros(DType.I64, targets.length);
    Operand pull = rows.tensors.random(DType.FP32, targets.length);
    for (int n = 0; n < targets.length; n++) {
      wanted.buffer().setLong(n, targets[n]);
    }
    Map<String, Operand> inputs = new LinkedHashMap<>();
    inputs.put("hidden", hidden);
    inputs.put("weight", weight);
    inputs.put("targets", wanted);
    inputs.put("grad_losses", pull);
    Map<String, Operand> got = rows.run("cross_entropy", Map.of(), inputs);
    Operand losses = Objects.requireNonNull(got.get("losses"));
    Operand gradHidden = Objects.requireNonNull(got.get("grad_hidden"));
    Operand gradWeight = Objects.requireNonNull(got.get("grad_weight"));
    double[][] shares = new double[targets.length][];
    for (int n = 0; n < targets.length; n++) {
      double[] logits = logits(hidden, weight, n);
      double sum = 0;
      for (int r = 0; r < PERIOD; r++) {
        sum += times(r) * Math.exp(logits[r]);
      }
      double own = logits[(int) (targets[n] % PERIOD)];
      assertEquals(Math.log(sum) - own, Elements.get(losses, n), 2e-5, "loss " + n);
      shares[n] = new double[PERIOD];
      for (int r = 0; r < PERIOD; r++) {
        shares[n][r] = Math.exp(logits[r]) / sum;
      }
    }
    for (int n = 0; n < targets.length; n++) {
      for (int c = 0; c < COLUMNS; c += 97) {
        double sum = -Elements.get(weight, targets[n] * COLUMNS + c);
        for (int r = 0; r < PERIOD; r++) {
          sum += times(r) * shares[n][r] * Elements.get(weight, (long) r * COLUMNS + c);
        }
        double factor = Elements.get(pull, n);
        long at = (long) n * COLUMNS + c;
        assertEquals(factor * sum, Elements.get(gradHidden, at), 0.01, "grad_hidden " + at);
      }
    }
    for (long word : targets) {
      for (int c = 0; c < COLUMNS; c++) {
        double sum = 0;
        for (int n = 0; n < targets.length; n++) {
          double share = shares[n][(int) (word % PERIOD)] - (word == targets[n] ? 1 : 0);
          sum += Elements.get(pull, n) * share * Elements.get(hidden, (long) n * COLUMNS + c);
        }
        double off = 1e-5 + Math.abs(sum) / 128;
        assertEquals(sum, Elements.get(gradWeight, word * COLUMNS + c), off, word + ", " + c);
      }
    }
  }

  /** How often row {@code r} of the first {@code PERIOD} stands in the weight. */
  private static double times(int r) {
    long times = Math.ceilDiv(WORDS - r, (long) PERIOD);
    return (double) times;
  }

  private static double[] logits(Operand hidden, Operand weight, int n) {
    double[] logits = new double[PERIOD];
    for (int r = 0; r < PERIOD; r++) {
      for (int c = 0; c < COLUMNS; c++) {
        logits[r] +=
            Elements.get(hidden, (long) n * COLUMNS + c)
                * Elements.get(weight, (long) r * COLUMNS + c);
      }
    }
    return logits;
  }
}
