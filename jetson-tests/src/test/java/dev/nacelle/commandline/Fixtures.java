package dev.nacelle.commandline;

import dev.nacelle.file.TensorSource;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The recorded tiny models and cases, and copies of them to be spoilt. */
public final class Fixtures {
  private Fixtures() {}

  static Path goldens() {
    try {
      return Path.of(
              Objects.requireNonNull(Fixtures.class.getResource("/goldens/peft/MANIFEST.json"))
                  .toURI())
          .resolveSibling(".");
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  public static Path model(String name) {
    return goldens().resolve("models").resolve(name).normalize();
  }

  /** A recorded case's folder. */
  public static Path example(String name) {
    return goldens().resolve(name).normalize();
  }

  /** Whether a folder is a recorded case whose losses are those of a base with an adapter. */
  static boolean hasInitialAdapter(Path folder) {
    Path file = folder.resolve("case.json");
    try {
      return Files.exists(file)
          && Outcome.JSON.readTree(file.toFile()).path("flags").has("init-adapter");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A copy of a folder's files. */
  public static Path copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
    return to;
  }

  static Path write(Path file, String... lines) throws IOException {
    return Files.write(file, List.of(lines));
  }

  /** Names of all files below a folder; a run that failed leaves none behind. */
  public static List<String> files(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile)
          .map(f -> folder.relativize(f).toString())
          .sorted()
          .collect(Collectors.toCollection(ArrayList::new));
    }
  }

  /** The elements of a tensor, widened. */
  public static float[] floats(TensorSource source, String name) {
    float[] out = new float[Math.toIntExact(source.entry(name).elements())];
    try (NativeBuffer wide = NativeBuffer.allocate(4L * out.length)) {
      source.readFloat32(name, wide);
      wide.read(0, out, 0, out.length);
    }
    return out;
  }
}
