package dev.nacelle.planning;

import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;

/** What a plan has to know of the machine that a run takes place on. */
public interface MachineCosts {
  /** Bytes of the process beside tensors, kernels' scratch and the model's files. */
  long processBytes(BaseModel base, FinetuneOptions options);

  Rates rates();
}
