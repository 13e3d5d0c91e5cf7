package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An adapter folder as PEFT writes it: adapter_config.json and adapter_model.safetensors. Reading
 * is stricter than PEFT, which says nothing about keys that it does not use and only warns about
 * those that it misses.
 */
public final class PeftAdapter implements AutoCloseable {
  public static final String WEIGHTS = "adapter_model.safetensors";
  private static final String PICKLED = "adapter_model.bin";
  public static final String PREFIX = "base_model.model.";

  private final AdapterConfig config;
  private final TensorSource file;
  private final AdapterKeys.Contents contents;
  private @Nullable VeraProjection projection;

  /**
   * What the file has for one module.
   *
   * @param modulePath Hugging Face's path
   * @param out rows of the module's weight
   * @param in its columns
   * @param parts the entries by what their names end in, as the adapter's kind has them
   */
  public record Adapted(String modulePath, long out, long in, Map<String, TensorEntry> parts) {}

  private PeftAdapter(AdapterConfig config, TensorSource file, AdapterKeys.Contents contents) {
    this.config = config;
    this.file = file;
    this.contents = contents;
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
   * The modules among {@code paths} that an adapter's configuration means.
   *
   * @throws NacelleException of kind INPUT where its pattern cannot be read
   */
  public static Set<String> adapted(Path folder, AdapterConfig config, List<String> paths) {
    TargetMatcher targets = new TargetMatcher(folder.resolve(AdapterConfigFile.NAME), config);
    return paths.stream().filter(targets::means).collect(Collectors.toSet());
  }

  /**
   * Opens an adapter and holds it against the base model: every module that the configuration means
   * has its tensors, of the right shapes, and no tensor is left over.
   *
   * @param linears the base model's linear modules, path → {out, in}, the head included
   * @throws NacelleException of kind INPUT, naming field or tensor
   */
  public static PeftAdapter open(Path folder, Map<String, long[]> linears, FaultInjector faults) {
    AdapterConfig config = readConfig(folder);
    TensorSource file = openWeights(folder, faults);
    try {
      TargetMatcher targets = new TargetMatcher(folder.resolve(AdapterConfigFile.NAME), config);
      return new PeftAdapter(config, file, AdapterKeys.byModule(file, config, targets, linears));
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Opens an adapter's tensors: adapter_model.safetensors, or adapter_model.bin as PyTorch pickles
   * it, of which tensors alone are read.
   *
   * @throws NacelleException of kind INPUT where both are there, or the one is malformed
   */
  public static TensorSource openWeights(Path folder, FaultInjector faults) {
    Path weights = weights(folder);
    return weights.endsWith(PICKLED)
        ? TorchFile.open(weights, faults)
        : Safetensors.open(weights, faults);
  }

  /** The file that an adapter's tensors are in, whether it is there or not. */
  public static Path weights(Path folder) {
    Path plain = folder.resolve(WEIGHTS);
    Path pickled = folder.resolve(PICKLED);
    if (!Files.exists(pickled)) {
      return plain;
    }
    if (Files.exists(plain)) {
      throw NacelleException.input(
          Quoted.path(folder) + " has both " + WEIGHTS + " and " + PICKLED,
          "remove the one that is not the adapter's");
    }
    return pickled;
  }

  public AdapterConfig config() {
    return config;
  }

  /** What is adapted, in the order of the base model's modules. */
  public List<Adapted> modules() {
    return List.copyOf(contents.modules().values());
  }

  /** What the file holds whole, by {@link WholeModules#WEIGHT}; the token table first. */
  public List<Adapted> whole() {
    return List.copyOf(contents.whole().values());
  }

  /** A of a module, (rank, in) row by row, widened to fp32. */
  public float[] a(String modulePath) {
    return values(modulePath, LoraKind.A);
  }

  /** B of a module, (out, rank) row by row, widened to fp32. */
  public float[] b(String modulePath) {
    return values(modulePath, LoraKind.B);
  }

  /**
   * VeRA's matrices: those of the file, or drawn again where it leaves them out.
   *
   * @throws IllegalStateException for another kind
   */
  public VeraProjection projection() {
    VeraProjection known = projection;
    if (known != null) {
      return known;
    }
    if (!(config.kind() instanceof VeraKind vera)) {
      throw new IllegalStateException("no " + config.kind().word() + " adapter has a projection");
    }
    long[] widest = AdapterKeys.widest(contents.modules());
    TensorEntry a = contents.shared().get(VeraKind.A);
    TensorEntry b = contents.shared().get(VeraKind.B);
    known =
        a == null || b == null
            ? VeraProjection.drawn(vera.projectionKey(), config.rank(), widest[0], widest[1])
            : new VeraProjection(
                config.rank(), widest[1], widest[0], read(a, 0, a.rows()), read(b, 0, b.rows()));
    projection = known;
    return known;
  }

  /** A and B of a low-rank pair that comes to the same as VeRA's vectors between its matrices. */
  private float[] asPair(String modulePath, String suffix, long first, long rows) {
    if (suffix.equals(LoraKind.B)) {
      return projection().up(rows(modulePath, VeraKind.LAMBDA_B, first, rows), first);
    }
    float[] d = values(modulePath, VeraKind.LAMBDA_D);
    Adapted adapted = Objects.requireNonNull(contents.modules().get(modulePath));
    return projection().down(d, first, rows, adapted.in());
  }

  private boolean isVeraPair(String suffix) {
    return config.kind() instanceof VeraKind
        && (suffix.equals(LoraKind.A) || suffix.equals(LoraKind.B));
  }

  /**
   * Some rows of a part, widened to fp32; of A and B of VeRA too, whose scale is 1 then. A vector
   * has as many rows as elements.
   *
   * @throws NacelleException of kind INPUT where one of them is not finite
   */
  public float[] rows(String modulePath, String suffix, long first, long rows) {
    return isVeraPair(suffix)
        ? asPair(modulePath, suffix, first, rows)
        : read(entry(modulePath, suffix), first, rows);
  }

  private float[] read(TensorEntry entry, long first, long rows) {
    float[] out = new float[Math.toIntExact(rows * entry.columns())];
    try (NativeBuffer wide = NativeBuffer.allocate(4L * out.length)) {
      file.readRows(entry.name(), first, rows, wide);
      wide.read(0, out, 0, out.length);
    }
    for (float value : out) {
      if (!Float.isFinite(value)) {
        throw NacelleException.input(
            "tensor "
                + Quoted.name(entry.name())
                + " of "
                + Quoted.path(file.path())
                + " holds "
                + value
                + ", which is not finite",
            "its training went astray; use an earlier checkpoint");
      }
    }
    return out;
  }

  private TensorEntry entry(String modulePath, String suffix) {
    Adapted adapted =
        contents.modules().containsKey(modulePath)
            ? contents.modules().get(modulePath)
            : contents.whole().get(modulePath);
    TensorEntry entry = adapted == null ? null : adapted.parts().get(suffix);
    if (entry == null) {
      throw new IllegalArgumentException("the adapter has no " + modulePath + suffix);
    }
    return entry;
  }

  /** A part of a module row by row, widened to fp32. */
  public float[] values(String modulePath, String suffix) {
    if (isVeraPair(suffix)) {
      Adapted adapted = Objects.requireNonNull(contents.modules().get(modulePath));
      return asPair(
          modulePath, suffix, 0, suffix.equals(LoraKind.A) ? config.rank() : adapted.out());
    }
    return rows(modulePath, suffix, 0, entry(modulePath, suffix).rows());
  }

  @Override
  public void close() {
    file.close();
  }

  /**
   * Writes both files, the weights first, each whole or not at all; the folder is made where it is
   * missing.
   *
   * @param modules paths of the adapted modules
   * @param tensors the parts of each under their whole names, and the weights that PEFT saves
   *     beside them: those of a targeted head
   * @throws NacelleException of kind ENVIRONMENT when they cannot be written
   */
  public static void write(
      Path folder,
      AdapterConfig config,
      List<String> modules,
      List<NamedTensor> tensors,
      FaultInjector faults) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
    SafetensorsWriter.write(
        folder.resolve(WEIGHTS), tensors, SafetensorsWriter.PYTORCH_METADATA, faults);
    AtomicFile.writeText(
        folder.resolve(AdapterConfigFile.NAME), faults, AdapterConfigWriter.text(config, modules));
  }
}
