package dev.nacelle.train;

import dev.nacelle.kernels.KernelSet;
import java.util.function.Supplier;

/** Chooses how a run holds its memory, before any of it is held. */
@FunctionalInterface
public interface RunPlanner {
  /** Spends memory freely, without a plan. */
  RunPlanner NONE = (base, kernels, options, sizes) -> RunPlan.UNBOUNDED;

  /**
   * Called once the model's headers and the data are known to be good.
   *
   * @throws dev.nacelle.NacelleException of kind BUDGET where nothing fits
   */
  RunPlan plan(
      BaseModel base, KernelSet kernels, FinetuneOptions options, Supplier<StepSizes> sizes);
}
