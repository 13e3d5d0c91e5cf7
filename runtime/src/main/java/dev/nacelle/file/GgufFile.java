package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An open GGUF file, version 2 or 3: metadata and tensors under the file's own names, mapped.
 * Shapes are given slowest first, the other way round than the file writes them.
 */
public final class GgufFile implements TensorSource {
  private static final int MAGIC = 0x4655_4747; // "GGUF"
  private static final int LONGEST_NAME = 64;
  private static final int MOST_DIMENSIONS = 4;

  private final Path path;
  private final NativeBuffer mapped;
  private final FaultInjector faults;
  private final int version;
  private final GgufMetadata metadata;
  private final Map<String, TensorEntry> entries = new LinkedHashMap<>();

  private GgufFile(Path path, NativeBuffer mapped, FaultInjector faults) {
    this.path = path;
    this.mapped = mapped;
    this.faults = faults;
    GgufCursor cursor = new GgufCursor(path, mapped, 0);
    if (cursor.i32("the magic number") != MAGIC) {
      throw NacelleException.input(
          Quoted.path(path) + " does not begin with GGUF", "this is no GGUF file");
    }
    version = cursor.i32("the version");
    if (version != 2 && version != 3) {
      boolean swapped = Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3;
      throw NacelleException.input(
          Quoted.path(path)
              + (swapped ? " is big-endian" : " has version " + Integer.toUnsignedString(version)),
          "GGUF is read in versions 2 and 3, little-endian");
    }
    // A tensor takes a name's length, a count of dimensions, a type and an offset at least.
    long tensors = cursor.count("the number of tensors", 24);
    long keys = cursor.count("the number of metadata keys", 13);
    metadata = new GgufMetadata(path, mapped, cursor, keys);
    readTensors(cursor, tensors);
  }

  /** Opens a file without injected faults. */
  public static GgufFile open(Path file) {
    return open(file, FaultInjector.none());
  }

  /**
   * Maps the file and checks every count, length and offset in it.
   *
   * @throws NacelleException of kind INPUT, naming the file, the byte and the rule
   */
  public static GgufFile open(Path file, FaultInjector faults) {
    NativeBuffer mapped = MappedFile.open(file, "a GGUF file", 24);
    try {
      return new GgufFile(file, mapped, faults);
    } catch (RuntimeException | Error e) {
      mapped.close();
      throw e;
    }
  }

  private void readTensors(GgufCursor cursor, long count) {
    long alignment = metadata.integer("general.alignment", 32, 1, 1 << 30);
    if (Long.bitCount(alignment) != 1) {
      throw metadata.error("general.alignment", "is " + alignment + ", no power of two");
    }
    TensorEntry[] order = new TensorEntry[(int) Math.min(count, Integer.MAX_VALUE - 8)];
    for (int i = 0; i < order.length; i++) {
      order[i] = readTensor(cursor, i, alignment);
    }
    long dataStart = (cursor.position() + alignment - 1) / alignment * alignment;
    for (int i = 0; i < order.length; i++) {
      TensorEntry entry = order[i];
      long room = mapped.byteSize() - dataStart;
      if (entry.bytes() > room || entry.offset() > room - entry.bytes()) {
        throw cursor.error(
            "tensor "
                + Quoted.name(entry.name())
                + " "
                + entry.describe()
                + " at offset "
                + entry.offset()
                + " runs past the end of the file, "
                + Math.max(room, 0)
                + " bytes of data are there");
      }
      order[i] =
          new TensorEntry(
              entry.name(),
              entry.fileDtype(),
              entry.dtype(),
              entry.shape(),
              dataStart + entry.offset(),
              entry.bytes());
      if (entries.put(entry.name(), order[i]) != null) {
        throw cursor.error("tensor " + Quoted.name(entry.name()) + " stands twice");
      }
    }
    refuseOverlap(cursor, order);
  }

  /** An entry whose offset still counts from the start of the data. */
  private static TensorEntry readTensor(GgufCursor cursor, int number, long alignment) {
    String name = cursor.text("the name of tensor " + number, LONGEST_NAME);
    String what = "tensor " + Quoted.name(name);
    int dimensions = cursor.i32(what);
    if (dimensions < 0 || dimensions > MOST_DIMENSIONS) {
      throw cursor.error(
          what
              + " has "
              + Integer.toUnsignedString(dimensions)
              + " dimensions, more than "
              + MOST_DIMENSIONS);
    }
    long[] shape = new long[dimensions];
    for (int i = dimensions - 1; i >= 0; i--) {
      shape[i] = cursor.i64(what);
    }
    int id = cursor.i32(what);
    GgufType type = GgufType.find(id);
    if (type == null) {
      throw cursor.error(what + " has the unknown type " + Integer.toUnsignedString(id));
    }
    long offset = cursor.i64(what);
    if (offset < 0 || offset % alignment != 0) {
      throw cursor.error(
          what
              + " has the offset "
              + Long.toUnsignedString(offset)
              + ", no multiple of the alignment "
              + alignment);
    }
    return new TensorEntry(
        name, type.name(), type.dtype(), shape, offset, bytesOf(cursor, what, type, shape));
  }

