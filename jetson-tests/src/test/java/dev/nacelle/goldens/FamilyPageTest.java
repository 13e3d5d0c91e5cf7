package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.model.Families;
import dev.nacelle.model.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The table of families in docs/reference/models.md is what the code reads and the recorded cases
 * hold; {@code -Dnacelle.models=write} writes it.
 */
final class FamilyPageTest {
  private static final Path PAGE = Path.of("..", "docs", "reference", "models.md");
  private static final String FROM = "<!-- families: written by FamilyPageTest -->\n";
  private static final String TO = "<!-- end of families -->\n";

  @Test
  void theTableIsWhatIsHeld() throws IOException {
    String page = Files.readString(PAGE);
    int from = page.indexOf(FROM) + FROM.length();
    int to = page.indexOf(TO);
    assertTrue(from >= FROM.length() && to >= from, "the page has lost its marks");
    if (System.getProperty("nacelle.models", "").equals("write")) {
      Files.writeString(PAGE, page.substring(0, from) + table() + page.substring(to));
      return;
    }
    assertEquals(table(), page.substring(from, to));
  }

  private static String table() {
    List<FamilyCase> cases = FamilyCase.all();
    StringBuilder out = new StringBuilder();
    out.append(
        "| family | `model_type`, class | GGUF architecture | held from folders | from GGUF |\n");
    out.append("|---|---|---|---|---|\n");
    for (Family family : Families.ALL) {
      List<FamilyCase> own =
          cases.stream()
              .filter(c -> c.json().get("family").asText().equals(family.name()))
              .toList();
      out.append("| ").append(family.title());
      out.append(" | `").append(family.name()).append("`, `").append(family.modelClass());
      out.append("` | `").append(family.architecture());
      out.append("` | ").append(names(own));
      out.append(" | ").append(names(own.stream().filter(FamilyCase::hasGguf).toList()));
      out.append(" |\n");
    }
    return out.toString();
  }

  private static String names(List<FamilyCase> cases) {
    return cases.stream().map(FamilyCase::name).collect(Collectors.joining(", "));
  }
}
