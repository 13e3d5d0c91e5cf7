package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Files that appear whole or not at all: written to a temporary name beside the target, flushed,
 * renamed, and the folder flushed, so that a crash leaves the old file or the new one.
 */
public final class AtomicFile {
  /** Ends the names of files that are being written; what is left of a killed process has it. */
  public static final String TEMPORARY_SUFFIX = ".nacelle-tmp";

  private static final Pattern TEMPORARY =
      Pattern.compile("\\.(.+)\\.\\d+-[0-9a-z]+" + Pattern.quote(TEMPORARY_SUFFIX));

  private AtomicFile() {}

  /** Writes the content. */
  @FunctionalInterface
  public interface Body {
    void writeTo(FileChannel channel) throws IOException;
  }

  /** Writes a text file as UTF-8. */
  public static void writeText(Path target, FaultInjector faults, String text) {
    writeBytes(target, faults, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a file of the given bytes. */
  public static void writeBytes(Path target, FaultInjector faults, byte[] bytes) {
    write(target, faults, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
  }

  /**
   * Writes a file; an existing one is replaced, a link's target rather than the link. When anything
   * fails the temporary file is removed and the old file stands.
   *
   * @throws NacelleException of kind ENVIRONMENT when the disk is full or the folder cannot be
   *     written
   */
  public static void write(Path target, FaultInjector faults, Body body) {
    Path temporary = null;
    try {
      Path whole = Files.isSymbolicLink(target) ? target.toRealPath() : target.toAbsolutePath();
      if (Files.isDirectory(whole)) {
        throw NacelleException.environment(
            "cannot write " + Quoted.path(target) + ": it is a folder",
            "name a file, or remove the folder",
            null);
      }
      temporary = temporaryBeside(whole);
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        if (faults.next(FaultInjector.Act.SAVE)) {
          throw new FileSystemException(
              temporary.toString(),
              null,
              "No space left on device (" + FaultInjector.VARIABLE + ")");
        }
        faults.reached(FaultInjector.Moment.FILE_BEGUN);
        body.writeTo(channel);
        channel.force(true);
      }
      faults.reached(FaultInjector.Moment.FILE_WRITTEN);
      Files.move(temporary, whole, StandardCopyOption.ATOMIC_MOVE);
      temporary = null;
      flushFolder(whole);
    } catch (IOException e) {
      throw failure(target, e);
    } finally {
      removeQuietly(temporary);
    }
  }

  /** Writes all that remains in the buffer. */
  public static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int ignored = channel.write(bytes);
    }
  }

  /** Flushes a folder's list of names, so that a rename survives a power cut. */
  public static void flushFolder(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    // A folder that is itself still being written is flushed once, when all is in it.
    if (folder != null && !folder.toString().endsWith(TEMPORARY_SUFFIX)) {
      flush(folder);
    }
  }

  /** Brings a folder's list of names, or a file's content, onto the disk. */
  static void flush(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static Path temporaryBeside(Path target) {
    String name = String.valueOf(target.getFileName());
    // Long names must not become too long for the file system.
    String stem = name.length() > 100 ? name.substring(0, 100) : name;
    String unique =
        ProcessHandle.current().pid()
            + "-"
            + Long.toUnsignedString(ThreadLocalRandom.current().nextLong(), 36);
    return target.resolveSibling("." + stem + "." + unique + TEMPORARY_SUFFIX);
  }

  private static void removeQuietly(@Nullable Path temporary) {
    if (temporary != null) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException ignored) {
        // The first failure is the one to report; its suffix tells what the file is.
      }
    }
  }

  /** The error for a file that could not be written, with what to do about it. */
  public static NacelleException failure(Path target, IOException e) {
    String reason =
        e instanceof FileSystemException f && f.getReason() != null
            ? f.getReason()
            : String.valueOf(e.getMessage());
    String lower = reason.toLowerCase(Locale.ROOT);
    String hint;
    if (lower.contains("no space") || lower.contains("quota")) {
      hint = "free some disk space or choose another folder, then run again; nothing was replaced";
    } else if (e instanceof AccessDeniedException || lower.contains("read-only")) {
      reason = e instanceof AccessDeniedException ? "no permission" : reason;
      hint = "choose a folder that this user may write";
    } else if (e instanceof FileAlreadyExistsException || lower.contains("not a directory")) {
      reason = "a file stands where a folder should";
      hint = "name another folder, or move that file away";
    } else if (e instanceof NoSuchFileException) {
      reason = "its folder does not exist";
      hint = "create the folder first";
    } else {
      hint = "check the folder and the disk";
    }
    return NacelleException.environment(
        "cannot write " + Quoted.path(lasting(target)) + ": " + reason, hint, e);
  }

  /** The path that it will have: folders being written have names that nobody has asked for. */
  private static Path lasting(Path path) {
    Path out = path.getRoot() == null ? Path.of("") : path.getRoot();
    for (Path part : path) {
      Matcher temporary = TEMPORARY.matcher(part.toString());
      out = out.resolve(temporary.matches() ? temporary.group(1) : part.toString());
    }
    return out;
  }
}
