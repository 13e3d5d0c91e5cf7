package dev.nacelle.kernels.cuda;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.ProductChecks;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import java.lang.invoke.MethodHandle;

/** The face of gemm/gemm.cu. */
public final class CudaProducts implements Products {
  private final MethodHandle multiply;

  public CudaProducts(CudaFunctions functions) {
    multiply = functions.bind("nk_gemm_forward", "PPPPLLLLLLIIIIIFFI");
  }

  @Override
  public void multiply(
      Operand c,
      Operand a,
      boolean transposeA,
      Operand b,
      boolean transposeB,
      float alpha,
      float beta) {
    ProductChecks sizes = ProductChecks.of(c, a, transposeA, b, transposeB);
    try {
      multiply.invokeExact(
          c.address(),
          0L,
          a.address(),
          b.address(),
          sizes.m(),
          sizes.n(),
          sizes.k(),
          c.stride(0),
          a.stride(0),
          b.stride(0),
          DTypeCodes.of(c.dtype()),
          DTypeCodes.of(a.dtype()),
          DTypeCodes.of(b.dtype()),
          transposeA ? 1 : 0,
          transposeB ? 1 : 0,
          alpha,
          beta,
          1);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_gemm_forward", t);
    }
  }

  @Override
  public String library(long m, long n, long k, boolean transposeA, boolean transposeB) {
    return "nacelle";
  }
}
