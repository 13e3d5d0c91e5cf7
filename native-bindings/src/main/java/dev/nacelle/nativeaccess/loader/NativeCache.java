package dev.nacelle.nativeaccess.loader;

import dev.nacelle.nativeaccess.NativeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where the jars' libraries lie unpacked, one folder a bundle and build. A folder appears by one
 * atomic rename, under a lock that other processes respect, so two that start at once unpack once
 * and neither sees half a file. A damaged folder is moved away and unpacked anew.
 */
final class NativeCache {
  private static final Object IN_THIS_PROCESS = new Object();
  private static final String TEMPORARY = ".tmp-";

  private final Path root;

  NativeCache(Path root) {
    this.root = root;
  }

  /** The libraries' part of this user's {@link CacheFolder}. */
  static NativeCache of(UnaryOperator<@Nullable String> environment) {
    return new NativeCache(CacheFolder.of(environment).resolve("native"));
  }

  Path root() {
    return root;
  }

  /**
   * The folder with these libraries, unpacked and checked.
   *
   * @throws NativeException if the cache cannot be written or the disk is full
   */
  Path provide(JarLibraries libraries) {
    Path folder = root.resolve(libraries.folderName());
    if (fault(folder, libraries).isEmpty()) {
      return folder;
    }
    synchronized (IN_THIS_PROCESS) {
      try {
        createPrivate(root);
        try (FileChannel channel =
                FileChannel.open(
                    root.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.lock()) {
          if (!lock.isValid()) {
            throw new IOException("the lock of " + root + " was lost");
          }
          if (fault(folder, libraries).isPresent()) {
            replace(folder, libraries);
          }
        }
      } catch (IOException e) {
        throw new NativeException(
            "cannot unpack "
                + libraries.bundle().label()
                + " ("
                + libraries.bytes()
                + " bytes) into "
                + folder
                + ": "
                + e
                + ". Free disk space there, or set NACELLE_CACHE to a folder that can be written.",
            e);
      }
    }
    return folder;
  }

  private static Optional<String> fault(Path folder, JarLibraries libraries) {
    List<String> names = libraries.entries().stream().map(JarLibraries.Entry::name).toList();
    return Manifest.read(folder)
        .map(manifest -> manifest.fault(folder, names))
        .orElse(Optional.of("nothing unpacked yet"));
  }

  private void replace(Path folder, JarLibraries libraries) throws IOException {
    // Only the holder of the lock unpacks, so whatever is half done was left by a dead process.
    try (Stream<Path> files = Files.list(root)) {
      for (Path stale :
          files.filter(f -> String.valueOf(f.getFileName()).contains(TEMPORARY)).toList()) {
        delete(stale);
      }
    }
    long free = Files.getFileStore(root).getUsableSpace();
    if (free < libraries.bytes()) {
      throw new IOException("only " + free + " bytes are free");
    }
    String suffix = TEMPORARY + ProcessHandle.current().pid();
    Path fresh = root.resolve(folder.getFileName() + suffix);
    createPrivate(fresh);
    List<Manifest.Line> lines = new ArrayList<>();
    for (JarLibraries.Entry entry : libraries.entries()) {
      lines.add(unpack(entry, fresh.resolve(entry.name())));
    }
    new Manifest(lines).write(fresh);
    if (Files.exists(folder)) {
      Path damaged = root.resolve(folder.getFileName() + "-damaged" + suffix);
      Files.move(folder, damaged, StandardCopyOption.ATOMIC_MOVE);
      Files.move(fresh, folder, StandardCopyOption.ATOMIC_MOVE);
      delete(damaged);
    } else {
      Files.move(fresh, folder, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static Manifest.Line unpack(JarLibraries.Entry entry, Path file) throws IOException {
    MessageDigest digest = Manifest.digest();
    long bytes;
    try (InputStream in = entry.open();
        OutputStream out = new DigestOutputStream(Files.newOutputStream(file), digest)) {
      bytes = in.transferTo(out);
    }
    if (bytes != entry.bytes()) {
      throw new IOException(
          entry.url() + " gave " + bytes + " bytes, its jar lists " + entry.bytes());
    }
    return Manifest.line(file, HexFormat.of().formatHex(digest.digest()));
  }

  private static void createPrivate(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  private static void delete(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
