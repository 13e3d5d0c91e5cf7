package dev.nacelle.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.text.Encoding;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids, offsets and text equal the reference's on every hard string, for every kind of file. */
class TokenizerGoldenTest {
  @TempDir private static Path folder;

  static List<String> names() {
    return Goldens.NAMES;
  }

  @Test
  void thereAreEnoughStringsOfEachKind() {
    Map<String, Integer> counts = new HashMap<>();
    for (JsonNode string : Goldens.strings()) {
      counts.merge(string.get(0).textValue(), 1, Integer::sum);
    }
    assertTrue(Goldens.strings().size() >= 2_000);
    for (String kind :
        List.of(
            "emoji",
            "cjk",
            "rtl",
            "marks",
            "controls",
            "long",
            "spaces",
            "digits",
            "code",
            "special")) {
      assertTrue(counts.getOrDefault(kind, 0) >= 100, kind);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void answersAsTheReference(String name) throws IOException {
    Tokenizer tokenizer = Goldens.load(name, folder);
    JsonNode strings = Goldens.strings();
    JsonNode rows = Goldens.read(name + ".answers").get("rows");
    assertEquals(strings.size(), rows.size());
    for (int i = 0; i < rows.size(); i++) {
      String text = strings.get(i).get(1).textValue();
      JsonNode row = rows.get(i);
      String where = name + " " + i + " " + Refusal.quote(text);
      int[] ids = ints(row.get("ids"));
      assertArrayEquals(ids, tokenizer.encode(text, false).ids(), where);
      Encoding full = tokenizer.encode(text, true);
      assertArrayEquals(ints(row.get("full")), full.ids(), where);
      assertArrayEquals(ints(row.get("offsets")), offsets(full), where);
      assertEquals(row.get("text").textValue(), tokenizer.decode(ids, false), where);
      assertEquals(row.get("skipped").textValue(), tokenizer.decode(full.ids(), true), where);
    }
  }

  private static int[] offsets(Encoding encoding) {
    int[] out = new int[2 * encoding.length()];
    for (int i = 0; i < encoding.length(); i++) {
      out[2 * i] = encoding.starts()[i];
      out[2 * i + 1] = encoding.ends()[i];
    }
    return out;
  }

  private static int[] ints(JsonNode list) {
    int[] out = new int[list.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = list.get(i).intValue();
    }
    return out;
  }
}
