package dev.nacelle.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Equal to jinja2 as transformers sets it up: every real template on every conversation, and every
 * construct of the language, recorded by jetson-tests/peers/make_template_goldens.py.
 */
class TemplateGoldenTest {
  @Test
  void realTemplatesRenderAsInTransformers() throws IOException {
    JsonNode goldens = Goldens.read("templates.json.gz");
    List<String> wrong = new ArrayList<>();
    int templates = 0;
    int renderings = 0;
    int raised = 0;
    for (JsonNode template : goldens.get("templates")) {
      templates++;
      JinjaChatTemplate parsed = Goldens.parse(goldens, template.get("source").textValue());
      for (int i = 0; i < goldens.get("contexts").size(); i++) {
        JsonNode context = goldens.get("contexts").get(i);
        JsonNode expected = template.get("results").get(i);
        renderings++;
        raised += expected.path("error").asText().equals("RAISED") ? 1 : 0;
        String difference = difference(expected, parsed, context.get("context"));
        if (difference != null) {
          wrong.add(
              template.get("name").asText() + " / " + context.get("name").asText() + difference);
        }
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(templates >= 69, "templates: " + templates);
    assertTrue(renderings >= 69 * 6, "renderings: " + renderings);
    assertTrue(raised >= 100, "raised: " + raised);
  }

  @Test
  void constructsRenderAsInJinja() throws IOException {
    JsonNode goldens = Goldens.read("snippets.json.gz");
    List<String> wrong = new ArrayList<>();
    int snippets = 0;
    for (JsonNode snippet : goldens.get("snippets")) {
      snippets++;
      String source = snippet.get("source").textValue();
      String difference;
      try {
        difference = difference(snippet, Goldens.parse(goldens, source), goldens.get("context"));
      } catch (TemplateException e) {
        difference = compareError(snippet, e);
      }
      if (difference != null) {
        wrong.add(source + difference);
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(snippets >= 600, "snippets: " + snippets);
  }

  private static @Nullable String difference(
      JsonNode expected, JinjaChatTemplate template, JsonNode context) {
    Map<String, @Nullable Object> variables = new LinkedHashMap<>();
    variables.put("tools", null);
    variables.put("documents", null);
    variables.putAll(Goldens.variables(context));
    try {
      String text = template.render(variables);
      return text.equals(expected.path("text").textValue())
          ? null
          : "\n  expected " + expected + "\n  text " + text;
    } catch (TemplateException e) {
      return compareError(expected, e);
    }
  }

  /** The kind always, the words where they are the template's or jinja2's and not Python's. */
  private static @Nullable String compareError(JsonNode expected, TemplateException e) {
    boolean sameKind = e.reason().name().equals(expected.path("error").asText());
    boolean sameWords =
        e.reason() == TemplateException.Reason.RUNTIME
            || e.detail().equals(expected.path("message").asText());
    return sameKind && sameWords
        ? null
        : "\n  expected " + expected + "\n  error " + e.reason() + ": " + e.detail();
  }
}
