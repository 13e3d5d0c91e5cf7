package dev.nacelle.file;

import java.util.List;

/**
 * DoRA (Liu et al. 2024): LoRA's A and B, and the length of each row of the adapted weight.
 *
 * @param isRankStabilised whether the scale is alpha/√rank
 */
public record DoraKind(boolean isRankStabilised) implements AdapterKind {
  /** (out): what the rows' lengths are. */
  public static final String MAGNITUDE = ".lora_magnitude_vector";

  @Override
  public String word() {
    return "dora";
  }

  @Override
  public double scale(double alpha, int rank) {
    return new LoraKind(isRankStabilised, false).scale(alpha, rank);
  }

  @Override
  public List<Part> parts(int rank, long out, long in) {
    return List.of(
        new Part(LoraKind.A, rank, in), new Part(LoraKind.B, out, rank), new Part(MAGNITUDE, out));
  }

  @Override
  public String whyNotGguf() {
    return "dora scales the rows of the adapted weight, and a GGUF adapter holds A and B alone";
  }

  @Override
  public boolean reachesHead() {
    return false;
  }
}
