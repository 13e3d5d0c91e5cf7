package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/** Sorts the keys of an adapter's file by the modules that its configuration means. */
final class AdapterKeys {
  /** A file may have the adapter's name amid a key. */
  private static final Pattern NAMED =
      Pattern.compile("(\\.lora_(?:A|B\\d*|route))\\.default\\.weight$");

  private AdapterKeys() {}

  /**
   * What a file holds.
   *
   * @param modules the adapted ones, by path
   * @param whole modules that it holds whole, by path
   * @param shared VeRA's matrices, by key; empty where the file leaves them out
   */
  record Contents(
      Map<String, PeftAdapter.Adapted> modules,
      Map<String, PeftAdapter.Adapted> whole,
      Map<String, TensorEntry> shared) {}

  static Contents byModule(
      TensorSource file, AdapterConfig config, TargetMatcher targets, Map<String, long[]> linears) {
    Map<String, PeftAdapter.Adapted> whole = new LinkedHashMap<>();
    Map<String, TensorEntry> shared = new LinkedHashMap<>();
    Map<String, TensorEntry> byKey = byKey(file);
    Map<String, PeftAdapter.Adapted> modules = new LinkedHashMap<>();
    linears.forEach(
        (path, shape) -> {
          if (targets.means(path)) {
            Map<String, TensorEntry> parts = new LinkedHashMap<>();
            for (AdapterKind.Part part : config.parts(path, shape[0], shape[1])) {
              parts.put(part.suffix(), take(file, byKey, path + part.suffix(), part.shape()));
            }
            modules.put(path, new PeftAdapter.Adapted(path, shape[0], shape[1], parts));
            dropFrozenCopy(byKey, path, shape);
          }
        });
    if (config.kind() instanceof VeraKind vera && vera.savesProjection()) {
      long[] widest = widest(modules);
      shared.put(VeraKind.A, take(file, byKey, VeraKind.A, new long[] {config.rank(), widest[1]}));
      shared.put(VeraKind.B, take(file, byKey, VeraKind.B, new long[] {widest[0], config.rank()}));
    }
    for (String path : WholeModules.paths(config.whole())) {
      if (modules.containsKey(path)) {
        throw NacelleException.input(
            Quoted.path(file.path()) + ": the adapter both adapts " + path + " and holds it whole",
            "leave it out of target_modules or of modules_to_save");
      }
    }
    if (modules.isEmpty()) {
      throw NacelleException.input(
          Quoted.path(file.path())
              + ": the adapter's target_modules match no linear layer of"
              + " the model",
          "the adapter was made for another model");
    }
    for (String path : WholeModules.paths(config.whole())) {
      // The table has the head's shape, tied or not.
      long[] shape = Objects.requireNonNull(linears.get(WholeModules.HEAD));
      String key = path + WholeModules.WEIGHT;
      whole.put(
          path,
          new PeftAdapter.Adapted(
              path,
              shape[0],
              shape[1],
              Map.of(WholeModules.WEIGHT, take(file, byKey, key, shape))));
    }
    if (!byKey.isEmpty()) {
      throw leftOver(file, byKey);
    }
    return new Contents(modules, whole, shared);
  }

  /** The sizes that the modules come to together: {out, in}. */
  static long[] widest(Map<String, PeftAdapter.Adapted> modules) {
    return VeraProjection.widest(
        modules.values().stream().map(m -> new long[] {m.out(), m.in()}).toList());
  }

  /** Keys without PEFT's prefix and without the adapter's name where a file has it. */
  private static Map<String, TensorEntry> byKey(TensorSource file) {
    Map<String, TensorEntry> byKey = new LinkedHashMap<>();
    for (TensorEntry entry : file.entries().values()) {
      if (entry.name().equals(VeraKind.A) || entry.name().equals(VeraKind.B)) {
        byKey.put(entry.name(), entry);
        continue;
      }
      if (!entry.name().startsWith(PeftAdapter.PREFIX)) {
        throw NacelleException.input(
            Quoted.path(file.path())
                + ": tensor "
                + Quoted.name(entry.name())
                + " does not begin with "
                + PeftAdapter.PREFIX,
            "PEFT would ignore it without an error; save the adapter with PEFT or Nacelle");
      }
      String key = entry.name().substring(PeftAdapter.PREFIX.length());
      key = key.replace(".lora_magnitude_vector.default.weight", DoraKind.MAGNITUDE);
      key = NAMED.matcher(key).replaceFirst("$1.weight");
      if (byKey.put(key, entry) != null) {
        throw NacelleException.input(
            Quoted.path(file.path())
                + ": "
                + Quoted.name(key)
                + " stands there with and without the adapter's name",
            "save the adapter again");
      }
    }
    return byKey;
  }

  private static TensorEntry take(
      TensorSource file, Map<String, TensorEntry> byKey, String key, long[] shape) {
    TensorEntry entry = byKey.remove(key);
    if (entry == null) {
      throw NacelleException.input(
          Quoted.path(file.path())
              + " has no tensor "
              + (key.startsWith("base_model.") ? "" : PeftAdapter.PREFIX)
              + key
              + " "
              + Arrays.toString(shape)
              + ", which its configuration asks for",
          "the adapter was made for another model, or it was not saved whole");
    }
    if (!Arrays.equals(entry.shape(), shape)) {
      throw NacelleException.input(
          "tensor "
              + Quoted.name(entry.name())
              + " of "
              + Quoted.path(file.path())
              + " has the shape "
              + Arrays.toString(entry.shape())
              + ", rank and base model ask"
              + " for "
              + Arrays.toString(shape),
          "the adapter was made for another model, or r in adapter_config.json is wrong");
    }
    if (entry.dtype() == null || !entry.dtype().isCompute()) {
      throw NacelleException.input(
          "tensor "
              + Quoted.name(entry.name())
              + " of "
              + Quoted.path(file.path())
              + " is "
              + entry.describe(),
          "adapters are read from F32, BF16 and F16");
    }
    return entry;
  }

  /** For a targeted head PEFT saves the frozen weight as well; the base model has it already. */
  private static void dropFrozenCopy(Map<String, TensorEntry> byKey, String path, long[] shape) {
    String key = path + ".base_layer.weight";
    TensorEntry copy = byKey.get(key);
    if (copy != null && Arrays.equals(copy.shape(), shape)) {
      byKey.remove(key);
    }
  }

  private static NacelleException leftOver(TensorSource file, Map<String, TensorEntry> byKey) {
    List<String> names = byKey.values().stream().limit(3).map(e -> Quoted.name(e.name())).toList();
    String first = byKey.keySet().iterator().next();
    String hint =
        first.contains(".lora_route") || first.matches(".*\\.lora_B\\d+\\.weight")
            ? "these are HydraLoRA's heads, more than adapter_config.json says in lora_nums"
            : "the adapter was made for another model, or target_modules leaves them out";
    return NacelleException.input(
        Quoted.path(file.path())
            + ": "
            + byKey.size()
            + " tensors would not be used: "
            + String.join(", ", names)
            + (byKey.size() > 3 ? " …" : ""),
        hint);
  }
}
