package dev.nacelle.nativeaccess.loader;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Unpacks a jar into a cache as soon as a file appears; another process does the same. */
final class RacingProcess {
  private RacingProcess() {}

  /** Arguments: jar, cache, the file that starts the race, the file to write the folder to. */
  public static void main(String[] args) throws IOException, InterruptedException {
    JarLibraries libraries = FakeJar.libraries(Path.of(args[0]));
    NativeCache cache = new NativeCache(Path.of(args[1]));
    Files.createFile(Path.of(args[3] + ".ready"));
    while (!Files.exists(Path.of(args[2]))) {
      Thread.sleep(1);
    }
    Path folder = cache.provide(libraries);
    try (FileOutputStream out = new FileOutputStream(args[3])) {
      out.write(folder.toString().getBytes(StandardCharsets.UTF_8));
    }
  }
}
