package dev.nacelle.file;

import java.util.ArrayList;
import java.util.List;

/**
 * HydraLoRA (Tian et al. 2024): one A (rank, in), heads B0 … (out, rank), and a router (heads, in)
 * that weighs them for each token.
 *
 * @param heads at least 1; 0 only in {@link #AS_DATA_SAYS}
 */
public record HydraKind(int heads) implements AdapterKind {
  /** A question: it is answered by the training data before anything is made of it. */
  public static final HydraKind AS_DATA_SAYS = new HydraKind(0);

  public static final String ROUTER = ".lora_route.weight";

  /** More than anybody has trained, and few enough for a router's row to be small. */
  public static final int MOST_HEADS = 1024;

  /** What the name of head number {@code head} ends in. */
  public static String head(int head) {
    return ".lora_B" + head + ".weight";
  }

  @Override
  public String word() {
    return "hydra";
  }

  @Override
  public String whyNotGguf() {
    return "hydra's router weighs its heads by each token, and a GGUF adapter holds one pair";
  }

  @Override
  public List<Part> parts(int rank, long out, long in) {
    List<Part> parts = new ArrayList<>();
    parts.add(new Part(LoraKind.A, rank, in));
    for (int head = 0; head < heads; head++) {
      parts.add(new Part(head(head), out, rank));
    }
    parts.add(new Part(ROUTER, heads, in));
    return parts;
  }
}
