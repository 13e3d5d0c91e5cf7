package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.F64;
import static dev.nacelle.nativeaccess.ffm.Linking.I32;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.ffm.Linking;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * LibTorch's blocked attention for processors, fp32 and bf16. Queries, keys and values are (B, H,
 * T, D), strided as they like with D adjacent, and have the same number of heads: expand grouped
 * heads before, or call once a group.
 */
public final class TorchAttention {
  private static final MethodHandle FORWARD =
      TorchLibrary.bind(
          "aoti_torch_cpu__scaled_dot_product_flash_attention_for_cpu",
          Linking.int32(PTR, PTR, PTR, F64, I32, PTR, PTR, PTR, PTR));
  private static final MethodHandle BACKWARD =
      TorchLibrary.bind(
          "aoti_torch_cpu__scaled_dot_product_flash_attention_for_cpu_backward",
          Linking.int32(PTR, PTR, PTR, PTR, PTR, PTR, F64, I32, PTR, PTR, PTR, PTR, PTR));

  TorchAttention() {}

  /**
   * What forward gives.
   *
   * @param out (B, H, T, D), its heads interleaved in memory as (B, T, H, D)
   * @param logSumExp (B, H, T) fp32, its time before its heads in memory
   */
  public record Forward(TorchTensor out, TorchTensor logSumExp) implements AutoCloseable {
    @Override
    public void close() {
      out.close();
      logSumExp.close();
    }
  }

  /** Gradients of queries, keys and values, each in its shape. */
  public record Gradients(TorchTensor q, TorchTensor k, TorchTensor v) implements AutoCloseable {
    @Override
    public void close() {
      q.close();
      k.close();
      v.close();
    }
  }

  /**
   * softmax(scale · q·kᵀ + mask) · v.
   *
   * @param mask added to the scores, broadcast to (B, H, T, S); not together with {@code causal}
   * @param scale 1/√D usually
   */
  public Forward forward(
      TorchTensor q,
      TorchTensor k,
      TorchTensor v,
      boolean causal,
      @Nullable TorchTensor mask,
      double scale) {
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc =
          (int)
              FORWARD.invokeExact(
                  q.handle(),
                  k.handle(),
                  v.handle(),
                  0.0,
                  causal ? 1 : 0,
                  f.optional(0, mask),
                  f.optional(1, scale),
                  f.result(0),
                  f.result(1));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::_scaled_dot_product_flash_attention_for_cpu", q, k, v, mask);
    }
    return new Forward(f.tensor(0), f.tensor(1));
  }

  /** The gradients, from what forward was given and gave. */
  public Gradients backward(
      TorchTensor gradOut,
      TorchTensor q,
      TorchTensor k,
      TorchTensor v,
      Forward forward,
      boolean causal,
      @Nullable TorchTensor mask,
      double scale) {
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc =
          (int)
              BACKWARD.invokeExact(
                  gradOut.handle(),
                  q.handle(),
                  k.handle(),
                  v.handle(),
                  forward.out().handle(),
                  forward.logSumExp().handle(),
                  0.0,
                  causal ? 1 : 0,
                  f.optional(0, mask),
                  f.optional(1, scale),
                  f.result(0),
                  f.result(1),
                  f.result(2));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed(
          "aten::_scaled_dot_product_flash_attention_for_cpu_backward", gradOut, q, k, v, mask);
    }
    return new Gradients(f.tensor(0), f.tensor(1), f.tensor(2));
  }
}
