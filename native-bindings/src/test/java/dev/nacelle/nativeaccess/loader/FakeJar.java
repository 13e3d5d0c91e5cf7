package dev.nacelle.nativeaccess.loader;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** A jar with the names of OpenBLAS's libraries and noise inside. */
final class FakeJar {
  static final int BYTES = 3_000_000;

  private FakeJar() {}

  static Path write(Path file, long seed) throws IOException {
    Random random = new Random(seed);
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(file))) {
      for (String name : Bundle.OPENBLAS.libraries()) {
        byte[] noise = new byte[BYTES / 4];
        random.nextBytes(noise);
        out.putNextEntry(new JarEntry(Bundle.OPENBLAS.resource(name)));
        out.write(noise);
        out.closeEntry();
      }
    }
    return file;
  }

  /** Sees the jar and nothing else. */
  static URLClassLoader loader(Path jar) throws MalformedURLException {
    return new URLClassLoader(new URL[] {jar.toUri().toURL()}, null);
  }

  static JarLibraries libraries(Path jar) throws IOException {
    try (URLClassLoader loader = loader(jar)) {
      return JarLibraries.find(Bundle.OPENBLAS, loader).orElseThrow();
    }
  }
}
