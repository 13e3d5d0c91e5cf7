package dev.nacelle.nativeaccess.torch;

import org.jspecify.annotations.Nullable;

/** Layer norm over the last dimensions, and its gradients. */
public final class TorchNormalisation {
  private static final TorchOperator LAYER_NORM = TorchOperator.of("aten::native_layer_norm", "");
  private static final TorchOperator LAYER_NORM_BACKWARD =
      TorchOperator.of("aten::native_layer_norm_backward", "");

  TorchNormalisation() {}

  /**
   * What forward gives.
   *
   * @param out the input's shape
   * @param mean of each normalised stretch
   * @param rstd one over its standard deviation
   */
  public record LayerNorm(TorchTensor out, TorchTensor mean, TorchTensor rstd)
      implements AutoCloseable {
    @Override
    public void close() {
      out.close();
      mean.close();
      rstd.close();
    }
  }

  /** Gradients; weight and bias are undefined tensors where there was none. */
  public record LayerNormGradients(TorchTensor x, TorchTensor weight, TorchTensor bias)
      implements AutoCloseable {
    @Override
    public void close() {
      x.close();
      weight.close();
      bias.close();
    }
  }

  /**
   * @param x (…, C)
   * @param weight (C)
   * @param bias (C)
   */
  public LayerNorm layerNorm(
      TorchTensor x, @Nullable TorchTensor weight, @Nullable TorchTensor bias, double eps) {
    TorchOperator.Call call =
        LAYER_NORM
            .begin()
            .tensor(x)
            .longs(last(x))
            .optional(weight)
            .optional(bias)
            .float64(eps)
            .invoke(3);
    return new LayerNorm(call.result(0), call.result(1), call.result(2));
  }

  /** The gradients of {@link #layerNorm}. */
  public LayerNormGradients layerNormBackward(
      TorchTensor gradOut,
      TorchTensor x,
      LayerNorm forward,
      @Nullable TorchTensor weight,
      @Nullable TorchTensor bias) {
    TorchOperator.Call call =
        LAYER_NORM_BACKWARD
            .begin()
            .tensor(gradOut)
            .tensor(x)
            .longs(last(x))
            .tensor(forward.mean())
            .tensor(forward.rstd())
            .optional(weight)
            .optional(bias)
            .booleans(true, weight != null, bias != null)
            .invoke(3);
    return new LayerNormGradients(call.result(0), call.result(1), call.result(2));
  }

  private static long last(TorchTensor x) {
    long[] shape = x.shape();
    if (shape.length == 0) {
      throw new IllegalArgumentException("layer norm needs a last dimension, x is a scalar");
    }
    return shape[shape.length - 1];
  }
}
