package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code strategies}: the registry, for people and for scripts. */
final class StrategiesTest {
  private static final List<String> KEYS =
      List.of(
          "id",
          "principle",
          "how",
          "law",
          "exact",
          "exactness",
          "cost",
          "limitation",
          "networks",
          "chosen_by",
          "source",
          "measured");

  @Test
  void theListForScripts() {
    JsonNode all = Outcome.of("strategies", "--json").expect(0).json();
    JsonNode strategies = all.path("strategies");
    assertTrue(strategies.size() >= 15, "only " + strategies.size());
    int measured = 0;
    for (JsonNode strategy : strategies) {
      KEYS.forEach(key -> assertTrue(strategy.has(key), strategy + " has no " + key));
      for (JsonNode result : strategy.path("measured")) {
        assertTrue(
            result.path("bytes_with").asLong() < result.path("bytes_without").asLong(),
            result::toString);
        assertTrue(result.path("slowdown").asDouble() > 0, result::toString);
        measured++;
      }
    }
    assertTrue(measured >= 20, "only " + measured + " results");
    assertTrue(all.path("pairs").size() >= 5);
    assertFalse(all.path("measured_on").path("processor").asText().isEmpty());
    List<String> ids = strategies.findValuesAsText("id");
    assertTrue(ids.containsAll(List.of("recompute-block", "micro-batch", "saved-bits")));
  }

  @Test
  void theListForPeople() {
    String text = Outcome.of("strategies").expect(0).out();
    text.lines().forEach(l -> assertTrue(l.length() <= 100, l));
    for (String word :
        List.of("Store for a shorter time", "  micro-batch", "law", "limitation", "Two at once")) {
      assertTrue(text.contains(word), word);
    }
  }

  @Test
  void oneAlone() {
    String text = Outcome.of("strategies", "recompute-mlp").expect(0).out();
    assertTrue(text.contains("gate and up"), text);
    assertFalse(text.contains("micro-batch"), text);
    JsonNode one = Outcome.of("strategies", "saved-bits", "--json").expect(0).json();
    assertEquals(1, one.path("strategies").size());
    assertFalse(one.at("/strategies/0/exact").asBoolean());
    Outcome unknown = Outcome.of("strategies", "magic").expect(2);
    assertTrue(unknown.err().contains("recompute-block"), unknown.err());
  }
}
