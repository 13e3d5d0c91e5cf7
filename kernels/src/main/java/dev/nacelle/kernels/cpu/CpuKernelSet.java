package dev.nacelle.kernels.cpu;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Attention;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.ClipGradNorm;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.RmsNorm;
import dev.nacelle.kernels.Rope;
import dev.nacelle.kernels.SwiGlu;

/** The operators of the C library. */
public final class CpuKernelSet implements KernelSet {
  private final KernelLibrary library;
  private final CpuProducts products;
  private final Elementwise elementwise;

  public CpuKernelSet(KernelLibrary library) {
    this.library = library;
    this.products = new CpuProducts(library);
    this.elementwise = new CpuElementwise(library);
  }

  @Override
  public Backend backend() {
    return Backend.CPU;
  }

  @Override
  public String isaLevel() {
    return library.level().label();
  }

  @Override
  public int threads() {
    return library.threads();
  }

  @Override
  public RmsNorm rmsNorm() {
    throw new UnsupportedOperationException("rms_norm is not in the C library");
  }

  @Override
  public Rope rope() {
    throw new UnsupportedOperationException("rope is not in the C library");
  }

  @Override
  public SwiGlu swiGlu() {
    throw new UnsupportedOperationException("swiglu is not in the C library");
  }

  @Override
  public CrossEntropy crossEntropy() {
    throw new UnsupportedOperationException("cross_entropy is not in the C library");
  }

  @Override
  public AdamW adamW() {
    throw new UnsupportedOperationException("adamw is not in the C library");
  }

  @Override
  public ClipGradNorm clipGradNorm() {
    throw new UnsupportedOperationException("clip_grad_norm is not in the C library");
  }

  @Override
  public Products products() {
    return products;
  }

  @Override
  public Attention attention() {
    throw new UnsupportedOperationException("attention is not in the C library");
  }

  @Override
  public Elementwise elementwise() {
    return elementwise;
  }

  /** Gives scratch back; the library stays loaded. */
  @Override
  public void close() {
    products.close();
  }
}
