package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Opening files for reading, with an error for each way in which that fails. */
final class MappedFile {
  private MappedFile() {}

  /**
   * Maps a regular file read-only; the caller closes the buffer.
   *
   * @param what what the file should be, with its article: "a safetensors file"
   * @param smallest bytes below which it cannot be one
   */
  static NativeBuffer open(Path file, String what, long smallest) {
    requireRegular(file, what);
    try {
      long size = Files.size(file);
      if (size < smallest) {
        throw NacelleException.input(
            Quoted.path(file)
                + " holds "
                + size
                + " bytes, and "
                + what
                + " has at least "
                + smallest,
            "the file is cut short or empty; fetch or write it again");
      }
      return NativeMemory.map(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /** Refuses what is missing, a folder, or no regular file. */
  static void requireRegular(Path file, String what) {
    if (Files.isDirectory(file)) {
      throw NacelleException.input(
          Quoted.path(file) + " is a folder, not " + what, "name the file inside it");
    }
    if (!Files.exists(file)) {
      throw NacelleException.input(
          Quoted.path(file) + " does not exist", "check the path; expected was " + what);
    }
    if (!Files.isRegularFile(file)) {
      throw NacelleException.input(
          Quoted.path(file) + " is no regular file", "copy its content into a file first");
    }
  }

  /** The error for a file that exists and yet cannot be read. */
  static NacelleException unreadable(Path file, IOException e) {
    if (e instanceof NoSuchFileException) {
      return new NacelleException(
          NacelleException.Kind.INPUT, Quoted.path(file) + " does not exist", "check the path", e);
    }
    if (e instanceof AccessDeniedException) {
      return NacelleException.environment(
          "no permission to read " + Quoted.path(file),
          "make it readable for this user (chmod +r)",
          e);
    }
    return NacelleException.environment(
        "cannot read " + Quoted.path(file) + ": " + e.getMessage(),
        "check the disk and the file's permissions",
        e);
  }
}
