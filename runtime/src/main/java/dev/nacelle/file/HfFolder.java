package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face model folder: its JSON files, and its tensors from one safetensors file or from
 * shards under an index. Opening reads the headers alone; no weight is touched before it is asked
 * for.
 */
public final class HfFolder implements TensorSource {
  static final String CONFIG = "config.json";
  static final String SINGLE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  private final Path folder;
  private final JsonObject config;
  private final List<SafetensorsFile> files = new ArrayList<>();
  private final Map<String, SafetensorsFile> homes = new LinkedHashMap<>();
  private final Map<String, TensorEntry> entries = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();
  private Map<String, Nf4Weight> nf4 = Map.of();

  private HfFolder(Path folder, JsonObject config) {
    this.folder = folder;
    this.config = config;
  }

  /** Opens a folder without injected faults. */
  public static HfFolder open(Path folder) {
    return open(folder, FaultInjector.none());
  }

  /**
   * Opens a folder: config.json, then the headers of its weights.
   *
   * @throws NacelleException of kind INPUT, naming what is missing or malformed
   */
  public static HfFolder open(Path folder, FaultInjector faults) {
    HfFolder opened = new HfFolder(folder, readConfig(folder));
    try {
      opened.openWeights(faults);
      opened.nf4 = Nf4Weight.takeOut(folder, opened.entries, opened::data);
      return opened;
    } catch (RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  /** Reads config.json alone, to refuse a model before its weights are looked at. */
  public static JsonObject readConfig(Path folder) {
    if (!Files.exists(folder)) {
      throw NacelleException.input(
          "the model folder " + Quoted.path(folder) + " does not exist",
          "check --model; it takes a Hugging Face folder, a .gguf file or a name that pull knows");
    }
    if (!Files.isDirectory(folder)) {
      throw NacelleException.input(
          Quoted.path(folder) + " is not a folder", "name the folder that holds config.json");
    }
    if (!Files.exists(folder.resolve(CONFIG))) {
      throw NacelleException.input(
          "the folder " + Quoted.path(folder) + " has no config.json",
          "a Hugging Face model folder holds config.json, model.safetensors and tokenizer.json");
    }
    return JsonFile.read(folder.resolve(CONFIG));
  }

  private void openWeights(FaultInjector faults) {
    Path single = folder.resolve(SINGLE);
    Path index = folder.resolve(INDEX);
    if (Files.exists(single)) {
      SafetensorsFile file = Safetensors.open(single, faults);
      files.add(file);
      for (TensorEntry entry : file.entries().values()) {
        entries.put(entry.name(), entry);
        homes.put(entry.name(), file);
      }
    } else if (Files.exists(index)) {
      openShards(ShardIndex.read(index), faults);
    } else {
      throw NacelleException.input(
          "the folder "
              + Quoted.path(folder)
              + " has neither "
              + SINGLE
              + " nor "
              + INDEX
              + otherWeights(),
          "weights are read from safetensors alone; fetch the model with `nacelle pull`");
    }
  }

  private String otherWeights() {
    for (String other :
        List.of(
            "pytorch_model.bin",
            "pytorch_model.bin.index.json",
            "tf_model.h5",
            "flax_model.msgpack",
            "consolidated.00.pth")) {
      if (Files.exists(folder.resolve(other))) {
        return ", only " + other;
      }
    }
    return "";
  }

  private void openShards(ShardIndex index, FaultInjector faults) {
    Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
    for (String shard : index.shards()) {
      Path path = folder.resolve(shard);
      if (!Files.exists(path)) {
        throw NacelleException.input(
            "shard " + Quoted.path(path) + ", which " + INDEX + " names, does not exist",
            "fetch the missing file");
      }
      SafetensorsFile file = Safetensors.open(path, faults);
      files.add(file);
      shards.put(shard, file);
    }
    long total = 0;
    for (Map.Entry<String, String> mapped : index.weightMap().entrySet()) {
      String name = mapped.getKey();
      SafetensorsFile file = shards.get(mapped.getValue());
      TensorEntry entry = file == null ? null : file.find(name);
      if (file == null || entry == null) {
        throw NacelleException.input(
            INDEX
                + " of "
                + Quoted.path(folder)
                + " places tensor "
                + Quoted.name(name)
                + " in "
                + Quoted.name(mapped.getValue())
                + ", which has no such tensor",
            "index and shards do not belong together; fetch the model again");
      }
      entries.put(name, entry);
      homes.put(name, file);
      total += entry.bytes();
    }
    noteOddities(index, shards, total);
  }

  private void noteOddities(ShardIndex index, Map<String, SafetensorsFile> shards, long total) {
    if (index.totalSize() != null && index.totalSize() != total) {
      notes.add(
          INDEX
              + " says total_size "
              + index.totalSize()
              + ", its tensors have "
              + total
              + " bytes");
    }
    shards.forEach(
        (shard, file) -> {
          for (String name : file.entries().keySet()) {
            if (!shard.equals(index.weightMap().get(name))) {
              notes.add(
                  "tensor "
                      + Quoted.name(name)
                      + " of "
                      + Quoted.name(shard)
                      + " is not placed there by the index and is not read");
            }
          }
        });
  }

  @Override
  public Path path() {
    return folder;
  }

  /** config.json. */
  public JsonObject config() {
    return config;
  }

  /** Another JSON file of the folder, generation_config.json say; null where it is not there. */
  public @Nullable JsonObject json(String name) {
    Path file = folder.resolve(name);
    return Files.exists(file) ? JsonFile.read(file) : null;
  }

  /** What is odd about the folder without being wrong, a sentence each. */
  public List<String> notes() {
    return Collections.unmodifiableList(notes);
  }

  /** The weight files, in the order in which the index first names them. */
  public List<SafetensorsFile> files() {
    return Collections.unmodifiableList(files);
  }

  @Override
  public Map<String, TensorEntry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  @Override
  public NativeBuffer data(String name) {
    return home(name).data(name);
  }

  @Override
  public StoredAs stored(TensorEntry entry) {
    return nf4.containsKey(entry.name())
        ? new StoredAs(null, BlockFormat.NF4, 0)
        : TensorSource.super.stored(entry);
  }

  @Override
  public boolean canWiden(TensorEntry entry) {
    return nf4.containsKey(entry.name()) || TensorSource.super.canWiden(entry);
  }

  @Override
  public float[] absmax(String name) {
    Nf4Weight weight = nf4.get(name);
    return weight == null ? TensorSource.super.absmax(name) : weight.absmaxes();
  }

  @Override
  public void readFloat32(String name, NativeBuffer target) {
    Nf4Weight weight = nf4.get(name);
    if (weight != null) {
      weight.readRows(0, weight.entry().rows(), target);
      return;
    }
    home(name).readFloat32(name, target);
  }

  @Override
  public void readRows(String name, long first, long rows, NativeBuffer target) {
    Nf4Weight weight = nf4.get(name);
    if (weight != null) {
      weight.readRows(first, rows, target);
      NativeMemory.letGo(weight.codes());
      return;
    }
    home(name).readRows(name, first, rows, target);
  }

  private SafetensorsFile home(String name) {
    SafetensorsFile file = homes.get(entry(name).name());
    if (file == null) {
      throw new AssertionError(name);
    }
    return file;
  }

  @Override
  public void close() {
    for (SafetensorsFile file : files) {
      file.close();
    }
  }
}
