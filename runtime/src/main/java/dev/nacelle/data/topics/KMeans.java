package dev.nacelle.data.topics;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/**
 * Lloyd's k-means with Euclidean distance, as HydraLoRA's appendix B has it: SSE = Σ_j Σ_{x∈S_j} ‖x
 * − c_j‖², a centre is the mean of its members, a vector belongs to the nearest centre. Ours is how
 * it begins: from the best centres of one fewer with the worst vector as one more, so that the
 * curve never rises; from these with a drawn one instead; and from centres that are all drawn. One
 * is drawn as k-means++ does, by the squares of the distances to those that are there. The best of
 * all starts counts.
 */
final class KMeans {
  private static final int GROWN_STARTS = 3;
  private static final int FRESH_STARTS = 4;
  private static final int MOST_ROUNDS = 60;

  /** Rounds end where they gain less than this share. */
  private static final double GAIN = 1e-6;

  private final SparseRows rows;
  private final double[] lengths;
  private final SplittableRandom random;
  private Fit best;

  /**
   * Where vectors and centres stand.
   *
   * @param centres one a row, dense
   * @param sse sum of the squared distances
   * @param worst the vector farthest from its centre
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Fit(double[][] centres, double sse, int worst) {}

  KMeans(SparseRows rows, long seed) {
    this.rows = rows;
    this.random = new SplittableRandom(seed);
    this.lengths = new double[rows.count()];
    Arrays.setAll(lengths, rows::squaredLength);
    double[] mean = new double[rows.width()];
    for (int row = 0; row < rows.count(); row++) {
      rows.addTo(row, mean);
    }
    for (int i = 0; i < mean.length; i++) {
      mean[i] /= Math.max(1, rows.count());
    }
    this.best = rounds(new double[][] {mean});
  }

  /** The sum of squared distances with the centres of now. */
  double sse() {
    return best.sse;
  }

  /**
   * The sums of squares for 1, 2, … {@code most} centres, found upwards and mended downwards: from
   * the centres of one more, the two whose union costs least become one. A large topic that took
   * two centres while two small ones shared one is found so, which no single start mends.
   *
   * @param grown hears how many numbers of centres were tried
   */
  double[] curve(int most, IntConsumer grown) {
    Fit[] fits = new Fit[most];
    fits[0] = best;
    for (int k = 1; k < most; k++) {
      // Where every vector lies on a centre there is nothing left to divide.
      if (best.sse > 0) {
        grow();
      }
      fits[k] = best;
      grown.accept(k + 1);
    }
    for (int k = most - 2; k > 0; k--) {
      if (fits[k + 1].centres.length == k + 2) {
        Fit other = rounds(united(fits[k + 1].centres));
        fits[k] = other.sse < fits[k].sse ? other : fits[k];
      }
    }
    double[] curve = Arrays.stream(fits).mapToDouble(Fit::sse).toArray();
    for (int k = 1; k < most; k++) {
      // One more centre anywhere does no harm to those of one fewer.
      curve[k] = Math.min(curve[k], curve[k - 1]);
    }
    return curve;
  }

  /** One centre fewer: of the two whose members lie nearest, as Ward's method joins clusters. */
  private double[][] united(double[][] centres) {
    int[] owner = new int[rows.count()];
    assign(centres, owner, new double[rows.count()]);
    int[] members = new int[centres.length];
    for (int o : owner) {
      members[o]++;
    }
    int one = 0;
    int two = 1;
    double least = Double.POSITIVE_INFINITY;
    for (int a = 0; a < centres.length; a++) {
      for (int b = 0; b < a; b++) {
        double apart = 0;
        for (int i = 0; i < rows.width(); i++) {
          apart += (centres[a][i] - centres[b][i]) * (centres[a][i] - centres[b][i]);
        }
        double cost = apart * members[a] * members[b] / Math.max(1, members[a] + members[b]);
        if (cost < least) {
          least = cost;
          one = b;
          two = a;
        }
      }
    }
    double[][] fewer = Arrays.copyOf(centres, centres.length - 1);
    double[] union = new double[rows.width()];
    double all = Math.max(1, members[one] + members[two]);
    for (int i = 0; i < union.length; i++) {
      union[i] = (centres[one][i] * members[one] + centres[two][i] * members[two]) / all;
    }
    if (two < fewer.length) {
      fewer[two] = centres[centres.length - 1];
    }
    fewer[one] = union;
    return fewer;
  }

