package dev.nacelle.file;

import java.util.List;

/**
 * LoRA (Hu et al. 2021): A (rank, in) and B (out, rank).
 *
 * @param isRankStabilised whether the scale is alpha/√rank (rsLoRA, Kalajdzievski 2023)
 * @param freezesA whether A stays as it began (LoRA-FA, Zhang et al. 2023): a matter of training,
 *     of which a file says nothing
 */
public record LoraKind(boolean isRankStabilised, boolean freezesA) implements AdapterKind {
  public static final String A = ".lora_A.weight";
  public static final String B = ".lora_B.weight";

  /** As it was first described. */
  public LoraKind() {
    this(false, false);
  }

  @Override
  public String word() {
    if (freezesA) {
      return "lora-fa";
    }
    return isRankStabilised ? "rslora" : "lora";
  }

  @Override
  public double scale(double alpha, int rank) {
    return isRankStabilised ? alpha / Math.sqrt(rank) : alpha / rank;
  }

  @Override
  public List<Part> parts(int rank, long out, long in) {
    return List.of(new Part(A, rank, in), new Part(B, out, rank));
  }
}
