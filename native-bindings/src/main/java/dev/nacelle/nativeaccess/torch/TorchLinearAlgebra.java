package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.F64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.ffm.Linking;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** Matrix products through LibTorch, which multiplies by OpenBLAS (jar) or MKL (wheel) in fp32. */
public final class TorchLinearAlgebra {
  private static final MethodHandle MM_OUT =
      TorchLibrary.bind("aoti_torch_cpu_mm_out", Linking.int32(PTR, PTR, PTR));
  private static final MethodHandle ADDMM_OUT =
      TorchLibrary.bind("aoti_torch_cpu_addmm_out", Linking.int32(PTR, PTR, PTR, PTR, F64, F64));
  private static final TorchOperator LINEAR = TorchOperator.of("aten::linear", "");

  TorchLinearAlgebra() {}

  /** out (M, N) = a (M, K) · b (K, N). */
  public void mm(TorchTensor out, TorchTensor a, TorchTensor b) {
    int rc;
    try {
      rc = (int) MM_OUT.invokeExact(out.handle(), a.handle(), b.handle());
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::mm.out", out, a, b);
    }
  }

  /** out (M, N) = beta · c (N) or (M, N) + alpha · a (M, K) · b (K, N). */
  public void addmm(
      TorchTensor out, TorchTensor c, TorchTensor a, TorchTensor b, double beta, double alpha) {
    int rc;
    try {
      rc =
          (int)
              ADDMM_OUT.invokeExact(out.handle(), c.handle(), a.handle(), b.handle(), beta, alpha);
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::addmm.out", out, c, a, b);
    }
  }

  /** x (…, K) · weight (M, K) transposed, plus bias (M). */
  public TorchTensor linear(TorchTensor x, TorchTensor weight, @Nullable TorchTensor bias) {
    return LINEAR.begin().tensor(x).tensor(weight).optional(bias).invoke(1).result(0);
  }
}
