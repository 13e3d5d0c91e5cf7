package dev.nacelle.train;

import dev.nacelle.memory.technique.Measured;
import dev.nacelle.memory.technique.Network;
import dev.nacelle.memory.technique.Principle;
import dev.nacelle.memory.technique.Technique;
import dev.nacelle.memory.technique.Techniques;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The page docs/reference/strategies.md, written from the registry and the figures. */
final class TechniquePage {
  static final String COMMAND =
      "mvn -o -pl runtime -am test -Dtest=TechniquePageTest"
          + " -Dsurefire.failIfNoSpecifiedTests=false -Dnacelle.strategies=measure";

  private final StringBuilder text = new StringBuilder();
  private final Measured measured;

  private TechniquePage(Measured measured) {
    this.measured = measured;
  }

  static String of(Measured measured) {
    TechniquePage page = new TechniquePage(measured);
    page.introduction();
    for (Principle principle : Principle.values()) {
      page.laws(principle);
    }
    page.figures();
    page.pairs();
    page.details();
    return page.text.toString();
  }

  private void introduction() {
    text.append(
        """
        # Techniques that save memory

        What `./nacelle strategies` lists. This page is written from the registry
        (`dev.nacelle.memory.technique.Techniques`) and from measured figures by `TechniquePageTest`; a build
        in which they differ fails. To write it anew, or to measure anew:

            %s
            %s

        The survey *Breaking On-device Training Memory Wall* (arXiv 2306.10388) treats the same subject; of it
        we could read the abstract. The three groups, the laws and the figures here are ours; the papers named
        are where a technique was described.

        Letters: %s.

        """
            .formatted(COMMAND.replace("=measure", "=write"), COMMAND, Techniques.LETTERS));
  }

  private void laws(Principle principle) {
    text.append("## ").append(capital(principle.label())).append("\n\n");
    text.append("| technique | what it does | bytes with it | exact | chosen |\n");
    text.append("|---|---|---|---|---|\n");
    for (Technique t : Techniques.all()) {
      if (t.principle() == principle) {
        text.append(
            "| [%s](#%s) | %s | %s | %s | %s |%n"
                .formatted(t.id(), t.id(), t.how(), t.law(), t.exactness().label(), t.chosenBy()));
      }
    }
    text.append('\n');
  }

  private void figures() {
    text.append("## Measured\n\n");
    for (Measured.Trained network : measured.networks()) {
      text.append(
          "- %s: %s.%n".formatted(capital(network.network().label()), network.description()));
    }
    Measured.Provenance p = measured.provenance();
    text.append(
        """

        Bytes are the ledger's, the most at once in a step, and the same wherever they are counted: the test
        counts them again. *Left* is what the technique leaves of the bytes that it acts on; *whole step* is the
        ledger over all classes. *Time* is the median of a step over the median without, of steps taken in turn
        on one machine: %s, %s, %d threads, Java %s, %s, at a load of %.1f when it began: where that is above
        the threads, times are noisy. The file is
        [measured.json](../../runtime/src/main/resources/dev/nacelle/memory/technique/measured.json), a copy of
        the one in [jetson-tests/results](../../jetson-tests/results). Spilling wrote to the machine's temporary
        folder, which its page cache holds: a slow card will take longer. What is always on has no switch, and
        is not measured apart.

        """
            .formatted(p.processor(), p.isa(), p.threads(), p.java(), p.time(), p.load()));
    for (Network network : List.of(Network.TRANSFORMER, Network.CONVOLUTIONAL)) {
      text.append("### ").append(capital(network.label())).append("\n\n");
      text.append(
          "| technique | setting | acts on | without | with | left | whole step | time |\n");
      text.append("|---|---|---|---:|---:|---:|---:|---:|\n");
      for (Measured.Result r : measured.results()) {
        if (r.network() == network) {
          text.append(
              String.format(
                  Locale.ROOT,
                  "| %s | %s | %s | %s | %s | %.3f | %.3f | %.2f |%n",
                  r.technique(),
                  r.setting(),
                  r.actsOn(),
                  mega(r.without()),
                  mega(r.with()),
                  r.left(),
                  (double) r.ledgerWith() / r.ledgerWithout(),
                  r.slowdown()));
        }
      }
      text.append('\n');
    }
  }

  private static String mega(long bytes) {
    return String.format(Locale.ROOT, "%.2f MiB", bytes / 0x1p20);
  }

  private void pairs() {
    text.append("## Two at once\n\n");
    text.append(
        "Where two techniques are about different things, what they leave multiplies: with both"
            + " there is the\nproduct of what each leaves. Where they are about the same bytes it"
            + " does not.\n\n");
    text.append(
        "| first | second | network | bytes | first leaves | second leaves | both leave | over the"
            + " product |\n|---|---|---|---|---:|---:|---:|---:|\n");
    for (Measured.Pair p : measured.pairs()) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %s | %.3f | %.3f | %.3f | %.2f |%n",
              p.first(),
              p.second(),
              p.network().label(),
              p.actsOn(),
              (double) p.one() / p.without(),
              (double) p.other() / p.without(),
              (double) p.both() / p.without(),
              p.overProduct()));
    }
    text.append('\n');
    for (boolean multiplies : new boolean[] {true, false}) {
      text.append(multiplies ? "They multiply:\n\n" : "\nThey do not:\n\n");
      measured.pairs().stream()
          .filter(p -> p.multiplies() == multiplies)
          .map(p -> "- %s and %s: %s%n".formatted(name(p.first()), name(p.second()), p.why()))
          .distinct()
          .forEach(text::append);
    }
    text.append('\n');
  }

  private static String name(String withSetting) {
    return withSetting.replaceFirst(",.*", "");
  }

  private void details() {
    text.append("## What each costs, and where it does not help\n");
    for (Technique t : Techniques.all()) {
      text.append(
          """

          ### %s

          %s

          - Cost: %s.
          - Limitation: %s.
          - Networks: %s.
          - Source: %s.
          """
              .formatted(
                  t.id(),
                  t.how(),
                  t.cost(),
                  t.limitation(),
                  t.networks().stream().map(Network::label).collect(Collectors.joining(", ")),
                  t.source()));
    }
  }

  private static String capital(String label) {
    return label.substring(0, 1).toUpperCase(Locale.ROOT) + label.substring(1);
  }
}
