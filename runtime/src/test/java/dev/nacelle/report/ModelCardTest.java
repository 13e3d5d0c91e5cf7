package dev.nacelle.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The card's front matter is YAML and its body shows names as names. */
final class ModelCardTest {
  @Test
  void frontMatterIsWhatTheHubExpects() {
    String card = ModelCard.of(SyntheticRun.report(20, "SmolLM2-135M"));
    assertTrue(
        card.startsWith(
            """
            ---
            base_model: "SmolLM2-135M"
            library_name: peft
            pipeline_tag: text-generation
            tags:
            - "base_model:adapter:SmolLM2-135M"
            - "lora"
            - "nacelle"
            ---
            """),
        card);
    assertTrue(card.contains("| training loss (first and last step) | 3.500 | 1.250 |"), card);
  }

  @Test
  void namesStayNames() {
    String hostile = "a`b``c|d\n---\n<script>: {x} 'y' \"z\" \\ \u202e\ud83d\ude00";
    ObjectNode report = SyntheticRun.report(20, hostile);
    report.put("model", hostile);
    report.putArray("data").add("/home/somebody/secret/" + hostile);
    String card = ModelCard.of(report);
    List<String> lines = card.lines().toList();
    assertEquals(2, lines.stream().filter("---"::equals).count(), "one front matter");
    assertFalse(card.contains("somebody"), "folders are nobody's business");
    assertFalse(card.contains("\u202e"));
    for (String line : lines) {
      if (line.contains("<script>")) {
        assertTrue(line.contains("```"), "outside a code span: " + line);
      }
    }
  }

  @Test
  void scalarsHoldAnything() {
    assertEquals(
        "\"a\\\"b\\\\c\\u000A\\u00E9\\U0001F600\"", ModelCard.yaml("a\"b\\c\n\u00e9\ud83d\ude00"));
    assertEquals("\"\\uFFFD\"", ModelCard.yaml("\ud83d"));
    assertEquals("``` a``b ```", ModelCard.code("a``b"));
  }

  @Test
  void basesHaveNamesThatTheHubTakes() {
    assertEquals("org/name", ModelCard.baseModel("/c/hub/models--org--name/snapshots/0123abc"));
    assertEquals("my-model-Q8.gguf", ModelCard.baseModel("/x/my model\u00e9Q8.gguf"));
    assertEquals("unknown", ModelCard.baseModel("/x/\u00e9\u00e9"));
  }
}
