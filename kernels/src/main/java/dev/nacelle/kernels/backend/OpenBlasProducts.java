package dev.nacelle.kernels.backend;

import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.ProductChecks;
import dev.nacelle.kernels.Products;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.blas.Blas;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * OpenBLAS for fp32; what it does not take goes to another implementation, or, where that is the
 * slow reference, through fp32 copies.
 */
final class OpenBlasProducts implements Products {
  /** Multiplications below which the reference is as fast as copying. */
  private static final long SMALL = 4096;

  private final Blas blas;
  private final int threads;
  private final Products other;
  private final @Nullable Elementwise widening;

  /**
   * @param widening converts bf16 and fp16 into fp32 copies for OpenBLAS; null sends such operands
   *     to {@code other}
   */
  OpenBlasProducts(Blas blas, int threads, Products other, @Nullable Elementwise widening) {
    this.blas = blas;
    this.threads = threads;
    this.other = other;
    this.widening = widening;
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
    double work = (double) sizes.m() * sizes.n() * sizes.k();
    if (work == 0 || (widening != null && work < SMALL)) {
      other.multiply(c, a, transposeA, b, transposeB, alpha, beta);
    } else if (takes(c) && takes(a) && takes(b)) {
      sgemm(sizes, c, a, transposeA, b, transposeB, alpha, beta);
    } else if (widening == null) {
      other.multiply(c, a, transposeA, b, transposeB, alpha, beta);
    } else {
      widened(widening, sizes, c, a, transposeA, b, transposeB, alpha, beta);
    }
  }

  /** Whether OpenBLAS's int sizes and strides can say it. */
  private static boolean takes(Operand x) {
    return x.dtype() == DType.FP32
        && x.size(0) <= Integer.MAX_VALUE
        && x.stride(0) <= Integer.MAX_VALUE
        && x.stride(0) >= x.size(1);
  }

  private void sgemm(
      ProductChecks sizes,
      Operand c,
      Operand a,
      boolean transposeA,
      Operand b,
      boolean transposeB,
      float alpha,
      float beta) {
    blas.withThreads(
        threads,
        () ->
            blas.sgemm(
                transposeA,
                transposeB,
                (int) sizes.m(),
                (int) sizes.n(),
                (int) sizes.k(),
                alpha,
                a.address(),
                (int) a.stride(0),
                b.address(),
                (int) b.stride(0),
                beta,
                c.address(),
                (int) c.stride(0)));
  }

  private void widened(
      Elementwise convert,
      ProductChecks sizes,
      Operand c,
      Operand a,
      boolean transposeA,
      Operand b,
      boolean transposeB,
      float alpha,
      float beta) {
    List<NativeBuffer> copies = new ArrayList<>();
    try {
      Operand wideA = copy(convert, copies, a, true);
      Operand wideB = copy(convert, copies, b, true);
      Operand wideC = copy(convert, copies, c, beta != 0);
      sgemm(sizes, wideC, wideA, transposeA, wideB, transposeB, alpha, beta);
      if (wideC != c) {
        convert.convert(c, wideC);
      }
    } finally {
      copies.forEach(NativeBuffer::close);
    }
  }

  private static Operand copy(
      Elementwise convert, List<NativeBuffer> copies, Operand x, boolean filled) {
    if (takes(x)) {
      return x;
    }
    NativeBuffer buffer = NativeBuffer.allocate(x.elements() * DType.FP32.bytes());
    copies.add(buffer);
    Operand wide = Operand.of(buffer, DType.FP32, x.shape());
    if (filled) {
      convert.convert(wide, x);
    }
    return wide;
  }

  @Override
  public String library(long m, long n, long k, boolean transposeA, boolean transposeB) {
    return "openblas";
  }
}
