package dev.nacelle.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages of docs/: their links lead somewhere, and the index leads to each of them. */
final class DocumentationTest {
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");

  private static final Path ROOT = Repository.root();
  private static final Path INDEX = ROOT.resolve("docs").resolve("README.md");

  @Test
  void linksLeadToFiles() throws IOException {
    List<String> broken = new ArrayList<>();
    int links = 0;
    List<Path> pages = new ArrayList<>(pages());
    pages.add(ROOT.resolve("README.md"));
    pages.add(ROOT.resolve("CONTRIBUTING.md"));
    for (Path page : pages) {
      for (Path target : targets(page)) {
        links++;
        if (!Files.exists(target)) {
          broken.add(ROOT.relativize(page) + " → " + ROOT.relativize(target));
        }
      }
    }
    assertEquals(List.of(), broken);
    assertTrue(links >= 30, "only " + links + " links were followed");
  }

  @Test
  void theIndexLeadsToEveryPage() throws IOException {
    Set<Path> listed = new TreeSet<>(targets(INDEX));
    Set<String> missing = new TreeSet<>();
    for (Path page : pages()) {
      if (!page.equals(INDEX) && !listed.contains(page)) {
        missing.add(ROOT.relativize(page).toString());
      }
    }
    assertEquals(Set.of(), missing, "docs/README.md has no link to these pages");
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> all = Files.walk(ROOT.resolve("docs"))) {
      return all.filter(p -> p.toString().endsWith(".md")).sorted().toList();
    }
  }

  /** What a page links to among our own files. */
  private static List<Path> targets(Path page) throws IOException {
    List<Path> targets = new ArrayList<>();
    Matcher m = LINK.matcher(Files.readString(page));
    while (m.find()) {
      String target = m.group(1).replaceFirst("#.*", "");
      if (!target.isEmpty() && !target.contains("://") && !target.startsWith("mailto:")) {
        targets.add(page.resolveSibling(target).normalize());
      }
    }
    return targets;
  }
}
