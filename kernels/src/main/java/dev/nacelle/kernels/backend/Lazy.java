package dev.nacelle.kernels.backend;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is made at its first use, once. Binding all functions of the C library took 0.7 s of a cold
 * start on a busy EPYC, 0.2 s of it for operators that no language model uses.
 */
final class Lazy<T> {
  private final Supplier<T> maker;
  private volatile @Nullable T made;

  Lazy(Supplier<T> maker) {
    this.maker = maker;
  }

  T get() {
    T already = made;
    return already != null ? already : make();
  }

  private synchronized T make() {
    T first = made;
    if (first == null) {
      first = maker.get();
      made = first;
    }
    return first;
  }

  /** Does something with it, where it was made. */
  void ifMade(Consumer<T> action) {
    T already = made;
    if (already != null) {
      action.accept(already);
    }
  }
}
