package dev.nacelle.train;

import dev.nacelle.data.PackedBatch;
import dev.nacelle.data.Sample;
import dev.nacelle.model.TokenRow;
import java.util.List;

/** From samples to what the model reads. */
final class Batches {
  private Batches() {}

  /**
   * One micro-batch.
   *
   * @param packing end to end; otherwise filled up to the longest, as other trainers do
   */
  static PackedBatch of(List<Sample> samples, boolean packing, int padId) {
    return packing ? PackedBatch.of(samples) : PackedBatch.padded(samples, padId);
  }

  static TokenRow row(PackedBatch batch) {
    return new TokenRow(batch.ids(), batch.positions(), batch.starts(), batch.targets());
  }
}
