package dev.nacelle.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.devices.DeviceFiles;
import dev.nacelle.devices.Processor;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.ContentHash;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.JsonText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What this machine's processes cost and how fast it is, measured once and kept in the cache folder
 * with what it was measured of: another JVM, other flags, other classes or another processor are
 * measured anew, and so is a machine that was busy then and is calmer now.
 *
 * @param threads that the speed is for
 * @param provenance what was measured, and when
 */
public record Calibration(
    ProcessCost process, MachineSpeed speed, int threads, Map<String, String> provenance) {
  private static final int VERSION = 6;
  private static final String WHEN = "measured";

  /** Of the minute before it was measured; what was measured does not depend on it. */
  private static final String LOAD = "load";

  /** Processes that wait for the processor, from which on a machine counts as busy. */
  private static final double BUSY = 1;

  public Calibration {
    provenance = Map.copyOf(provenance);
  }

  /**
   * Reads what was measured before, or measures, which takes some twenty seconds.
   *
   * @param cache the cache folder; where it cannot be written, each run measures
   * @param main the class whose processes are measured, {@code dev.nacelle.cli.CalibrationMain}
   * @param threads of the kernels
   * @param note hears that it takes a moment
   * @throws NacelleException of kind ENVIRONMENT where no process can be started
   */
  public static Calibration of(Path cache, String main, int threads, Consumer<String> note) {
    JvmCommand jvm = JvmCommand.ofThis();
    Map<String, String> facts = facts(jvm, threads);
    Path file =
        cache.resolve("calibration").resolve(ContentHash.of(bytes(facts.toString())) + ".json");
    Calibration known = read(file, facts);
    double load = load();
    if (known != null && !isCalmer(known.provenance.get(LOAD), load)) {
      return known;
    }
    note.accept(
        known == null
            ? "measuring this machine once, some twenty seconds"
            : "measuring this machine again, some twenty seconds: it was busy last time");
    Calibration fresh = measure(new ProbeRuns(jvm, main, threads), threads, facts, load);
    write(file, fresh);
    return fresh;
  }

  /** Whether a machine that was busy has half as much to do, or less. */
  static boolean isCalmer(@Nullable String then, double now) {
    double before = number(then);
    return before >= BUSY && now <= before / 2;
  }

  /** Processes that ran or waited in the last minute; 0 where nothing says so. */
  private static double load() {
    String text = new DeviceFiles(Path.of("/")).text("/proc/loadavg");
    return number(text == null ? null : text.strip().split(" ", 2)[0]);
  }

  /** 0 for what is none. */
  private static double number(@Nullable String text) {
    try {
      return text == null ? 0 : Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** What the numbers depend on. */
  private static Map<String, String> facts(JvmCommand jvm, int threads) {
    Map<String, String> facts = new TreeMap<>();
    facts.put("version", Integer.toString(VERSION));
    facts.put(
        "jvm", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
    facts.put("flags", jvm.identity());
    facts.put("processor", Processor.read(new DeviceFiles(Path.of("/"))).name());
    facts.put("kernel", System.getProperty("os.version", ""));
    facts.put("threads", Integer.toString(threads));
    for (String name : new String[] {"NACELLE_ISA", "NACELLE_PRODUCTS", "MALLOC_ARENA_MAX"}) {
      facts.put(name, String.valueOf(System.getenv(name)));
    }
    facts.put("classes", ClassPath.digest(System.getProperty("java.class.path")));
    return facts;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Calibration measure(
      ProbeRuns runs, int threads, Map<String, String> facts, double load) {
    Map<String, String> provenance = new TreeMap<>(facts);
    provenance.put(LOAD, Double.toString(load));
    provenance.put(WHEN, Instant.now().toString());
    return new Calibration(runs.cost(), runs.speed(), threads, provenance);
  }

  private static @Nullable Calibration read(Path file, Map<String, String> facts) {
    if (!Files.isRegularFile(file)) {
      return null;
    }
    try {
      JsonNode root = JsonText.read(Files.readString(file));
      Map<String, String> provenance = new TreeMap<>();
      root.path("provenance")
          .properties()
          .forEach(p -> provenance.put(p.getKey(), p.getValue().asText()));
      Map<String, String> held = new TreeMap<>(provenance);
      held.remove(WHEN);
      held.remove(LOAD);
      ProcessCost process = ProcessCost.of(root.path("process"));
      boolean whole = process.run() > 0 && process.load() > 0 && held.equals(facts);
      return whole
          ? new Calibration(
              process,
              MachineSpeed.of(root.path("speed")),
              root.path("threads").asInt(),
              provenance)
          : null;
    } catch (IOException | RuntimeException e) {
      return null; // damaged: measured anew
    }
  }

  private static void write(Path file, Calibration calibration) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("threads", calibration.threads);
    ObjectNode provenance = root.putObject("provenance");
    new TreeMap<>(calibration.provenance).forEach(provenance::put);
    root.set("process", calibration.process.json());
    root.set("speed", calibration.speed.json());
    try {
      Files.createDirectories(file.resolveSibling(""));
      AtomicFile.writeText(file, FaultInjector.none(), root.toPrettyString() + "\n");
    } catch (IOException | NacelleException e) {
      return; // the next run measures again
    }
  }
}
