/**
 * Native libraries behind Java faces, for Nacelle's own modules alone. What is not exported is
 * nobody else's business: {@code ffm} links, and everything above it hides that.
 */
@SuppressWarnings("module") // the modules above this one are built after it
module dev.nacelle.nativeaccess {
  requires static org.jspecify;

  exports dev.nacelle.nativeaccess to
      dev.nacelle.kernels,
      dev.nacelle;
  exports dev.nacelle.nativeaccess.blas to
      dev.nacelle.kernels,
      dev.nacelle;
  exports dev.nacelle.nativeaccess.cuda to
      dev.nacelle.kernels,
      dev.nacelle;
  exports dev.nacelle.nativeaccess.loader to
      dev.nacelle.kernels,
      dev.nacelle;
  exports dev.nacelle.nativeaccess.threads to
      dev.nacelle.kernels,
      dev.nacelle;
  exports dev.nacelle.nativeaccess.torch to
      dev.nacelle.kernels,
      dev.nacelle;
}
