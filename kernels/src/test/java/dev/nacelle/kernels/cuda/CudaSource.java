package dev.nacelle.kernels.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A .cu file with what it includes.
 *
 * @param folder its operator's
 * @param text of the file itself
 * @param digest of the file and of all headers behind it
 */
record CudaSource(String folder, String text, String digest) {
  private static final Path NATIVE = Path.of("src/main/native");
  private static final List<String> SHARED = List.of("cuda", "common", ".");
  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"([^\"]+)\"");

  /** Every one of the module. */
  static List<CudaSource> all() throws IOException {
    try (Stream<Path> files = Files.walk(NATIVE)) {
      return files.filter(f -> f.toString().endsWith(".cu")).sorted().map(CudaSource::read).toList();
    }
  }

  private static CudaSource read(Path file) {
    try {
      Map<Path, String> texts = new TreeMap<>();
      String folder = file.getParent().getFileName().toString();
      gather(file, file.getParent(), texts);
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String text : texts.values()) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
      }
      String hex = HexFormat.of().formatHex(digest.digest(), 0, 8);
      return new CudaSource(folder, Files.readString(file), hex);
    } catch (IOException | NoSuchAlgorithmException e) {
      throw new IllegalStateException("cannot read " + file, e);
    }
  }

  private static void gather(Path file, Path home, Map<Path, String> texts) throws IOException {
    String text = Files.readString(file);
    if (texts.put(file.normalize(), text) != null) {
      return;
    }
    Matcher include = INCLUDE.matcher(text);
    while (include.find()) {
      String name = include.group(1);
      Stream<Path> places =
          Stream.concat(
              Stream.of(home, file.getParent()), SHARED.stream().map(NATIVE::resolve));
      Path found =
          places.map(p -> p.resolve(name)).filter(Files::isRegularFile).findFirst().orElse(null);
      // The emulation's header and the C library's own are not on NVRTC's path.
      if (found != null && !name.equals("nk.h")) {
        gather(found, home, texts);
      }
    }
  }

  /** What the compiler is told; the architecture is a number as 87. */
  List<String> options(int architecture) {
    Path root = NATIVE.toAbsolutePath();
    return List.of(
        "--gpu-architecture=sm_" + architecture,
        "--std=c++17",
        "--fmad=false",
        "--ptxas-options=-v",
        "-I" + root.resolve(folder),
        "-I" + root.resolve("cuda"),
        "-I" + root.resolve("common"),
        "-I" + root);
  }

  /** Why a kernel may spill, if its source says so: a comment "Spills (kernel): reason". */
  boolean explainsSpills(String kernel) {
    return text.contains("Spills (" + kernel + "): ");
  }
}
