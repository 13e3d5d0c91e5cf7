package dev.nacelle.nativeaccess.torch;

/** Losses over whole logits; the engine's own fused head is in kernels. */
public final class TorchLoss {
  private static final TorchOperator LOG_SOFTMAX = TorchOperator.of("aten::_log_softmax", "");
  private static final TorchOperator LOG_SOFTMAX_BACKWARD =
      TorchOperator.of("aten::_log_softmax_backward_data", "");
  private static final TorchOperator NLL = TorchOperator.of("aten::nll_loss_forward", "");
  private static final TorchOperator NLL_BACKWARD = TorchOperator.of("aten::nll_loss_backward", "");

  /** LibTorch's number of the reduction by mean. */
  private static final long MEAN = 1;

  TorchLoss() {}

  /**
   * What the mean cross entropy saves for its gradient.
   *
   * @param loss a scalar
   * @param logProbabilities (N, V)
   * @param weight a scalar: how many targets counted
   */
  public record CrossEntropy(TorchTensor loss, TorchTensor logProbabilities, TorchTensor weight)
      implements AutoCloseable {
    @Override
    public void close() {
      loss.close();
      logProbabilities.close();
      weight.close();
    }
  }

  /**
   * Mean cross entropy.
   *
   * @param logits (N, V)
   * @param targets (N) i64
   * @param ignore the target that counts nothing, −100 by custom
   */
  public CrossEntropy crossEntropy(TorchTensor logits, TorchTensor targets, long ignore) {
    TorchTensor log = LOG_SOFTMAX.begin().tensor(logits).int64(-1).bool(false).invoke(1).result(0);
    try {
      TorchOperator.Call call =
          NLL.begin().tensor(log).tensor(targets).none().int64(MEAN).int64(ignore).invoke(2);
      return new CrossEntropy(call.result(0), log, call.result(1));
    } catch (RuntimeException e) {
      log.close();
      throw e;
    }
  }

  /**
   * The gradient of the logits (N, V).
   *
   * @param gradLoss a scalar
   */
  public TorchTensor crossEntropyBackward(
      TorchTensor gradLoss, CrossEntropy forward, TorchTensor targets, long ignore) {
    TorchTensor log = forward.logProbabilities();
    try (TorchTensor gradLog =
        NLL_BACKWARD
            .begin()
            .tensor(gradLoss)
            .tensor(log)
            .tensor(targets)
            .none()
            .int64(MEAN)
            .int64(ignore)
            .tensor(forward.weight())
            .invoke(1)
            .result(0)) {
      return LOG_SOFTMAX_BACKWARD
          .begin()
          .tensor(gradLog)
          .tensor(log)
          .int64(-1)
          .dtype(log.dtype())
          .invoke(1)
          .result(0);
    }
  }
}
