package dev.nacelle.nativeaccess.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The folder of NVIDIA's own cuda.h, from a toolkit or out of its wheel. */
final class CudaHeaders {
  private static final String WHEEL = "nvidia-cuda-runtime==13.2.86";

  private CudaHeaders() {}

  static Optional<Path> find() {
    for (String known :
        List.of(
            System.getProperty("nacelle.cuda.include", ""),
            "/usr/local/cuda/include",
            "/usr/include")) {
      if (!known.isEmpty() && Files.isReadable(Path.of(known, "cuda.h"))) {
        return Optional.of(Path.of(known));
      }
    }
    return Wheels.unpacked(WHEEL).flatMap(CudaHeaders::inside);
  }

  private static Optional<Path> inside(Path unpacked) {
    try (Stream<Path> files = Files.walk(unpacked)) {
      return files
          .filter(f -> f.endsWith("include/cuda.h"))
          .map(f -> f.resolveSibling(""))
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
