package dev.nacelle.kernels;

/** What executes an operator. */
public enum Backend {
  /** Our C library. */
  CPU,
  /** CUDA sources compiled by NVRTC, on a GPU. */
  CUDA,
  /** Plain Java, slow and readable: what everything else is compared with. */
  REFERENCE;

  /** The name on the command line. */
  public String label() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
