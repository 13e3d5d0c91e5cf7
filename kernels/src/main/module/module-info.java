/** Each operator once, for Nacelle's own modules alone; programs reach them through its root. */
@SuppressWarnings("module") // the module above this one is built after it
module dev.nacelle.kernels {
  requires transitive dev.nacelle.nativeaccess;
  requires static org.jspecify;

  exports dev.nacelle.kernels to
      dev.nacelle;
  exports dev.nacelle.kernels.adamw to
      dev.nacelle;
  exports dev.nacelle.kernels.backend to
      dev.nacelle;
  exports dev.nacelle.kernels.cpu to
      dev.nacelle;
  exports dev.nacelle.kernels.operator to
      dev.nacelle;
  exports dev.nacelle.kernels.quant to
      dev.nacelle;
  exports dev.nacelle.kernels.registry to
      dev.nacelle;
}
