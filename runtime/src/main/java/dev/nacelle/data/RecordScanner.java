package dev.nacelle.data;

import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * Finds where records lie in a file without holding them: the lines of JSONL, or the elements of
 * one JSON array. A file whose first character is {@code [} is an array.
 *
 * <p>Only what separates records is looked at; whether one is JSON is for the parser to say. In an
 * array whose brackets or quotes do not match, what follows the fault counts as one bad record.
 */
final class RecordScanner {
  private static final int WINDOW = 1 << 16;

  private final SourceFile file;
  private final @Nullable MessageDigest digest;
  private final byte[] window = new byte[WINDOW];
  private long windowStart;
  private int filled;
  private int at;
  private long line = 1;
  private final boolean array;
  private boolean ended;

  private long start;
  private long length;
  private long recordLine;
  private @Nullable String fault;

  RecordScanner(SourceFile file) {
    this.file = file;
    this.digest = file.wantsDigest() ? SourceFile.newDigest() : null;
    fill();
    if (filled >= 3
        && window[0] == (byte) 0xEF
        && window[1] == (byte) 0xBB
        && window[2] == (byte) 0xBF) {
      at = 3;
    }
    this.array = skipSpace() == '[';
    if (array) {
      at++;
    }
  }

  /** Moves to the next record; false at the end of the file. */
  boolean next() {
    fault = null;
    return array ? nextElement() : nextLine();
  }

  /** The record's first byte. */
  long start() {
    return start;
  }

  /** Bytes, without white space around it. */
  long length() {
    return length;
  }

  /** The line on which it begins, from 1. */
  long line() {
    return recordLine;
  }

  /** What is wrong with the file around the record; null where nothing is. */
  @Nullable String fault() {
    return fault;
  }

  /** Where the scan stands, in bytes. */
  long position() {
    return windowStart + at;
  }

  private boolean nextLine() {
    int c = skipSpace();
    if (c < 0) {
      return end();
    }
    begin();
    long last = start;
    for (; c >= 0 && c != '\n'; c = advance()) {
      if (!isSpace(c)) {
        last = position();
      }
    }
    length = last - start + 1;
    return true;
  }

  private boolean nextElement() {
    if (ended) {
      return end();
    }
    int c = skipSpace();
    begin();
    if (c == ']') {
      at++;
      return nothingAfter();
    }
    long last = start - 1;
    int depth = 0;
    boolean string = false;
    for (; c >= 0; c = advance()) {
      if (string) {
        if (c == '\\') {
          c = advance();
        } else if (c == '"') {
          string = false;
        }
      } else if (c == '"') {
        string = true;
      } else if (c == '{' || c == '[') {
        depth++;
      } else if (depth == 0 && (c == ',' || c == ']')) {
        break;
      } else if (depth > 0 && (c == '}' || c == ']')) {
        depth--;
      }
      if (c >= 0 && !isSpace(c)) {
        last = position();
      }
    }
    length = last - start + 1;
    if (c < 0) {
      ended = true;
      fault = "the array that begins the file is not closed";
      return true;
    }
    if (c == ',') {
      at++;
      if (length == 0) {
        fault = "nothing stands between two commas of the array";
      } else if (skipSpace() == ']') {
        // A comma before the closing bracket is no JSON; the record before it bears the blame.
        fault = "a comma stands before the end of the array";
      }
    }
    return true;
  }

  /** Behind the closing bracket: the end, or one bad record of whatever else is there. */
  private boolean nothingAfter() {
    ended = true;
    if (skipSpace() < 0) {
      return end();
    }
    begin();
    length = 0;
    fault = "something stands after the end of the array";
    return true;
  }

  private void begin() {
    start = position();
    recordLine = line;
  }

  private boolean end() {
    while (filled > 0) {
      fill();
    }
    if (digest != null && file.wantsDigest()) {
      file.digest(digest.digest());
    }
    return false;
  }

  private static boolean isSpace(int c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  }

  /** Goes to the next byte that is no white space and returns it, −1 at the end. */
  private int skipSpace() {
    int c = peek();
    while (isSpace(c)) {
      c = advance();
    }
    return c;
  }

  private int peek() {
    if (at == filled) {
      fill();
    }
    return filled == 0 ? -1 : window[at] & 0xFF;
  }

  /** Leaves the byte that {@link #peek} gave and returns the next. */
  private int advance() {
    if (filled == 0) {
      return -1;
    }
    if (window[at] == '\n') {
      line++;
    }
    at++;
    return peek();
  }

  private void fill() {
    windowStart += filled;
    at = 0;
    filled = file.read(window, windowStart);
    if (digest != null) {
      digest.update(window, 0, filled);
    }
  }
}
