package dev.nacelle.train;

import dev.nacelle.adapter.Beginning;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.VeraKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A run's options as the flags of the command line that stand for them: what a run remembers of
 * itself, and what a resumed one is held against. A flag without a value is absent, a switch has
 * the value {@code true}, paths are absolute.
 */
public final class OptionFlags {
  /** What may differ when a run goes on. */
  public static final Set<String> FREE =
      Set.of(
          "--steps",
          "--epochs",
          "--threads",
          "--budget",
          "--host-budget",
          "--spill",
          "--save-every",
          "--keep",
          "--sample-prompt",
          "--max-temperature");

  /** What says how a command speaks or where it runs, and is no part of a run. */
  public static final Set<String> NOT_REMEMBERED =
      Set.of(
          "--out",
          "--overwrite",
          "--resume",
          "--dry-run",
          "--json",
          "--quiet",
          "--verbose",
          "--help",
          "--version",
          "--device");

  private static final Set<String> PATHS =
      Set.of("--model", "--data", "--eval-data", "--init-adapter", "--log", "--dump-gradients");

  private OptionFlags() {}

  /** The flags, in the order of the help page. */
  public static Map<String, List<String>> of(FinetuneOptions options) {
    Flags flags = new Flags();
    flags.paths("--model", List.of(options.model()));
    data(flags, options.data());
    adapter(flags, options.adapter());
    flags.count("--steps", options.length().steps());
    flags.positive("--epochs", options.length().epochs());
    learning(flags, options.learning());
    FinetuneOptions.Evaluating evaluation = options.evaluation();
    flags.paths("--eval-data", evaluation.data());
    flags.positive("--eval-split", evaluation.split());
    flags.count("--eval-every", evaluation.every());
    flags.count("--patience", evaluation.patience());
    if (!options.samplePrompts().isEmpty()) {
      flags.values.put("--sample-prompt", options.samplePrompts());
    }
    flags.count("--save-every", options.saving().every());
    flags.count("--keep", options.saving().keep());
    flags.put("--dtype", options.dtype().label());
    flags.count("--threads", options.threads());
    flags.put("--seed", Long.toString(options.seed()));
    flags.path("--log", options.log());
    flags.path("--dump-gradients", options.dumpGradients());
    Double hottest = options.maxTemperature();
    if (hottest != null) {
      flags.positive("--max-temperature", hottest);
    }
    Long budget = options.limits().budget();
    flags.count("--budget", budget == null ? 0 : budget);
    if (options.limits().allowApproximate()) {
      flags.put("--allow-approximate", "true");
    }
    if (!options.limits().spill()) {
      flags.put("--spill", "off");
    }
    return flags.values;
  }

  private static void data(Flags flags, FinetuneOptions.DataFlow data) {
    flags.paths("--data", data.files());
    flags.put("--format", data.format().word());
    flags.put("--train-on", word(data.trainOn()));
    if (data.skipBadLines()) {
      flags.put("--skip-bad-lines", "true");
    }
    flags.count("--batch-size", data.batchSize());
    flags.count("--accumulate", data.accumulate());
    flags.count("--max-length", data.maxLength());
    flags.put("--packing", data.packing() ? "on" : "off");
    flags.put("--order", word(data.order()));
  }

