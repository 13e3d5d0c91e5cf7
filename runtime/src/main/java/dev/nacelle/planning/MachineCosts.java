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
}
