package dev.nacelle.kernels.cpu;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.ProductChecks;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.lang.invoke.MethodHandle;

/**
 * The face of gemm/gemm.c and gemm/gemm.cu. It holds each thread's scratch (2 MiB with AVX-512,
 * none on a device) until closed.
 */
public final class CpuProducts implements Products, AutoCloseable {
  private final int threads;
  private final MethodHandle multiply;
  private final NativeBuffer workspace;

  public CpuProducts(NativeFunctions library) {
    threads = library.threads();
    multiply = library.bind("nk_gemm_forward", "PPPPLLLLLLIIIIIFFI");
    MethodHandle bytes = library.bindLong("nk_gemm_workspace", "I");
    try {
      workspace = NativeBuffer.allocate((long) bytes.invokeExact(threads));
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_gemm_workspace", t);
    }
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
          workspace.address(),
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
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_gemm_forward", t);
    }
  }

  /** The scratch of all threads, for kernels that multiply with the same loops in between. */
  public NativeBuffer workspace() {
    return workspace;
  }

  @Override
  public String library(long m, long n, long k, boolean transposeA, boolean transposeB) {
    return "nacelle";
  }

  @Override
  public void close() {
    workspace.close();
  }
}
