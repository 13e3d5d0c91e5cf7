package dev.nacelle.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.text.StreamDecoder;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Text decoded token by token is the text decoded at once, whole characters all the way. */
class StreamDecoderTest {
  @TempDir private static Path folder;

  static List<String> names() {
    return Goldens.NAMES;
  }

  @ParameterizedTest
  @MethodSource("names")
  void joinsToTheWholeText(String name) throws IOException {
    Tokenizer tokenizer = Goldens.load(name, folder);
    int compared = 0;
    for (JsonNode string : Goldens.strings()) {
      int[] ids = tokenizer.encode(string.get(1).textValue(), true).ids();
      String whole = tokenizer.decode(ids, true);
      if (ids.length > 300) {
        continue;
      }
      StreamDecoder stream = new StreamDecoder(tokenizer, true);
      StringBuilder joined = new StringBuilder();
      for (int id : ids) {
        String part = stream.next(id);
        assertFalse(
            part.endsWith("\ufffd") && !whole.contains("\ufffd"),
            name + " " + Refusal.quote(whole));
        joined.append(part);
      }
      joined.append(stream.finish());
      assertEquals(whole, joined.toString(), name + " " + Refusal.quote(whole));
      compared++;
    }
    assertTrue(compared >= 1_800, "compared " + compared);
  }
}
