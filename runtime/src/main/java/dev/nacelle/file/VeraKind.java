package dev.nacelle.file;

import java.util.List;

/**
 * VeRA (Kopiczko et al. 2024): b ⊙ (B·(d ⊙ (A·x))) with one random A and B for all modules, of
 * which each takes the first columns or rows that it needs, and two vectors of its own that train.
 *
 * @param savesProjection whether the file holds A and B; else they are drawn again from the key
 * @param projectionKey seed of A and B, {@code projection_prng_key}
 * @param initialD what every element of d begins as; b begins at 0
 */
public record VeraKind(boolean savesProjection, long projectionKey, double initialD)
    implements AdapterKind {
  /** (out). */
  public static final String LAMBDA_B = ".vera_lambda_b";

  /** (rank). */
  public static final String LAMBDA_D = ".vera_lambda_d";

  /** (rank, widest in), under this whole name. */
  public static final String A = "base_model.vera_A";

  /** (widest out, rank), under this whole name. */
  public static final String B = "base_model.vera_B";

  /** As PEFT's configuration has it. */
  public static final VeraKind DEFAULT = new VeraKind(true, 0, 0.1);

  @Override
  public String word() {
    return "vera";
  }

  /** Of its own: an alpha is none of VeRA's. */
  @Override
  public double scale(double alpha, int rank) {
    return 1;
  }

  @Override
  public boolean reachesHead() {
    return false;
  }

  @Override
  public List<Part> parts(int rank, long out, long in) {
    return List.of(new Part(LAMBDA_B, out), new Part(LAMBDA_D, rank));
  }
}
