package dev.nacelle.adapter;

import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.VeraKind;
import dev.nacelle.file.VeraProjection;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How a fresh VeRA begins: matrices drawn from its key, d the same everywhere, b zero. One drawing
 * gives both matrices: B's numbers come after A's.
 */
final class VeraBeginning implements Adapter.Source {
  private final VeraKind kind;
  private final int rank;
  private @Nullable VeraProjection drawn;

  VeraBeginning(VeraKind kind, int rank) {
    this.kind = kind;
    this.rank = rank;
  }

  @Override
  public float[] values(Adapter.Module module, Part part) {
    return switch (part.suffix()) {
      case VeraKind.A -> drawn(module).a();
      case VeraKind.B -> drawn(module).b();
      case VeraKind.LAMBDA_D -> {
        drawn = null; // both have been copied, and are large
        float[] values = new float[rank];
        Arrays.fill(values, (float) kind.initialD());
        yield values;
      }
      default -> new float[AdapterInit.elements(part.shape())];
    };
  }

  /**
   * @param widest as wide and high as all modules together
   */
  private VeraProjection drawn(Adapter.Module widest) {
    VeraProjection known = drawn;
    if (known == null) {
      known = VeraProjection.drawn(kind.projectionKey(), rank, widest.out(), widest.in());
      drawn = known;
    }
    return known;
  }
}
