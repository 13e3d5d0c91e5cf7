package dev.nacelle.nativeaccess.loader;

import java.util.List;

/**
 * Libraries of the JavaCPP jars that are unpacked together, in the order in which they are opened.
 * The last one is what the bundle is for; of the others a platform may lack some.
 */
enum Bundle {
  OPENMP("openmp", "org/bytedeco/pytorch/", "org.bytedeco:pytorch", "libgomp.so.1"),
  OPENBLAS(
      "openblas",
      "org/bytedeco/openblas/",
      "org.bytedeco:openblas",
      "libgcc_s.so.1 libquadmath.so.0 libgfortran.so.5 libopenblas.so.0"),
  LIBTORCH(
      "libtorch", "org/bytedeco/pytorch/", "org.bytedeco:pytorch", "libc10.so libtorch_cpu.so");

  private final String label;
  private final String packagePath;
  private final String artifact;
  private final String libraries;

  Bundle(String label, String packagePath, String artifact, String libraries) {
    this.label = label;
    this.packagePath = packagePath;
    this.artifact = artifact;
    this.libraries = libraries;
  }

  String label() {
    return label;
  }

  /** For messages: group and artifact of the jar. */
  String artifact() {
    return artifact;
  }

  List<String> libraries() {
    return List.of(libraries.split(" "));
  }

  String main() {
    return libraries().getLast();
  }

  /** The class-path resource of one library on this platform. */
  String resource(String library) {
    return packagePath + Platform.name() + "/" + library;
  }
}
