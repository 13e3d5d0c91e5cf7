package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Jackson lets overlong and surrogate encodings pass; formats that say UTF-8 do not. */
final class Utf8Check {
  private Utf8Check() {}

  /** Refuses bytes that are not UTF-8, NUL (which JSON must escape), and a byte order mark. */
  static void require(Path file, NativeBuffer mapped, long from, int length, String what) {
    if (length == 0) {
      return;
    }
    ByteBuffer bytes = mapped.asByteBuffer(from, length);
    if (length >= 3 && (bytes.get(0) & 0xff) == 0xef && (bytes.get(1) & 0xff) == 0xbb) {
      throw NacelleException.input(
          Quoted.path(file) + ": the " + what + " begins with a byte order mark",
          "write the file again without it");
    }
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    CharBuffer sink = CharBuffer.allocate(8192);
    CoderResult result;
    do {
      sink.clear();
      result = decoder.decode(bytes, sink, true);
      for (int i = 0; i < sink.position(); i++) {
        if (sink.get(i) == 0) {
          throw NacelleException.input(
              Quoted.path(file) + ": the " + what + " holds a NUL character",
              "the file is damaged; fetch or write it again");
        }
      }
    } while (result.isOverflow());
    if (result.isError()) {
      throw NacelleException.input(
          Quoted.path(file)
              + ": the "
              + what
              + " is not UTF-8 at byte "
              + (from + bytes.position()),
          "the file is damaged; fetch or write it again");
    }
  }
}
