/**
 * Native libraries behind Java faces. What is not exported is nobody else's business: {@code ffm}
 * links, and everything above it hides that.
 */
module dev.nacelle.nativeaccess {
  requires static org.jspecify;

  exports dev.nacelle.nativeaccess;
  exports dev.nacelle.nativeaccess.blas;
  exports dev.nacelle.nativeaccess.loader;
  exports dev.nacelle.nativeaccess.threads;
  exports dev.nacelle.nativeaccess.torch;
}
