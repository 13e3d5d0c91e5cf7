package dev.nacelle.model;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.StoredAs;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A model in a GGUF file, seen as if it were a Hugging Face folder: Hugging Face's names and
 * shapes, query and key rows in its order, norm weights counted as there. Of some families GGUF
 * keeps those rows interleaved for a rotary embedding of neighbours: file row 2j + t of a head is
 * row t·(D/2) + j there. Norm weights that count from one it keeps with the one added.
 *
 * <p>An entry with no {@code dtype} is no plain tensor where it lies: it is quantised, or its rows
 * must be moved, or one be taken off. {@link #stored} says which, and {@link #readFloat32} reads
 * all of them.
 */
public final class GgufModel implements TensorSource {
  /** Holds the divisors of the rotary frequencies where they are stretched by a table. */
  public static final String ROPE_FACTORS = GgufConfigReader.ROPE_FACTORS;

  private final GgufFile file;
  private final ModelConfig config;
  private final Map<String, TensorEntry> entries = new LinkedHashMap<>();
  private final Map<String, String> fileNames = new LinkedHashMap<>();

  private GgufModel(GgufFile file, ModelConfig config) {
    this.file = file;
    this.config = config;
  }

  /**
   * Reads the configuration and holds every tensor against it. The file then belongs to the result.
   *
   * @throws NacelleException of kind INPUT, naming key or tensor
   */
  public static GgufModel of(GgufFile file) {
    GgufModel model = new GgufModel(file, GgufConfigReader.read(file));
    model.mapNames();
    ModelTensors.check(model.config, model);
    return model;
  }

  private void mapNames() {
    Set<String> used = new HashSet<>();
    if (config.layers() > file.entries().size()) {
      throw NacelleException.input(
          Quoted.path(file.path())
              + " has "
              + file.entries().size()
              + " tensors, too few for its "
              + config.layers()
              + " layers",
          "the file is incomplete; fetch it again");
    }
    for (ModelTensors.Expected wanted : ModelTensors.expected(config)) {
      String name = GgufNames.of(config.family(), wanted.name());
      TensorEntry entry = file.find(name);
      if (entry == null) {
        throw NacelleException.input(
            Quoted.path(file.path())
                + " has no tensor "
                + name
                + ", which a model of the family "
                + config.family()
                + " needs",
            "the file is incomplete; fetch it again");
      }
      used.add(name);
      fileNames.put(wanted.name(), name);
      entries.put(
          wanted.name(),
          new TensorEntry(
              wanted.name(),
              entry.fileDtype(),
              isAsStored(wanted.name()) ? entry.dtype() : null,
              entry.shape(),
              entry.offset(),
              entry.bytes()));
    }
    for (TensorEntry entry : file.entries().values()) {
      if (!used.contains(entry.name()) && !GgufConfigReader.isRopeTable(entry.name())) {
        // The check that follows refuses it under its own name.
        entries.put(entry.name(), entry);
        fileNames.put(entry.name(), entry.name());
      }
    }
  }

  /** Whether a tensor of a file holds divisors of rotary frequencies. */
  public static boolean isRopeTable(String name) {
    return GgufConfigReader.isRopeTable(name);
  }

  public ModelConfig config() {
    return config;
  }

  /** The file itself: its metadata, and its tensors under their own names. */
  public GgufFile file() {
    return file;
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Map<String, TensorEntry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  @Override
  public boolean canWiden(TensorEntry entry) {
    return file.canWiden(entry);
  }

  @Override
  public StoredAs stored(TensorEntry entry) {
    StoredAs plain = file.stored(entry);
    return shift(entry.name()) > 0
        ? new StoredAs(null, null, 0)
        : new StoredAs(plain.dtype(), plain.blocks(), rowsPerHead(entry.name()));
  }

  /** The bytes as the file has them, rows of queries and keys interleaved. */
  @Override
  public NativeBuffer data(String name) {
    return file.data(rawName(name));
  }

  @Override
  public void readFloat32(String name, NativeBuffer target) {
    readRows(name, 0, entry(name).rows(), target);
  }

  @Override
  public void readRows(String name, long first, long rows, NativeBuffer target) {
    file.readRows(rawName(name), first, rows, target, rowOrder(name));
    int shift = shift(name);
    long elements = shift == 0 ? 0 : rows * entry(name).columns();
    for (long i = 0; i < elements; i++) {
      target.setFloat(i, target.getFloat(i) - shift);
    }
  }

  private boolean isAsStored(String name) {
    return rowsPerHead(name) == 0 && shift(name) == 0;
  }

  private int rowsPerHead(String name) {
    return GgufNames.interleavedRows(config, name);
  }

  private int shift(String name) {
    return GgufNames.shift(config, name);
  }

  /** Which row of the file a row of Hugging Face's order comes from. */
  public GgufFile.RowOrder rowOrder(String name) {
    int d = rowsPerHead(name);
    return row -> BlockMatrix.storedRow(row, d);
  }

  private String rawName(String name) {
    String raw = fileNames.get(entry(name).name());
    if (raw == null) {
      throw new AssertionError(name);
    }
    return raw;
  }

  @Override
  public void close() {
    file.close();
  }
}
