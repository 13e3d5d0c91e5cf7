package dev.nacelle.planning;

import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;

/** What a plan has to know of the machine that a run takes place on. */
public interface MachineCosts {
  /** Bytes of the process while model and data are opened, beside tensors. */
  long loadBytes(BaseModel base, FinetuneOptions options);

  /**
   * Bytes of the process from the first step on, beside tensors, kernels' scratch and the model's
   * files.
   */
  long runBytes(BaseModel base, FinetuneOptions options);

  Rates rates();

  /** A process that costs nothing, for walks that only want to know of tensors. */
  static MachineCosts free(Rates rates) {
    return new Free(rates);
  }

  /** See {@link #free}. */
  record Free(Rates rates) implements MachineCosts {
    @Override
    public long loadBytes(BaseModel base, FinetuneOptions options) {
      return 0;
    }

    @Override
    public long runBytes(BaseModel base, FinetuneOptions options) {
      return 0;
    }
  }
}
