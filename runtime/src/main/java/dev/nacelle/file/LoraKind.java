package dev.nacelle.file;

import java.util.List;

/** LoRA (Hu et al. 2021): A (rank, in) and B (out, rank). */
public record LoraKind() implements AdapterKind {
  public static final String A = ".lora_A.weight";
  public static final String B = ".lora_B.weight";

  @Override
  public String word() {
    return "lora";
  }

  @Override
  public List<Part> parts(int rank, long out, long in) {
    return List.of(new Part(A, rank, in), new Part(B, out, rank));
  }
}
