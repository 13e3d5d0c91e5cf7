package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import dev.nacelle.file.Quoted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A file of a repository as the hub describes it.
 *
 * @param name its path in the repository
 * @param bytes its length; −1 where the hub does not say
 * @param digest SHA-256 in 64 digits for large files, git's SHA-1 in 40 for others; null where the
 *     hub says none
 */
record HubFile(String name, long bytes, @Nullable String digest) {

  /** Whether a server's file name stays inside the folder that it is put in. */
  static boolean isSafe(String name) {
    if (name.isEmpty() || name.length() > 255 || name.startsWith("/") || name.endsWith("/")) {
      return false;
    }
    for (String part : name.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        return false;
      }
    }
    return name.chars()
        .allMatch(
            c -> c >= 0x20 && c != 0x7f && c != '\\' && c != ':' && !Character.isISOControl(c));
  }

  /** What an ETag says of the content: a digest of one of the two lengths, or nothing. */
  static @Nullable String digestOf(@Nullable String etag) {
    if (etag == null) {
      return null;
    }
    String text = etag.strip();
    text = text.startsWith("W/") ? text.substring(2) : text;
    if (text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"")) {
      text = text.substring(1, text.length() - 1);
    }
    text = text.toLowerCase(Locale.ROOT);
    return text.matches("[0-9a-f]{40}|[0-9a-f]{64}") ? text : null;
  }

  /** Holds what came against what was promised; the sentence that says what differs, or null. */
  @Nullable String fault(Path file) throws IOException {
    long length = Files.size(file);
    if (bytes >= 0 && length != bytes) {
      return "it has " + length + " bytes, the hub says " + bytes;
    }
    if (digest == null) {
      return null;
    }
    boolean git = digest.length() == 40;
    String found = git ? Digests.gitBlob(file) : Digests.sha256(file);
    return found.equals(digest)
        ? null
        : "its " + (git ? "git SHA-1" : "SHA-256") + " is " + found + ", the hub says " + digest;
  }

  /** The error for content that is not what the hub promised. */
  NacelleException damaged(String repository, String why) {
    return NacelleException.input(
        Quoted.name(name) + " of " + repository + " came damaged and was thrown away: " + why,
        "pull again; where it happens again, the server or something before it changes the file");
  }
}