  /** Where a saved adapter settles these, only what was typed is a flag of the run. */
  private static void adapter(Flags flags, FinetuneOptions.Adapting adapter) {
    flags.path("--init-adapter", adapter.init());
    if (adapter.special().beginning() != Beginning.DEFAULT) {
      flags.put("--init", word(adapter.special().beginning()));
    }
    if (adapter.special().toGguf()) {
      flags.put("--will-export", "gguf");
    }
    Map<String, String> settled = new LinkedHashMap<>();
    settled.put("--adapter", adapter.kind().word());
    if (adapter.kind() instanceof HydraKind hydra) {
      settled.put(
          "--heads",
          hydra.equals(HydraKind.AS_DATA_SAYS) ? "auto" : Integer.toString(hydra.heads()));
    }
    if (adapter.kind() instanceof VeraKind vera) {
      settled.put("--d-initial", Double.toString(vera.initialD()));
      settled.put("--projection-key", Long.toString(vera.projectionKey()));
      settled.put("--save-projection", vera.savesProjection() ? "on" : "off");
    }
    settled.put("--rank", Integer.toString(adapter.rank()));
    if (!(adapter.kind() instanceof VeraKind)) {
      settled.put("--alpha", Double.toString(adapter.alpha()));
    }
    settled.put("--dropout", Double.toString(adapter.dropout()));
    settled.put("--targets", adapter.targets());
    settled.put("--layers", adapter.layers());
    settled.put("--modules-to-save", String.join(",", adapter.special().whole()));
    settled.put("--rank-pattern", adapter.special().ranks().flag());
    settled.put("--alpha-pattern", adapter.special().alphas().flag());
    settled.forEach(
        (flag, value) -> {
          boolean holds = adapter.init() == null || adapter.given().contains(flag);
          if (holds && !value.isEmpty()) {
            flags.put(flag, value);
          }
        });
  }

  private static void learning(Flags flags, FinetuneOptions.Learning learning) {
    AdamSettings adam = learning.adam();
    flags.put("--lr", Double.toString(learning.rate()));
    flags.put("--schedule", word(learning.schedule()));
    flags.put("--warmup", Double.toString(learning.warmup()));
    flags.put("--weight-decay", Double.toString(adam.weightDecay()));
    flags.put("--clip", Double.toString(learning.clip()));
    flags.put("--betas", adam.beta1() + "," + adam.beta2());
    flags.put("--eps", Double.toString(adam.eps()));
    flags.put("--lora-plus-ratio", Double.toString(adam.loraPlusRatio()));
    flags.positive("--balance-weight", learning.balanceWeight());
  }

  /** The flags that differ between two runs though they may not, sorted. */
  public static Set<String> contradictions(
      Map<String, List<String>> remembered, Map<String, List<String>> now) {
    Set<String> different = new TreeSet<>();
    Set<String> all = new TreeSet<>(remembered.keySet());
    all.addAll(now.keySet());
    for (String flag : all) {
      if (!FREE.contains(flag) && !isSame(flag, remembered.get(flag), now.get(flag))) {
        different.add(flag);
      }
    }
    return different;
  }

  private static boolean isSame(
      String flag, @Nullable List<String> before, @Nullable List<String> now) {
    if (Objects.equals(before, now)) {
      return true;
    }
    if (before == null || now == null || before.size() != now.size() || !PATHS.contains(flag)) {
      return false;
    }
    for (int i = 0; i < before.size(); i++) {
      if (!isSameFile(before.get(i), now.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isSameFile(String one, String other) {
    try {
      return one.equals(other) || Files.isSameFile(Path.of(one), Path.of(other));
    } catch (IOException e) {
      return false;
    }
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Collects flags; what stands for "none" is left out. */
  private static final class Flags {
    private final Map<String, List<String>> values = new LinkedHashMap<>();

    void put(String flag, String value) {
      values.put(flag, List.of(value));
    }

    void count(String flag, long value) {
      if (value > 0) {
        put(flag, Long.toString(value));
      }
    }

    void positive(String flag, double value) {
      if (value > 0) {
        put(flag, Double.toString(value));
      }
    }

    void path(String flag, @Nullable Path path) {
      paths(flag, path == null ? List.of() : List.of(path));
    }

    void paths(String flag, List<Path> paths) {
      List<String> absolute = new ArrayList<>();
      paths.forEach(p -> absolute.add(p.toAbsolutePath().normalize().toString()));
      if (!absolute.isEmpty()) {
        values.put(flag, List.copyOf(absolute));
      }
    }
  }
}
