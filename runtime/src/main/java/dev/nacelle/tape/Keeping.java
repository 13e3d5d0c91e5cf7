package dev.nacelle.tape;

import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** How a tape keeps what functions save: as it is, or put by in fewer bits or elsewhere. */
@FunctionalInterface
public interface Keeping {
  /** Everything stays as it is. */
  Keeping WHOLE = tensor -> null;

  /** A saved tensor in another form; null where it is kept as it is. Takes over no reference. */
  @Nullable Deposit put(Tensor tensor);

  /** What was put by. */
  interface Deposit {
    /** The tensor once more, the reference the caller's; as often as somebody asks. */
    Tensor fetch();

    /** Nobody will ask again. */
    void drop();
  }
}
