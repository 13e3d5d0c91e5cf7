/**
 * Nacelle. Its root package is the whole public interface; {@link dev.nacelle.Nacelle} is where a
 * program begins.
 */
module dev.nacelle {
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.databind;
  requires dev.nacelle.devices;
  requires dev.nacelle.kernels;
  requires dev.nacelle.nativeaccess;
  requires info.picocli;
  requires java.net.http;
  // Ctrl-C: sun.misc.Signal has no successor. Found by name, so that the compiler does not warn.
  requires jdk.unsupported;
  // The maker of the demonstration's data runs in a process of its own, on the class path.
  requires static extjwnl;
  requires static org.jspecify;

  exports dev.nacelle;

  opens dev.nacelle.cli to
      info.picocli;
  opens dev.nacelle.cli.op to
      info.picocli;
  opens dev.nacelle.memory.technique to
      com.fasterxml.jackson.databind;
}
