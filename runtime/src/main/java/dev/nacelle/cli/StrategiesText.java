package dev.nacelle.cli;

import dev.nacelle.memory.technique.Measured;
import dev.nacelle.memory.technique.Network;
import dev.nacelle.memory.technique.Principle;
import dev.nacelle.memory.technique.Technique;
import dev.nacelle.memory.technique.Techniques;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a person reads of the techniques, in 100 columns. */
final class StrategiesText {
  private static final int WIDTH = 100;
  private static final int INDENT = 14;

  private final PrintStream out;
  private final Measured measured;

  StrategiesText(PrintStream out, Measured measured) {
    this.out = out;
    this.measured = measured;
  }

  void list(List<Technique> techniques) {
    for (Principle principle : Principle.values()) {
      List<Technique> some = techniques.stream().filter(t -> t.principle() == principle).toList();
      if (!some.isEmpty()) {
        String title = principle.label();
        out.println(title.substring(0, 1).toUpperCase(Locale.ROOT) + title.substring(1));
        out.println();
        some.forEach(this::one);
      }
    }
    field("Letters:", Techniques.LETTERS + ".");
    out.println();
  }

  private void one(Technique t) {
    out.println("  " + t.id());
    field("", t.how());
    field("law", t.law());
    field("exact", t.exactness().label());
    field("cost", t.cost());
    field("limitation", t.limitation());
    field("networks", t.networks().stream().map(Network::label).collect(Collectors.joining(", ")));
    field("chosen", t.chosenBy());
    for (Measured.Result r : measured.results()) {
      if (r.technique().equals(t.id())) {
        field("measured", line(r));
      }
    }
    field("source", t.source());
    out.println();
  }

  private static String line(Measured.Result r) {
    return String.format(
        Locale.ROOT,
        "%s, %s: %s %s instead of %s, %.3f of it; %.2f × the time",
        r.network().label(),
        r.setting(),
        r.actsOn(),
        size(r.with()),
        size(r.without()),
        r.left(),
        r.slowdown());
  }

  void pairs() {
    out.println("Two at once");
    out.println();
    for (Measured.Pair p : measured.pairs()) {
      out.println("  " + p.first() + " and " + p.second());
      field(
          "measured",
          String.format(
              Locale.ROOT,
              "%s, %s: %s with neither, %s and %s with one, %s with both: %.2f × the product",
              p.network().label(),
              p.actsOn(),
              size(p.without()),
              size(p.one()),
              size(p.other()),
              size(p.both()),
              p.overProduct()));
      field(p.multiplies() ? "multiply" : "do not", p.why());
      out.println();
    }
  }

  void provenance() {
    for (Measured.Trained network : measured.networks()) {
      field(network.network().label(), network.description());
    }
    Measured.Provenance p = measured.provenance();
    field(
        "measured on",
        "%s, %s, %d threads, Java %s, %s, at a load of %.1f"
            .formatted(p.processor(), p.isa(), p.threads(), p.java(), p.time(), p.load()));
  }

  private static String size(long bytes) {
    return String.format(Locale.ROOT, "%.2f MiB", bytes / 0x1p20);
  }

  /** A label, and text beside it that goes on under its own beginning. */
  private void field(String label, String text) {
    List<String> lines = wrapped(text, WIDTH - INDENT - 2);
    for (int i = 0; i < lines.size(); i++) {
      out.printf("  %-" + INDENT + "s%s%n", i == 0 ? (label + " ").strip() : "", lines.get(i));
    }
  }

  /** Lines of at most {@code width} characters, broken at spaces. */
  static List<String> wrapped(String text, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (line.length() > 0 && line.length() + 1 + word.length() > width) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.length() == 0 ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }
}
