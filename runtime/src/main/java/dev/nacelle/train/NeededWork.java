package dev.nacelle.train;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.LayerAdapter;
import dev.nacelle.adapter.WholeModule;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.layer.Linear;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.LayerKind;
import dev.nacelle.model.ModelConfig;
import java.util.List;

/**
 * The floating-point operations that a LoRA step cannot do without: frozen weights need no weight
 * gradient, the head only works where there is a target, attention is causal within a sample. It is
 * the yardstick of speed: divided by the machine's best product rate it gives the shortest step.
 *
 * @param perToken 4 · linear parameters + 6 · Σ r·(in + out) over the adapted layers
 * @param perTarget 4 · V · C, 6 · V · C where the head trains as a whole
 * @param perSquare 7 · heads · head_dim, for each length squared of a sample and each block
 * @param windows of each block, how many tokens a token sees; 0 for all before it
 */
public record NeededWork(
    double perToken, double perTarget, double perSquare, List<Integer> windows) {
  public NeededWork {
    windows = List.copyOf(windows);
  }

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
        perToken,
        perTarget,
        7.0 * config.heads() * config.headDim(),
        config.traits().layers().stream().map(LayerKind::window).toList());
  }

  /**
   * The length squared of a sample, less what a window keeps from being seen: twice the pairs of a
   * token with one that it sees, but for the diagonal.
   */
  static double square(double length, int window) {
    double seen = window == 0 ? length : Math.min(window, length);
    return seen * (2 * length - seen);
  }

  /** Operations of one step. */
  public double flops(List<PackedBatch> microBatches) {
    double flops = 0;
    for (PackedBatch batch : microBatches) {
      flops += perToken * batch.tokens() + perTarget * batch.targetTokens();
      for (int s = 0; s < batch.samples(); s++) {
        double length = batch.starts()[s + 1] - batch.starts()[s];
        for (int window : windows) {
          flops += perSquare * square(length, window);
        }
      }
    }
    return flops;
  }
}
