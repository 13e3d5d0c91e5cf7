package dev.nacelle.spiking;

import java.util.BitSet;

/**
 * Who fired when in one layer.
 *
 * @param layer its name
 * @param steps T
 * @param samples B
 * @param neurons N
 * @param fired bit (t·B + b)·N + n
 */
public record LayerSpikes(String layer, int steps, int samples, int neurons, BitSet fired) {
  /** Whether neuron {@code n} fired at step {@code t} for sample {@code b}. */
  public boolean fired(int t, int b, int n) {
    return fired.get((t * samples + b) * neurons + n);
  }

  /** Spikes a neuron-step, over everything. */
  public double rate() {
    double all = (double) steps * samples * neurons;
    return all == 0 ? 0 : fired.cardinality() / all;
  }

  /** Spikes a step of each neuron, the mean over samples: (N). */
  public double[] rates() {
    double[] rates = new double[neurons];
    for (int bit = fired.nextSetBit(0); bit >= 0; bit = fired.nextSetBit(bit + 1)) {
      rates[bit % neurons]++;
    }
    for (int n = 0; n < neurons; n++) {
      rates[n] /= Math.max(1, steps * samples);
    }
    return rates;
  }

  /**
   * How many neurons have which rate: bin i counts rates from i/bins on, below (i + 1)/bins; the
   * last holds 1 too.
   */
  public int[] histogram(int bins) {
    int[] counts = new int[bins];
    for (double rate : rates()) {
      counts[Math.min(bins - 1, (int) (rate * bins))]++;
    }
    return counts;
  }
}
