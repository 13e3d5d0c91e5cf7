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

  /** Whether a run has a process of its own there, which is bounded with all that it holds. */
  default boolean hasOwnProcess() {
    return true;
  }

  /** A process that is not ours to count, or that costs nothing: tensors alone are bounded. */
  static MachineCosts free(Rates rates) {
    return new Free(rates);
  }

  /** See {@link #free}. */
  record Free(Rates rates) implements MachineCosts {
    @Override
    public boolean hasOwnProcess() {
      return false;
    }

    @Override
    public long loadBytes(BaseModel base, FinetuneOptions options) {
      return 0;
    }

    @Override
    public long runBytes(BaseModel base, FinetuneOptions options) {
      return 0;
    }
  }

  /** What was measured on this machine; its storage was not. */
  static MachineCosts measured(Calibration calibration) {
    return new Measured(calibration);
  }

  /** See {@link #measured}. */
  record Measured(Calibration calibration) implements MachineCosts {
    /** What the slowest storage that a run would spill to writes and reads; not measured. */
    private static final double STORAGE = 2e8;

    @Override
    public long loadBytes(BaseModel base, FinetuneOptions options) {
      return calibration.process().loadBytes(base.config().vocabularySize(), options.threads());
    }

    @Override
    public long runBytes(BaseModel base, FinetuneOptions options) {
      return calibration.process().runBytes(base.config().vocabularySize(), options.threads());
    }

    @Override
    public Rates rates() {
      return new Rates(calibration.speed(), STORAGE, true);
    }
  }
}
