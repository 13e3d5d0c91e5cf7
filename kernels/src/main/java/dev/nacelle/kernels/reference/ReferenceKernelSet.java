package dev.nacelle.kernels.reference;

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

/** The operators in plain Java, where no C library could be built or loaded. */
public final class ReferenceKernelSet implements KernelSet {
  private final String reason;
  private final int threads;
  private final Products products = new ReferenceProducts();
  private final Elementwise elementwise = new ReferenceElementwise();

  /**
   * @param reason why the C library does not run, with what to install
   */
  public ReferenceKernelSet(int threads, String reason) {
    this.threads = threads;
    this.reason = reason;
  }

  @Override
  public Backend backend() {
    return Backend.REFERENCE;
  }

  @Override
  public String isaLevel() {
    return "java";
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public String fallbackReason() {
    return reason;
  }

  @Override
  public RmsNorm rmsNorm() {
    throw new UnsupportedOperationException("rms_norm has no Java reference");
  }

  @Override
  public Rope rope() {
    throw new UnsupportedOperationException("rope has no Java reference");
  }

  @Override
  public SwiGlu swiGlu() {
    throw new UnsupportedOperationException("swiglu has no Java reference");
  }

  @Override
  public CrossEntropy crossEntropy() {
    throw new UnsupportedOperationException("cross_entropy has no Java reference");
  }

  @Override
  public AdamW adamW() {
    throw new UnsupportedOperationException("adamw has no Java reference");
  }

  @Override
  public ClipGradNorm clipGradNorm() {
    throw new UnsupportedOperationException("clip_grad_norm has no Java reference");
  }

  @Override
  public Products products() {
    return products;
  }

  @Override
  public Attention attention() {
    throw new UnsupportedOperationException("attention has no Java reference");
  }

  @Override
  public Elementwise elementwise() {
    return elementwise;
  }

  @Override
  public void close() {}
}
