package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.commandline.Fixtures;
import dev.nacelle.model.Families;
import dev.nacelle.model.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tables of docs/reference/compatibility.md are what happens when each recorded model is
 * trained, merged and exported with each kind of adapter; {@code -Dnacelle.compatibility=write}
 * writes them.
 */
final class CompatibilityPageTest {
  private static final Path PAGE = Path.of("..", "docs", "reference", "compatibility.md");
  private static final String FROM = "<!-- tables: written by CompatibilityPageTest -->\n";
  private static final String TO = "<!-- end of tables -->\n";

  @TempDir private Path folder;

  /** A model, and how the page calls its file. */
  private record Base(String family, String file, Path model, Path data) {}

  @Test
  void theTablesAreWhatHappens() throws IOException {
    String page = Files.readString(PAGE);
    int from = page.indexOf(FROM) + FROM.length();
    int to = page.indexOf(TO);
    assertTrue(from >= FROM.length() && to >= from, "the page has lost its marks");
    String tables = tables();
    if (System.getProperty("nacelle.compatibility", "").equals("write")) {
      Files.writeString(PAGE, page.substring(0, from) + tables + page.substring(to));
      return;
    }
    assertEquals(tables, page.substring(from, to));
  }

  private String tables() throws IOException {
    List<Base> bases = new ArrayList<>(families());
    assertTrue(bases.size() >= 2 * Families.ALL.size(), "models: " + bases.size());
    bases.addAll(quantised());
    StringBuilder out = new StringBuilder("| family | file |");
    Compatibility.KINDS.forEach(kind -> out.append(' ').append(kind.title()).append(" |"));
    out.append("\n|---|---|").append("---|".repeat(Compatibility.KINDS.size())).append('\n');
    for (Base base : bases) {
      out.append("| ").append(base.family).append(" | ").append(base.file).append(" |");
      for (Compatibility.Kind kind : Compatibility.KINDS) {
        Path own = Files.createTempDirectory(folder, "tried");
        String letters = new Compatibility(own).letters(base.model, base.data, kind);
        out.append(' ').append(letters).append(" |");
      }
      out.append('\n');
    }
    return out.toString();
  }

  /** Of each family the plainest recorded model. */
  private static List<Base> families() {
    List<Base> bases = new ArrayList<>();
    for (Family family : Families.ALL) {
      FamilyCase golden =
          FamilyCase.all().stream()
              .filter(c -> c.json().get("family").asText().equals(family.name()))
              .filter(FamilyCase::hasGguf)
              .min(Comparator.comparing(FamilyCase::name))
              .orElseThrow();
      bases.add(new Base(family.title(), "folder", golden.folder(), FamilyCase.data()));
      bases.add(new Base(family.title(), "GGUF", golden.gguf(), FamilyCase.data()));
    }
    return bases;
  }

  /** A Llama in every form of weights. */
  private static List<Base> quantised() throws IOException {
    List<Base> bases = new ArrayList<>();
    String llama = Families.ALL.getFirst().title();
    Path gguf = Fixtures.example("../gguf");
    try (Stream<Path> folders = Files.list(gguf)) {
      for (Path form : folders.filter(Files::isDirectory).sorted().collect(Collectors.toList())) {
        String title = "GGUF, `" + form.getFileName() + "`";
        bases.add(new Base(llama, title, form.resolve("model.gguf"), gguf.resolve("data.jsonl")));
      }
    }
    for (String form : List.of("double", "single")) {
      Path nf4 = Fixtures.example("../nf4").resolve(form);
      String title = "folder, nf4" + (form.equals("double") ? ", double-quantised" : "");
      bases.add(new Base(llama, title, nf4, nf4.resolve("data.jsonl")));
    }
    return bases;
  }
}
