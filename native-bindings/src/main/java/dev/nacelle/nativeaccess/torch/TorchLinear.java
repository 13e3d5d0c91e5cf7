package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.I64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.ffm.CString;
import dev.nacelle.nativeaccess.ffm.Linking;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * A frozen weight packed once for oneDNN, and products with it: y = x · weightᵀ. The packed copy is
 * as large as the weight; for the gradient of x pack the transpose too. It runs in the OpenMP pool
 * that LibTorch and our kernels share.
 */
public final class TorchLinear implements AutoCloseable {
  private static final TorchOperator REORDER =
      TorchOperator.of("mkldnn::_reorder_linear_weight", "");
  private static final MethodHandle POINTWISE =
      TorchLibrary.bind(
          "aoti_torch_cpu__linear_pointwise",
          Linking.int32(PTR, PTR, PTR, PTR, PTR, I64, PTR, PTR));
  private static final long NOTHING_AFTER = CString.forever("none");
  private static final long NO_ALGORITHM = 0;

  private final TorchTensor packed;

  private TorchLinear(TorchTensor packed) {
    this.packed = packed;
  }

  /**
   * Packs a weight.
   *
   * @param weight (M, K), strided as it likes; fp32, or bf16 where oneDNN has it on this processor
   * @param rows how many rows x will usually have; the packing is best for it and right for all
   */
  public static TorchLinear pack(TorchTensor weight, long rows) {
    return new TorchLinear(REORDER.begin().tensor(weight).optional(rows).invoke(1).result(0));
  }

  /**
   * A new tensor x · weightᵀ + bias.
   *
   * @param x (N, K) in the weight's dtype
   * @param bias (M)
   */
  public TorchTensor apply(TorchTensor x, @Nullable TorchTensor bias) {
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc =
          (int)
              POINTWISE.invokeExact(
                  x.handle(),
                  packed.handle(),
                  f.optional(0, bias),
                  NOTHING_AFTER,
                  0L,
                  0L,
                  NO_ALGORITHM,
                  f.result(0));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("mkldnn::_linear_pointwise", x, packed, bias);
    }
    return f.tensor(0);
  }

  @Override
  public void close() {
    packed.close();
  }
}
