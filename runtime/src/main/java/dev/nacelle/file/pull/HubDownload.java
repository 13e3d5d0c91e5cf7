package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Brings one file: goes on where an earlier attempt or an earlier process stopped, and gives the
 * file its name once its length and digest are the promised ones.
 */
final class HubDownload {
  private static final int CHUNK = 1 << 17;

  private final HubHttp http;
  private final String repository;
  private final PullListener listener;

  HubDownload(HubHttp http, String repository, PullListener listener) {
    this.http = http;
    this.repository = repository;
    this.listener = listener;
  }

  /**
   * Brings a file.
   *
   * @param part where it grows; what is there already is taken for its beginning
   * @param target its own name, once it is whole
   * @return the number of bytes that came over the network
   */
  long fetch(HubFile file, URI address, Path part, Path target) throws IOException {
    Files.createDirectories(part.resolveSibling(""));
    boolean begun = Files.exists(part);
    Came first = complete(file, address, part);
    long came = first.bytes;
    String fault = first.promised.fault(part);
    if (fault != null && begun) {
      // The earlier beginning may be what is wrong: once more, from the first byte.
      listener.note(file.name() + ": what an earlier pull left does not fit; beginning anew");
      Files.delete(part);
      Came again = complete(file, address, part);
      came += again.bytes;
      fault = again.promised.fault(part);
    }
    if (fault != null) {
      Files.delete(part);
      throw file.damaged(repository, fault);
    }
    CacheFiles.publish(part, target);
    return came;
  }

  /** Bytes that came, and the file as the hub promised it, by the content's own headers at last. */
  private record Came(long bytes, HubFile promised) {}

  private Came complete(HubFile file, URI address, Path part) throws IOException {
    HubFile promised = file;
    Attempts attempts = new Attempts(file.name(), http.settings(), listener);
    long came = 0;
    long furthest = 0;
    try (FileChannel channel =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      if (file.bytes() >= 0 && channel.size() > file.bytes()) {
        channel.truncate(0);
      }
      furthest = channel.size();
      listener.progress(file.name(), furthest, file.bytes());
      while (file.bytes() < 0 || channel.size() < file.bytes()) {
        String why;
        String retryAfter = null;
        IOException cause = null;
        long before = channel.size();
        try (HubAnswer answer = http.ask("GET", address, before)) {
          int status = answer.status();
          retryAfter = answer.header("Retry-After");
          if (status == 200 || status == 206) {
            if (promised.digest() == null) {
              promised = new HubFile(file.name(), file.bytes(), answer.digest());
            }
            // A server that knows no ranges begins again, and so do we.
            channel.truncate(answer.offset());
            if (answer.offset() > before || answer.offset() != channel.size()) {
              throw new IOException("the server skipped bytes");
            }
            came += copy(file, answer.body(), channel);
            if (file.bytes() < 0) {
              break;
            }
            why = "the server ended after " + channel.size() + " of " + file.bytes() + " bytes";
          } else if (status == 416) {
            long there = answer.rangeBytes();
            channel.truncate(0);
            if (there >= 0 && file.bytes() >= 0 && there != file.bytes()) {
              throw file.damaged(
                  repository, "the hub says " + file.bytes() + " bytes, the server has " + there);
            }
            why = "the server does not go on from byte " + before;
          } else if (Attempts.isPassing(status)) {
            why = "HTTP " + status;
          } else {
            throw http.refusal(answer, file.name() + " of " + repository, "pull it anew");
          }
        } catch (IOException e) {
          cause = e;
          why = reason(e);
        }
        if (file.bytes() >= 0 && channel.size() >= file.bytes()) {
          break;
        }
        if (channel.size() > furthest) {
          furthest = channel.size();
          attempts.succeeded();
        }
        attempts.failed(why, retryAfter, cause);
      }
    } catch (NacelleException e) {
      if (e.kind() == NacelleException.Kind.INPUT) {
        Files.deleteIfExists(part);
      }
      throw e;
    }
    return new Came(came, promised);
  }

  /** Appends what comes; a body longer than the file is the wrong one. */
  private long copy(HubFile file, InputStream body, FileChannel channel) throws IOException {
    byte[] buffer = new byte[CHUNK];
    long at = channel.size();
    long came = 0;
    channel.position(at);
    try (StallGuard guard = new StallGuard(body, http.settings().patience())) {
      while (true) {
        int n;
        try {
          n = body.read(buffer);
        } catch (IOException e) {
          throw guard.stalled() ? http.silent() : e;
        }
        if (guard.stalled()) {
          throw http.silent();
        }
        if (n < 0) {
          return came;
        }
        guard.heard();
        if (file.bytes() >= 0 && at + n > file.bytes()) {
          throw file.damaged(
              repository, "the hub says " + file.bytes() + " bytes, and more are sent");
        }
        write(channel, ByteBuffer.wrap(buffer, 0, n));
        at += n;
        came += n;
        listener.progress(file.name(), at, file.bytes());
      }
    }
  }

  /** A failure to write is ours and not the server's: it ends the pull at once. */
  private static void write(FileChannel channel, ByteBuffer bytes) {
    try {
      while (bytes.hasRemaining()) {
        int ignored = channel.write(bytes);
      }
    } catch (IOException e) {
      throw NacelleException.environment(
          "the cache cannot be written (" + e.getMessage() + ")",
          "free some disk space or set NACELLE_CACHE to another folder, then pull again: what came"
              + " is kept",
          e);
    }
  }

  /** A failure in a few words; the client's own may have none. */
  static String reason(IOException e) {
    String text = e.getMessage();
    String kind = e.getClass().getSimpleName();
    return text == null || text.isBlank()
        ? kind.replaceFirst("Exception$", "")
        : e.getClass() == IOException.class
            ? text
            : kind.replaceFirst("Exception$", "") + ": " + text;
  }
}
