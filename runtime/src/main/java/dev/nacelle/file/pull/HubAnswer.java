package dev.nacelle.file.pull;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/**
 * An answer after all redirections.
 *
 * @param status its HTTP status
 * @param headers its headers
 * @param linked headers of the first answer, which is the hub's own and says what is behind it
 * @param address who gave it
 * @param body what follows the headers; must be closed
 */
record HubAnswer(int status, HttpHeaders headers, HttpHeaders linked, URI address, InputStream body)
    implements AutoCloseable {

  @Nullable String header(String name) {
    return headers.firstValue(name).orElse(null);
  }

  /** The length of the whole file, from whichever header says it; −1 where none does. */
  long fileBytes() {
    long linkedSize = linked.firstValueAsLong("X-Linked-Size").orElse(-1);
    if (linkedSize >= 0) {
      return linkedSize;
    }
    return status == 200 ? headers.firstValueAsLong("Content-Length").orElse(-1) : -1;
  }

  /** The length of the whole file as Content-Range says it; −1 where it does not. */
  long rangeBytes() {
    String range = header("Content-Range");
    try {
      return range == null ? -1 : Long.parseLong(range.replaceFirst(".*/", "").strip());
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  /** The digest that the hub promises for the file. */
  @Nullable String digest() {
    String promised = HubFile.digestOf(linked.firstValue("X-Linked-Etag").orElse(null));
    return promised != null ? promised : HubFile.digestOf(linked.firstValue("ETag").orElse(null));
  }

  /** Where the body begins in the file. */
  long offset() {
    String range = header("Content-Range");
    if (status != 206 || range == null) {
      return 0;
    }
    String digits = range.replaceFirst("^\\s*bytes\\s+", "").replaceFirst("-.*", "");
    try {
      return Long.parseLong(digits);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  @Override
  public void close() {
    try {
      body.close();
    } catch (IOException ignored) {
      // What was needed of it was read, or the reader's own failure says more.
    }
  }
}
