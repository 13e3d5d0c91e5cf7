package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A LoRA adapter folder as PEFT writes it: adapter_config.json and adapter_model.safetensors.
 * Reading is stricter than PEFT, which says nothing about keys that it does not use and only warns
 * about those that it misses.
 */
public final class PeftAdapter implements AutoCloseable {
  public static final String WEIGHTS = "adapter_model.safetensors";
  public static final String PREFIX = "base_model.model.";

  private final AdapterConfig config;
  private final SafetensorsFile file;
  private final Map<String, Pair> pairs;

  /**
   * The pair of one module.
   *
   * @param modulePath Hugging Face's path
   * @param out rows of B
   * @param in columns of A
   * @param a entry of A (rank, in)
   * @param b entry of B (out, rank)
   */
  public record Pair(String modulePath, long out, long in, TensorEntry a, TensorEntry b) {}

  private PeftAdapter(AdapterConfig config, SafetensorsFile file, Map<String, Pair> pairs) {
    this.config = config;
    this.file = file;
    this.pairs = pairs;
  }

  /**
   * Reads adapter_config.json alone.
   *
   * @throws NacelleException of kind INPUT, naming the field
   */
  public static AdapterConfig readConfig(Path folder) {
    return AdapterConfigFile.read(folder);
  }

  /**
   * Opens an adapter and holds it against the base model: every module that the configuration means
   * has its pair, of the right shapes, and no tensor is left over.
   *
   * @param linears the base model's linear modules, path → {out, in}, the head included
   * @throws NacelleException of kind INPUT, naming field or tensor
   */
  public static PeftAdapter open(Path folder, Map<String, long[]> linears, FaultInjector faults) {
    AdapterConfig config = readConfig(folder);
    Path weights = folder.resolve(WEIGHTS);
    if (!Files.exists(weights) && Files.exists(folder.resolve("adapter_model.bin"))) {
      throw NacelleException.input(
          Quoted.path(folder)
              + " has its weights in adapter_model.bin, a pickle, which can run"
              + " code when it is read",
          "load it with PEFT and save it again: that writes " + WEIGHTS);
    }
    SafetensorsFile file = Safetensors.open(weights, faults);
    try {
      TargetMatcher targets = new TargetMatcher(folder.resolve(AdapterConfigFile.NAME), config);
      return new PeftAdapter(config, file, AdapterKeys.pair(file, config, targets, linears));
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  public AdapterConfig config() {
    return config;
  }

  /** The pairs in the order of the base model's modules. */
  public List<Pair> pairs() {
    return List.copyOf(pairs.values());
  }

  /** A of a module, (rank, in) row by row, widened to fp32. */
  public float[] a(String modulePath) {
    return floats(pair(modulePath).a());
  }

  /** B of a module, (out, rank) row by row, widened to fp32. */
  public float[] b(String modulePath) {
    return floats(pair(modulePath).b());
  }

  /** Writes A, widened to fp32, into a buffer of 4 × rank × in bytes. */
  public void readA(String modulePath, NativeBuffer target) {
    file.readFloat32(pair(modulePath).a().name(), target);
  }

  /** Writes B, widened to fp32, into a buffer of 4 × out × rank bytes. */
  public void readB(String modulePath, NativeBuffer target) {
    file.readFloat32(pair(modulePath).b().name(), target);
  }

  /** Writes rows of B, widened to fp32, into a buffer of 4 × rows × rank bytes. */
  public void readB(String modulePath, long first, long rows, NativeBuffer target) {
    file.readRows(pair(modulePath).b().name(), first, rows, target);
  }

  private Pair pair(String modulePath) {
    Pair pair = pairs.get(modulePath);
    if (pair == null) {
      throw new IllegalArgumentException("the adapter has no pair for " + modulePath);
    }
    return pair;
  }

  private float[] floats(TensorEntry entry) {
    float[] out = new float[Math.toIntExact(entry.elements())];
    try (NativeBuffer wide = NativeBuffer.allocate(4L * out.length)) {
      file.readRows(entry.name(), 0, entry.rows(), wide);
      wide.read(0, out, 0, out.length);
    }
    return out;
  }

  @Override
  public void close() {
    file.close();
  }

  /** Writes an adapter that targets no head. */
  public static void write(
      Path folder, AdapterConfig config, List<AdapterTensor> tensors, FaultInjector faults) {
    write(folder, config, tensors, List.of(), faults);
  }

  /**
   * Writes both files, the weights first, each whole or not at all; the folder is made where it is
   * missing.
   *
   * @param frozen weights that PEFT saves beside the pairs: those of a targeted head
   * @throws NacelleException of kind ENVIRONMENT when they cannot be written
   */
  public static void write(
      Path folder,
      AdapterConfig config,
      List<AdapterTensor> tensors,
      List<NamedTensor> frozen,
      FaultInjector faults) {
    List<NamedTensor> named = new ArrayList<>(frozen);
    List<String> modules = new ArrayList<>();
    for (AdapterTensor pair : tensors) {
      String path = PREFIX + pair.modulePath();
      long[] a = {config.rank(), pair.in()};
      long[] b = {pair.out(), config.rank()};
      named.add(new NamedTensor(path + AdapterKeys.A_SUFFIX, DType.FP32, a, pair.a()));
      named.add(new NamedTensor(path + AdapterKeys.B_SUFFIX, DType.FP32, b, pair.b()));
      modules.add(pair.modulePath());
    }
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
    SafetensorsWriter.write(
        folder.resolve(WEIGHTS), named, SafetensorsWriter.PYTORCH_METADATA, faults);
    AtomicFile.writeText(
        folder.resolve(AdapterConfigFile.NAME), faults, AdapterConfigWriter.text(config, modules));
  }
}