  /** Goes on with one centre more. */
  void grow() {
    int k = best.centres.length + 1;
    double[][] grown = Arrays.copyOf(best.centres, k);
    grown[k - 1] = dense(best.worst);
    Fit found = rounds(grown);
    for (int start = 0; start < GROWN_STARTS + FRESH_STARTS; start++) {
      Fit other = rounds(drawn(k, start < GROWN_STARTS ? best.centres : new double[0][]));
      found = other.sse < found.sse ? other : found;
    }
    best = found.sse < best.sse ? found : new Fit(grown, best.sse, best.worst);
  }

  private double[] dense(int row) {
    double[] centre = new double[rows.width()];
    rows.addTo(row, centre);
    return centre;
  }

  /** These centres and others that are drawn, so many in all. */
  private double[][] drawn(int k, double[][] there) {
    double[][] centres = Arrays.copyOf(there, k);
    double[] nearest = new double[rows.count()];
    Arrays.fill(nearest, Double.POSITIVE_INFINITY);
    for (double[] centre : there) {
      approach(nearest, centre);
    }
    for (int c = there.length; c < k; c++) {
      centres[c] = dense(c == 0 ? random.nextInt(rows.count()) : drawn(nearest));
      approach(nearest, centres[c]);
    }
    return centres;
  }

  private void approach(double[] nearest, double[] centre) {
    double squares = squares(centre);
    for (int row = 0; row < nearest.length; row++) {
      nearest[row] = Math.min(nearest[row], distance(row, centre, squares));
    }
  }

  private int drawn(double[] weights) {
    double left = random.nextDouble() * Arrays.stream(weights).sum();
    int chosen = 0;
    while (chosen < weights.length - 1 && left >= weights[chosen]) {
      left -= weights[chosen++];
    }
    return chosen;
  }

  private Fit rounds(double[][] start) {
    double[][] centres = start;
    double before = Double.POSITIVE_INFINITY;
    int[] owner = new int[rows.count()];
    double[] away = new double[rows.count()];
    for (int round = 0; ; round++) {
      double sse = assign(centres, owner, away);
      if (round == MOST_ROUNDS || sse >= before * (1 - GAIN) || sse == 0) {
        return new Fit(centres, sse, farthest(away));
      }
      before = sse;
      centres = means(centres, owner, away);
    }
  }

  private double assign(double[][] centres, int[] owner, double[] away) {
    double[] squares = new double[centres.length];
    Arrays.setAll(squares, c -> squares(centres[c]));
    double sum = 0;
    for (int row = 0; row < owner.length; row++) {
      double least = Double.POSITIVE_INFINITY;
      for (int c = 0; c < centres.length; c++) {
        double d = distance(row, centres[c], squares[c]);
        if (d < least) {
          least = d;
          owner[row] = c;
        }
      }
      away[row] = least;
      sum += least;
    }
    return sum;
  }

  private double[][] means(double[][] before, int[] owner, double[] away) {
    double[][] sums = new double[before.length][rows.width()];
    int[] members = new int[before.length];
    for (int row = 0; row < owner.length; row++) {
      rows.addTo(row, sums[owner[row]]);
      members[owner[row]]++;
    }
    for (int c = 0; c < sums.length; c++) {
      if (members[c] == 0) {
        // A centre that nothing is nearest to stands on the vector that fits worst.
        int worst = farthest(away);
        sums[c] = dense(worst);
        away[worst] = 0;
      } else {
        for (int i = 0; i < sums[c].length; i++) {
          sums[c][i] /= members[c];
        }
      }
    }
    return sums;
  }

  private static int farthest(double[] away) {
    int worst = 0;
    for (int row = 1; row < away.length; row++) {
      worst = away[row] > away[worst] ? row : worst;
    }
    return worst;
  }

  private double distance(int row, double[] centre, double squares) {
    return Math.max(0, lengths[row] - 2 * rows.dot(row, centre) + squares);
  }

  private static double squares(double[] centre) {
    double sum = 0;
    for (double v : centre) {
      sum += v * v;
    }
    return sum;
  }
}
