package dev.nacelle.tape;

import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.SpillFile;
import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Saved activations on storage: written in forward, read when backward asks; exact.
 *
 * @param file null in a walk without kernels, where nothing is written
 */
public record SpillKeeping(Engine engine, @Nullable SpillFile file) implements Keeping {
  /** What is smaller is not worth a write. */
  private static final long LEAST_BYTES = 4096;

  @Override
  public @Nullable Deposit put(Tensor tensor) {
    if (tensor.byteSize() < LEAST_BYTES) {
      return null;
    }
    long bytes = tensor.byteSize();
    long at = file == null ? 0 : file.write(tensor.storage().buffer(), bytes);
    var dtype = tensor.dtype();
    long[] shape = tensor.shape();
    return new Deposit() {
      @Override
      public Tensor fetch() {
        Tensor y = engine.allocator().allocate(LedgerClass.ACTIVATIONS, dtype, shape);
        try {
          if (file != null) {
            file.read(at, y.storage().buffer(), bytes);
          }
        } catch (RuntimeException | Error e) {
          y.release();
          throw e;
        }
        return y;
      }

      @Override
      public void drop() {
        if (file != null) {
          file.drop(at);
        }
      }
    };
  }
}
