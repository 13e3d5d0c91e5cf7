package dev.nacelle.train;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.LayerAdapter;
import dev.nacelle.adapter.WholeModule;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.layer.Linear;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.ModelConfig;
import java.util.List;

/**
 * The floating-point operations that a LoRA step cannot do without: frozen weights need no weight
 * gradient, the head only works where there is a target, attention is causal within a sample. It is
 * the yardstick of speed: divided by the machine's best product rate it gives the shortest step.
 *
 * @param perToken 4 · linear parameters + 6 · Σ r·(in + out) over the adapted layers
 * @param perTarget 4 · V · C, 6 · V · C where the head trains as a whole
 * @param perSquare 7 · layers · heads · head_dim, for each length squared of a sample
 */
public record NeededWork(double perToken, double perTarget, double perSquare) {
  /** The yardstick of a model with its adapter. */
  public static NeededWork of(DecoderModel model, Adapter adapter) {
    ModelConfig config = model.config();
    double perToken = 0;
    double perTarget = 4.0 * config.vocabularySize() * config.hiddenSize();
    for (LayerAdapter layer : adapter.layers()) {
      perToken += layer.flopsPerToken();
    }
    for (WholeModule whole : adapter.whole()) {
      perTarget += whole.flopsPerToken();
    }
    for (Linear linear : model.linears()) {
      double out = linear.weight().size(0);
      double in = linear.weight().size(1);
      if (!linear.path().equals(DecoderModel.HEAD)) {
        perToken += 4 * out * in;
      }
    }
    return new NeededWork(
        perToken, perTarget, 7.0 * config.layers() * config.heads() * config.headDim());
  }

  /** Operations of one step. */
  public double flops(List<PackedBatch> microBatches) {
    double flops = 0;
    for (PackedBatch batch : microBatches) {
      flops += perToken * batch.tokens() + perTarget * batch.targetTokens();
      for (int s = 0; s < batch.samples(); s++) {
        double length = batch.starts()[s + 1] - batch.starts()[s];
        flops += perSquare * length * length;
      }
    }
    return flops;
  }
}
