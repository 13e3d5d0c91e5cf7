package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.technique.Measured;
import dev.nacelle.memory.technique.MeasuredJson;
import dev.nacelle.memory.technique.Network;
import dev.nacelle.memory.technique.Technique;
import dev.nacelle.memory.technique.Techniques;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The registry, its figures and its page agree; measures anew where asked to. */
final class TechniquePageTest {
  private static final Path PAGE = Path.of("..", "docs", "reference", "strategies.md");
  private static final Path RESULTS = Path.of("..", "jetson-tests", "results");
  private static final Path RESOURCE =
      Path.of("src/main/resources/dev/nacelle/memory/technique/measured.json");
  private static final int ROUNDS = 5;
  private static final String ASKED = System.getProperty("nacelle.strategies", "");

  @TempDir private Path folder;

  /** Bytes are the same everywhere; only seconds and the kernel's pages are a machine's own. */
  @Test
  void theFiguresAreWhatIsMeasured() throws IOException, InterruptedException {
    double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    try (TechniqueBench bench = new TechniqueBench(folder)) {
      if (ASKED.equals("measure")) {
        Measured measured =
            new Measured(
                provenance(bench.isa(), Math.round(load * 10) / 10.0),
                TechniqueBench.networks(),
                bench.results(ROUNDS),
                bench.pairs());
        String text = MeasuredJson.text(measured);
        Files.writeString(RESULTS.resolve(fileName(measured.provenance())), text);
        Files.writeString(RESOURCE, text);
        Files.writeString(PAGE, TechniquePage.of(measured));
        return;
      }
      Measured recorded = MeasuredJson.builtIn();
      List<Measured.Result> held =
          recorded.results().stream()
              .filter(r -> !r.actsOn().equals(TechniqueBench.PAGES))
              .map(TechniquePageTest::bytes)
              .toList();
      assertTrue(held.size() >= 20, "results: " + held.size());
      assertEquals(
          lines(held), lines(bench.results(0).stream().map(TechniquePageTest::bytes).toList()));
      assertEquals(lines(recorded.pairs()), lines(bench.pairs()));
      assertEquals(TechniqueBench.networks(), recorded.networks());
    }
  }

  private static String lines(List<?> some) {
    return some.stream().map(Object::toString).collect(Collectors.joining("\n"));
  }

  private static Measured.Result bytes(Measured.Result r) {
    return new Measured.Result(
        r.technique(),
        r.network(),
        r.setting(),
        r.actsOn(),
        r.without(),
        r.with(),
        r.ledgerWithout(),
        r.ledgerWith(),
        0);
  }

  private static Measured.Provenance provenance(String isa, double load) throws IOException {
    String processor;
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      processor =
          lines
              .filter(l -> l.startsWith("model name"))
              .map(l -> l.replaceFirst(".*:\\s*", ""))
              .findFirst()
              .orElse("unknown");
    }
    return new Measured.Provenance(
        processor,
        isa,
        2,
        Runtime.version().toString(),
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        load,
        TechniquePage.COMMAND);
  }

  private static String fileName(Measured.Provenance p) {
    String words = p.processor().toLowerCase(Locale.ROOT);
    String brand =
        Stream.of("epyc", "xeon", "ryzen", "core", "cortex", "neoverse")
            .filter(words::contains)
            .findFirst()
            .orElse("other");
    return "strategies-" + brand + "-" + p.isa() + ".json";
  }

  @Test
  void thePageIsUpToDate() throws IOException {
    String page = TechniquePage.of(MeasuredJson.builtIn());
    if (ASKED.equals("write")) {
      Files.writeString(PAGE, page);
    }
    if (ASKED.isEmpty()) {
      assertEquals(
          page,
          Files.exists(PAGE) ? Files.readString(PAGE) : "",
          "docs/reference/strategies.md is out of date; write it anew with"
              + " -Dtest=TechniquePageTest -Dnacelle.strategies=write");
    }
  }

  /** The resource is one of the committed result files, byte for byte. */
  @Test
  void theFiguresAreCommitted() throws IOException {
    Path file = RESULTS.resolve(fileName(MeasuredJson.builtIn().provenance()));
    assertEquals(-1, Files.mismatch(file, RESOURCE), file + " and " + RESOURCE + " differ");
  }

  @Test
  void everyTechniqueIsSaidInFull() {
    Set<String> ids = new HashSet<>();
    for (Technique t : Techniques.all()) {
      assertTrue(ids.add(t.id()), t.id() + " stands twice");
      for (String words :
          List.of(t.how(), t.law(), t.cost(), t.limitation(), t.source(), t.chosenBy())) {
        assertFalse(words.isBlank(), t.id());
        assertFalse(words.contains("|"), t.id() + " breaks the page's table");
      }
      assertFalse(t.networks().isEmpty(), t.id());
    }
    assertTrue(ids.size() >= 15, "techniques: " + ids.size());
  }

  /** What a strategy can ask for was measured, on each network that has it. */
  @Test
  void whatThePlanChoosesWasMeasured() {
    Measured measured = MeasuredJson.builtIn();
    for (Technique t : Techniques.all()) {
      for (Network network : t.networks()) {
        if (t.isStrategy() && network != Network.SPIKING) {
          assertTrue(
              measured.results().stream()
                  .anyMatch(r -> r.technique().equals(t.id()) && r.network() == network),
              t.id() + " on the " + network.label() + " network");
        }
      }
    }
    for (Measured.Result r : measured.results()) {
      assertTrue(Techniques.find(r.technique()).isPresent(), r.technique());
      assertTrue(r.with() < r.without(), r + " saves nothing");
    }
    assertTrue(measured.pairs().stream().anyMatch(Measured.Pair::multiplies));
    assertTrue(measured.pairs().stream().anyMatch(p -> !p.multiplies()));
  }

  @Test
  void aStrategySaysWhatItUses() {
    assertEquals(List.of(), Techniques.of(Strategy.FASTEST));
    Strategy strategy =
        Strategy.FASTEST.withSegments(4, 2).withMicroBatch(1).withBits(8, 8).withHeadRows(16);
    assertEquals(
        List.of(
            "recompute-block",
            "recompute-segment",
            "micro-batch",
            "head-chunks",
            "saved-bits",
            "moment-bits"),
        Techniques.of(strategy).stream().map(Technique::id).toList());
    assertFalse(Techniques.of(strategy).stream().allMatch(t -> t.exactness().isExact()));
    assertFalse(strategy.isExact());
  }
}
