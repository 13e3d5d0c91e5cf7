package dev.nacelle.nativeaccess.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Compiled kernels on disk, by content: a file's name is a digest of all that went into it, its
 * first 32 bytes the digest of the rest. A file that does not match itself is deleted and made
 * again. A folder that cannot be written is no reason to stop: then nothing is kept.
 *
 * <p>The name has two parts, that of the source (with headers, options, architecture, kind) and
 * that of the compiler, so that a machine that has lost its compiler still finds what it once made.
 */
final class KernelCache {
  /** Of the files' layout and of what is digested; a new number forgets all older files. */
  private static final int FORMAT = 1;

  private static final int DIGEST = 32;

  private final Path folder;
  private int damaged;
  private boolean writable = true;

  KernelCache(Path folder) {
    this.folder = folder;
  }

  /**
   * What is asked for.
   *
   * @param real a CUBIN for exactly this architecture; else PTX
   */
  record Key(KernelSource source, int architecture, boolean real) {
    String digest() {
      MessageDigest sha = sha256();
      add(sha, "nacelle kernel cache " + FORMAT);
      add(sha, (real ? "sm_" : "compute_") + architecture);
      source.options().stream().sorted().forEach(option -> add(sha, option));
      add(sha, source.name());
      add(sha, source.text());
      source
          .headers()
          .forEach(
              (name, text) -> {
                add(sha, name);
                add(sha, text);
              });
      return HexFormat.of().formatHex(sha.digest(), 0, 20);
    }

    String suffix() {
      return real ? ".cubin" : ".ptx";
    }
  }

  /** A part's length goes first, so that no two lists of parts digest alike. */
  private static void add(MessageDigest sha, String part) {
    byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
    sha.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
    sha.update(bytes);
  }

  /** A short digest of a compiler's name: its version, and the sizes of its libraries. */
  static String compiler(String about) {
    MessageDigest sha = sha256();
    add(sha, about);
    return HexFormat.of().formatHex(sha.digest(), 0, 8);
  }

  /**
   * Reads what was kept.
   *
   * @param compiler its digest; empty for any compiler's, the newest file first
   */
  Optional<byte[]> find(Key key, String compiler) {
    if (!compiler.isEmpty()) {
      return read(folder.resolve(name(key, compiler)));
    }
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(folder, key.digest() + "-*" + key.suffix())) {
      found.forEach(files::add);
    } catch (IOException e) {
      return Optional.empty();
    }
    files.sort((a, b) -> Long.compare(b.toFile().lastModified(), a.toFile().lastModified()));
    return files.stream().map(this::read).flatMap(Optional::stream).findFirst();
  }

  private Optional<byte[]> read(Path file) {
    byte[] all;
    try {
      all = Files.readAllBytes(file);
    } catch (IOException e) {
      return Optional.empty();
    }
    if (all.length > DIGEST) {
      byte[] image = Arrays.copyOfRange(all, DIGEST, all.length);
      if (MessageDigest.isEqual(Arrays.copyOf(all, DIGEST), sha256().digest(image))) {
        return Optional.of(image);
      }
    }
    damaged++;
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      return Optional.empty(); // it is compiled again all the same
    }
    return Optional.empty();
  }

  /** Keeps an image. Whether that worked. */
  boolean keep(Key key, String compiler, byte[] image) {
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
      Path beside = Files.createTempFile(folder, "kernel", ".tmp");
      try {
        byte[] all = Arrays.copyOf(sha256().digest(image), DIGEST + image.length);
        System.arraycopy(image, 0, all, DIGEST, image.length);
        Files.write(beside, all);
        move(beside, folder.resolve(name(key, compiler)));
      } finally {
        Files.deleteIfExists(beside);
      }
      return true;
    } catch (IOException | UnsupportedOperationException e) {
      writable = false;
      return false;
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static String name(Key key, String compiler) {
    return key.digest() + "-" + compiler + key.suffix();
  }

  Path folder() {
    return folder;
  }

  /** Files that did not match their own digest and were deleted. */
  int damaged() {
    return damaged;
  }

  /** Whether nothing has failed to be written. */
  boolean isWritable() {
    return writable;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every JDK has it
    }
  }
}
