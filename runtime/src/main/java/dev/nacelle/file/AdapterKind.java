package dev.nacelle.file;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Kinds of adapter: what stands beside a linear layer, and which tensors of it a file holds. */
public sealed interface AdapterKind permits LoraKind, DoraKind, HydraKind, VeraKind {
  /** A tensor of an adapted module: what its name ends in, and its shape. */
  @SuppressWarnings("ArrayRecordComponent") // made anew for each module, never compared
  record Part(String suffix, long... shape) {}

  /** The word that {@code --adapter} has for it. */
  String word();

  /** What the low-rank product is multiplied with. */
  default double scale(double alpha, int rank) {
    return alpha / rank;
  }

  /** Whether the head, which is one with the loss, can carry it. */
  default boolean reachesHead() {
    return true;
  }

  /** Why llama.cpp's adapters cannot express it; null where they can. */
  default @Nullable String whyNotGguf() {
    return null;
  }

  /** The tensors of a module (out, in), in the order in which they are kept and trained. */
  List<Part> parts(int rank, long out, long in);
}
