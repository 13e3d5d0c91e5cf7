package dev.nacelle.data.topics;

/**
 * Vectors of few entries each.
 *
 * @param width columns
 * @param columns of each row's entries, rising
 * @param values of each row's entries
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SparseRows(int width, int[][] columns, float[][] values) {
  int count() {
    return columns.length;
  }

  double squaredLength(int row) {
    double sum = 0;
    for (float v : values[row]) {
      sum += (double) v * v;
    }
    return sum;
  }

  /** The product with a dense vector of {@link #width}. */
  double dot(int row, double[] dense) {
    int[] at = columns[row];
    float[] v = values[row];
    double sum = 0;
    for (int i = 0; i < at.length; i++) {
      sum += v[i] * dense[at[i]];
    }
    return sum;
  }

  void addTo(int row, double[] dense) {
    int[] at = columns[row];
    float[] v = values[row];
    for (int i = 0; i < at.length; i++) {
      dense[at[i]] += v[i];
    }
  }
}
