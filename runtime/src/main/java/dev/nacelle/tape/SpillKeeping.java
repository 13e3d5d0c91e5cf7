package dev.nacelle.tape;

import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.SpillFile;
import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Saved activations on storage: written in forward, read when backward asks; exact. */
public record SpillKeeping(Engine engine, SpillFile file) implements Keeping {
  /** What is smaller is not worth a write. */
  private static final long LEAST_BYTES = 4096;

  @Override
  public @Nullable Deposit put(Tensor tensor) {
    if (tensor.byteSize() < LEAST_BYTES) {
      return null;
    }
    long bytes = tensor.byteSize();
    long at = file.write(tensor.storage().buffer(), bytes);
    var dtype = tensor.dtype();
    long[] shape = tensor.shape();
    return new Deposit() {
      @Override
      public Tensor fetch() {
        Tensor y = engine.allocator().allocate(LedgerClass.ACTIVATIONS, dtype, shape);
        try {
          file.read(at, y.storage().buffer(), bytes);
        } catch (RuntimeException | Error e) {
          y.release();
          throw e;
        }
        return y;
      }

      @Override
      public void drop() {
        file.drop(at);
      }
    };
  }
}
