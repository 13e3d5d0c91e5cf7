package dev.nacelle.nativeaccess.torch;

/** Activations and their gradients; every result is a new tensor. */
public final class TorchActivation {
  private static final TorchOperator SILU = TorchOperator.of("aten::silu", "");
  private static final TorchOperator SILU_BACKWARD = TorchOperator.of("aten::silu_backward", "");
  private static final TorchOperator GELU = TorchOperator.of("aten::gelu", "");
  private static final TorchOperator GELU_BACKWARD = TorchOperator.of("aten::gelu_backward", "");
  private static final TorchOperator SOFTMAX = TorchOperator.of("aten::_softmax", "");
  private static final TorchOperator SOFTMAX_BACKWARD =
      TorchOperator.of("aten::_softmax_backward_data", "");

  TorchActivation() {}

  /** x · σ(x). */
  public TorchTensor silu(TorchTensor x) {
    return SILU.begin().tensor(x).invoke(1).result(0);
  }

  public TorchTensor siluBackward(TorchTensor gradOut, TorchTensor x) {
    return SILU_BACKWARD.begin().tensor(gradOut).tensor(x).invoke(1).result(0);
  }

  /** GELU, by the error function or, faster, by tanh. */
  public TorchTensor gelu(TorchTensor x, boolean tanh) {
    return GELU.begin().tensor(x).string(form(tanh)).invoke(1).result(0);
  }

  public TorchTensor geluBackward(TorchTensor gradOut, TorchTensor x, boolean tanh) {
    return GELU_BACKWARD.begin().tensor(gradOut).tensor(x).string(form(tanh)).invoke(1).result(0);
  }

  private static String form(boolean tanh) {
    return tanh ? "tanh" : "none";
  }

  /** Softmax over one dimension; negative counts from the end. */
  public TorchTensor softmax(TorchTensor x, int dimension) {
    return SOFTMAX.begin().tensor(x).int64(dimension).bool(false).invoke(1).result(0);
  }

  /** From the gradient of softmax's result and that result. */
  public TorchTensor softmaxBackward(TorchTensor gradOut, TorchTensor out, int dimension) {
    return SOFTMAX_BACKWARD
        .begin()
        .tensor(gradOut)
        .tensor(out)
        .int64(dimension)
        .dtype(out.dtype())
        .invoke(1)
        .result(0);
  }
}