  private static long bytesOf(GgufCursor cursor, String what, GgufType type, long[] shape) {
    long row = shape.length == 0 ? 1 : shape[shape.length - 1];
    if (row % type.blockElements() != 0) {
      throw cursor.error(
          what
              + " has rows of "
              + row
              + " elements, no multiple of the "
              + type.blockElements()
              + " in a block of "
              + type);
    }
    try {
      long elements = 1;
      for (long size : shape) {
        if (size < 0) {
          throw cursor.error(what + " has the size " + Long.toUnsignedString(size));
        }
        elements = Math.multiplyExact(elements, size);
      }
      return Math.multiplyExact(elements / type.blockElements(), type.blockBytes());
    } catch (ArithmeticException e) {
      throw cursor.error("the size of " + what + " " + Arrays.toString(shape) + " overflows");
    }
  }

  private static void refuseOverlap(GgufCursor cursor, TensorEntry[] order) {
    Arrays.sort(
        order, Comparator.comparingLong(TensorEntry::offset).thenComparingLong(TensorEntry::bytes));
    for (int i = 1; i < order.length; i++) {
      if (order[i].offset() < order[i - 1].offset() + order[i - 1].bytes()) {
        throw cursor.error(
            "tensors "
                + Quoted.name(order[i - 1].name())
                + " and "
                + Quoted.name(order[i].name())
                + " overlap");
      }
    }
  }

  @Override
  public Path path() {
    return path;
  }

  /** 2 or 3. */
  public int version() {
    return version;
  }

  public GgufMetadata metadata() {
    return metadata;
  }

  @Override
  public Map<String, TensorEntry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  @Override
  public NativeBuffer data(String name) {
    TensorEntry entry = entry(name);
    SafetensorsFile.failIfAsked(faults, path, name);
    return mapped.slice(entry.offset(), entry.bytes());
  }

  @Override
  public boolean canWiden(TensorEntry entry) {
    return GgufType.valueOf(entry.fileDtype()).isReadable();
  }

  @Override
  public StoredAs stored(TensorEntry entry) {
    GgufType type = GgufType.valueOf(entry.fileDtype());
    return new StoredAs(type.dtype(), type.format(), 0);
  }

  /** The names of the types that {@link #readFloat32} reads, for messages. */
  public static String readableTypes() {
    return GgufType.readable();
  }

  @Override
  public void readFloat32(String name, NativeBuffer target) {
    readRows(name, 0, entry(name).rows(), target, row -> row);
  }

  @Override
  public void readRows(String name, long first, long rows, NativeBuffer target) {
    readRows(name, first, rows, target, row -> row);
  }

  /** Which row of the file a row of the result comes from. */
  @FunctionalInterface
  public interface RowOrder {
    long fileRow(long row);
  }

  /**
   * Widens rows of a tensor to fp32, in another order than the file has them, and lets its pages
   * leave the resident set.
   *
   * @param first the first row of the result, in the result's order
   * @param target at least 4 × rows × columns bytes
   */
  public void readRows(String name, long first, long rows, NativeBuffer target, RowOrder order) {
    TensorEntry entry = entry(name);
    GgufType type = GgufType.valueOf(entry.fileDtype());
    if (!type.isReadable()) {
      throw NacelleException.input(
          "tensor "
              + Quoted.name(name)
              + " of "
              + Quoted.path(path)
              + " is "
              + entry.describe()
              + ", a type that Nacelle does not read yet",
          "types read so far: " + readableTypes());
    }
    NativeBuffer data = data(name);
    long[] shape = entry.shape();
    // A vector is permuted element by element where it is permuted at all.
    long width = shape.length < 2 ? 1 : shape[shape.length - 1];
    if (width > 1 << 24) {
      throw NacelleException.input(
          "tensor "
              + Quoted.name(name)
              + " of "
              + Quoted.path(path)
              + " is "
              + entry.describe()
              + ", with rows longer than any layer's",
          "this is no model");
    }
    int columns = (int) width;
    if (columns % type.blockElements() != 0) {
      columns = type.blockElements();
    }
    // A vector of blocks is walked block by block.
    long from = columns == 0 ? 0 : first * width / columns;
    long count = columns == 0 ? 0 : rows * width / columns;
    int rowBytes = columns / type.blockElements() * type.blockBytes();
    byte[] raw = new byte[rowBytes];
    float[] wide = new float[columns];
    for (long row = 0; row < count; row++) {
      data.read(order.fileRow(from + row) * rowBytes, raw, 0, rowBytes);
      GgufBlocks.widen(type, raw, wide, columns);
      target.write(row * columns, wide, 0, columns);
    }
    data.unload();
  }

  @Override
  public void close() {
    if (!mapped.isClosed()) {
      mapped.close();
    }
  }
}
