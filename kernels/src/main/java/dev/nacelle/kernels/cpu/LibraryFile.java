package dev.nacelle.kernels.cpu;

import dev.nacelle.nativeaccess.NativeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where the C library's file is: the folder that the property {@value #PROPERTY} names, or the
 * class path. In a folder of classes it is loaded from there; out of a jar it is unpacked once into
 * the cache under the digest of its bytes, so that versions never meet and two processes that start
 * at once write the same file.
 */
final class LibraryFile {
  /** A folder (or file) with the library, which then is taken as it is. */
  static final String PROPERTY = "nacelle.kernels.library";

  static final String NAME = "libnacelle_kernels.so";

  private LibraryFile() {}

  /** The library's path, or the sentence that says why there is none. */
  record Found(@Nullable Path path, String reason) {}

  static Found find(Path cache) {
    String property = System.getProperty(PROPERTY);
    if (property != null) {
      Path given = Path.of(property);
      Path file = Files.isDirectory(given) ? given.resolve(NAME) : given;
      return Files.isRegularFile(file)
          ? new Found(file, "")
          : new Found(
              null, "the property " + PROPERTY + " names " + file + ", which does not exist");
    }
    String folder = "/native/" + platform() + "/";
    URL resource = LibraryFile.class.getResource(folder + NAME);
    if (resource == null) {
      return new Found(null, missing(folder));
    }
    try {
      if (resource.getProtocol().equals("file")) {
        return new Found(Path.of(new URI(resource.toString())), "");
      }
      return new Found(unpack(resource, cache), "");
    } catch (IOException | URISyntaxException e) {
      return new Found(
          null, "the C kernels could not be unpacked into " + cache + " (" + e.getMessage() + ")");
    }
  }

  /** The name of the folder: {@code linux-x86_64}, as build.sh names it. */
  static String platform() {
    String arch = System.getProperty("os.arch", "");
    String name = arch.equals("amd64") ? "x86_64" : arch;
    return System.getProperty("os.name", "").toLowerCase(Locale.ROOT) + "-" + name;
  }

  /** The build's own reason, where it left one. */
  private static String missing(String folder) {
    try (InputStream in = LibraryFile.class.getResourceAsStream(folder + "missing.txt")) {
      if (in != null) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return "this build of Nacelle holds no C kernels for " + platform();
  }

  private static Path unpack(URL resource, Path cache) throws IOException {
    byte[] bytes;
    try (InputStream in = resource.openStream()) {
      bytes = in.readAllBytes();
    }
    Path folder = cache.resolve("kernels").resolve(digest(bytes));
    Path file = folder.resolve(NAME);
    if (Files.isRegularFile(file) && Files.size(file) == bytes.length) {
      return file;
    }
    Files.createDirectories(folder);
    Path fresh = Files.createTempFile(folder, "unpack", ".tmp");
    try {
      Files.write(fresh, bytes);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
    return file;
  }

  private static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes), 0, 12);
    } catch (NoSuchAlgorithmException e) {
      throw new NativeException("this JDK has no SHA-256", e);
    }
  }
}
