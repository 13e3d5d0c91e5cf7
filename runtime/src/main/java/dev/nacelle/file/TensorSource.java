package dev.nacelle.file;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Named tensors of one file or folder; buffers handed out live as long as the source is open. */
public interface TensorSource extends AutoCloseable {
  /** The file or folder, for messages. */
  Path path();

  /** Every tensor by name, in the order of the file. */
  Map<String, TensorEntry> entries();

  /**
   * The bytes of a tensor as the file holds them, mapped and read-only.
   *
   * @throws NacelleException of kind INPUT when there is no such tensor
   */
  NativeBuffer data(String name);

  /**
   * Writes the tensor's elements as fp32 into {@code target}, whatever type the file has.
   *
   * @param target at least 4 × elements bytes
   * @throws NacelleException of kind INPUT when there is no such tensor, or its type cannot be
   *     widened to fp32
   */
  void readFloat32(String name, NativeBuffer target);

  /** What {@link #data} gives the bytes of. */
  default StoredAs stored(TensorEntry entry) {
    return new StoredAs(entry.dtype(), null, 0);
  }

  /**
   * The scales of blocks that lie apart from them, one for 64 elements of the whole matrix.
   *
   * @throws IllegalArgumentException for a tensor whose blocks hold their own
   */
  default float[] absmax(String name) {
    throw new IllegalArgumentException(name + " has no scales apart");
  }

  /**
   * Writes some rows of a tensor as fp32 into {@code target}, and lets the pages that they lie on
   * leave the resident set: a tensor of any size can be walked in little memory.
   *
   * @param first the first row; the rows of a vector are its elements, a scalar is one row
   * @param target at least 4 × rows × columns bytes
   * @throws NacelleException as {@link #readFloat32}
   */
  void readRows(String name, long first, long rows, NativeBuffer target);

  /**
   * Whether {@link #readFloat32} can read the tensor; types that hold blocks may be readable too.
   */
  default boolean canWiden(TensorEntry entry) {
    DType dtype = entry.dtype();
    return dtype != null && (dtype.isCompute() || dtype == DType.FP64);
  }

  /** The entry, or null where there is none. */
  default @Nullable TensorEntry find(String name) {
    return entries().get(name);
  }

  /**
   * The entry.
   *
   * @throws NacelleException of kind INPUT when there is no such tensor
   */
  default TensorEntry entry(String name) {
    TensorEntry entry = find(name);
    if (entry == null) {
      throw NacelleException.input(
          Quoted.path(path()) + " has no tensor " + Quoted.name(name),
          "`nacelle inspect` lists the tensors that it has");
    }
    return entry;
  }

  @Override
  void close();
}
