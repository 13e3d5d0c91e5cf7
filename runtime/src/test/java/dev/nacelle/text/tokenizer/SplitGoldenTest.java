package dev.nacelle.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Patterns of the reference's dialect split as they do there, with every behaviour. */
class SplitGoldenTest {
  private static final Map<String, String> BEHAVIORS =
      Map.of(
          "removed", "Removed",
          "isolated", "Isolated",
          "merged_with_previous", "MergedWithPrevious",
          "merged_with_next", "MergedWithNext",
          "contiguous", "Contiguous");

  @Test
  void splitsAsTheReference() {
    JsonNode strings = Goldens.strings();
    JsonNode cases = Goldens.read("splits");
    List<String> wrong = new ArrayList<>();
    int compared = 0;
    for (JsonNode golden : cases) {
      PreTokenizer split = PartReader.preTokenizer(part(golden));
      for (int i = 0; i < golden.get("rows").size(); i++) {
        String text = strings.get(9 * i).get(1).textValue();
        String expected = golden.get("rows").get(i).toString();
        String actual = offsets(split.split(List.of(Piece.of(AlignedText.of(text)))));
        compared++;
        if (!expected.equals(actual)) {
          wrong.add(
              golden.get("pattern")
                  + " "
                  + golden.get("behavior")
                  + " "
                  + golden.get("invert")
                  + " on "
                  + Refusal.quote(text)
                  + ": "
                  + actual
                  + " instead of "
                  + expected);
        }
      }
    }
    assertEquals("", String.join("\n", wrong.subList(0, Math.min(wrong.size(), 20))));
    assertTrue(cases.size() >= 100 && compared >= 20_000, cases.size() + " " + compared);
  }

  private static Part part(JsonNode golden) {
    ObjectNode node = new ObjectMapper().createObjectNode();
    node.put("type", "Split");
    node.put("invert", golden.get("invert").booleanValue());
    node.put("behavior", BEHAVIORS.get(golden.get("behavior").textValue()));
    node.putObject("pattern")
        .put(
            golden.get("literal").booleanValue() ? "String" : "Regex",
            golden.get("pattern").textValue());
    return Objects.requireNonNull(Part.of("pre-tokenizer", node));
  }

  private static String offsets(List<Piece> pieces) {
    List<String> out = new ArrayList<>();
    for (Piece piece : pieces) {
      out.add(piece.from() + "," + piece.to());
    }
    return "[" + String.join(",", out) + "]";
  }
}
