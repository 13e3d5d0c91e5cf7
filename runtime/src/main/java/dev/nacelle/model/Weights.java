package dev.nacelle.model;

import dev.nacelle.NacelleException;
import dev.nacelle.file.StoredAs;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.tape.Engine;
import dev.nacelle.tensor.BlockTensor;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The frozen weights of one model. A weight that the products read directly, quantised blocks among
 * them, stays where the file is mapped; only what must change its type or its order is copied.
 */
final class Weights implements AutoCloseable {
  private final TensorSource source;
  private final Engine engine;
  private final DType compute;
  private final List<Weight> loaded = new ArrayList<>();

  /**
   * @param compute type of the activations; fp32 multiplies with bf16 and fp16 weights as they are
   */
  Weights(TensorSource source, Engine engine, DType compute) {
    this.source = source;
    this.engine = engine;
    this.compute = compute;
  }

  boolean has(String name) {
    return source.find(name) != null;
  }

  /**
   * A matrix for products: as quantised blocks where the file has them, in its own type where that
   * loses nothing, else in the compute type.
   */
  Weight matrix(String name, long... shape) {
    TensorEntry entry = check(name, shape);
    StoredAs stored = source.stored(entry);
    if (stored.blocks() != null) {
      return keep(blocks(entry, stored.blocks(), stored.headRows()));
    }
    DType dtype = stored.dtype();
    boolean asItIs =
        dtype != null && dtype.isCompute() && (dtype == compute || compute == DType.FP32);
    if (!asItIs || dtype == null) {
      return keep(converted(entry, compute));
    }
    return keep(stored.headRows() == 0 ? mapped(entry) : moved(entry, dtype, stored.headRows()));
  }

  /** A vector in the compute type. */
  Tensor vector(String name, long... shape) {
    TensorEntry entry = check(name, shape);
    StoredAs stored = source.stored(entry);
    boolean asItIs = stored.dtype() == compute && stored.headRows() == 0;
    return keep(asItIs ? mapped(entry) : converted(entry, compute));
  }

  /**
   * A norm's vector in the compute type, so that the norm gives factor times as much: (offset + w)
   * becomes factor · (offset + w).
   */
  Tensor scaledVector(String name, long size, int offset, double factor) {
    if (factor == 1) {
      return vector(name, size);
    }
    Tensor scaled = keep(converted(check(name, new long[] {size}), DType.FP32));
    if (!engine.allocator().isRehearsal()) {
      float[] values = scaled.toFloats();
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (factor * (offset + values[i]) - offset);
      }
      scaled.fill(values);
    }
    if (compute == DType.FP32) {
      return scaled;
    }
    Tensor narrow = keep(engine.allocator().allocate(LedgerClass.PARAMETERS, compute, size));
    engine.kernels().elementwise().convert(narrow.operand(), scaled.operand());
    return narrow;
  }

  private TensorEntry check(String name, long[] shape) {
    TensorEntry entry = source.find(name);
    if (entry == null) {
      throw NacelleException.input(
          source.path() + " has no tensor '" + name + "'",
          "the configuration asks for " + Arrays.toString(shape) + "; was the model saved whole?");
    }
    if (!Arrays.equals(entry.shape(), shape)) {
      throw NacelleException.input(
          source.path()
              + ": tensor '"
              + name
              + "' is "
              + entry.describe()
              + ", the configuration asks for "
              + Arrays.toString(shape),
          "config.json and the weights belong to different models");
    }
    return entry;
  }

  private Tensor mapped(TensorEntry entry) {
    NativeBuffer data = source.data(entry.name());
    DType dtype = entry.dtype();
    if (dtype == null || data.address() % dtype.bytes() != 0) {
      return converted(entry, compute);
    }
    return engine.allocator().borrow(LedgerClass.PARAMETERS, data, dtype, entry.shape());
  }

  /** Blocks where the file is mapped; a kernel that reads them finds the rows of heads itself. */
  private BlockTensor blocks(TensorEntry entry, BlockFormat format, long headRows) {
    Tensor bytes =
        engine
            .allocator()
            .borrow(
                LedgerClass.PARAMETERS,
                source.data(entry.name()),
                DType.U8,
                entry.shape()[0],
                format.rowBytes(entry.shape()[1]));
    return new BlockTensor(bytes, format, format.hasAbsmax() ? scales(entry) : null, headRows);
  }

  /** Scales that lie apart from their blocks, in fp32 whatever the file has them in. */
  private Tensor scales(TensorEntry entry) {
    long count = Math.ceilDiv(entry.elements(), (long) BlockFormat.ABSMAX_ELEMENTS);
    Tensor scales = engine.allocator().allocate(LedgerClass.PARAMETERS, DType.FP32, count);
    if (!engine.allocator().isRehearsal()) {
      scales.fill(source.absmax(entry.name()));
    }
    return scales;
  }

  /** A copy in the tensor's own type whose rows stand in the order in which they are used. */
  private Tensor moved(TensorEntry entry, DType dtype, long headRows) {
    NativeBuffer data = source.data(entry.name());
    long rows = entry.shape()[0];
    long rowBytes = entry.bytes() / rows;
    Tensor tensor = engine.allocator().allocate(LedgerClass.PARAMETERS, dtype, entry.shape());
    if (engine.allocator().isRehearsal()) {
      return tensor;
    }
    NativeBuffer to = tensor.storage().buffer();
    for (long row = 0; row < rows; row++) {
      to.copyFrom(row * rowBytes, data, BlockMatrix.storedRow(row, headRows) * rowBytes, rowBytes);
    }
    return tensor;
  }

  private Tensor converted(TensorEntry entry, DType to) {
    Tensor wide = engine.allocator().allocate(LedgerClass.PARAMETERS, DType.FP32, entry.shape());
    try {
      if (!engine.allocator().isRehearsal()) {
        source.readFloat32(entry.name(), wide.storage().buffer());
      }
      if (to == DType.FP32) {
        return wide.alias();
      }
      Tensor narrow = engine.allocator().allocate(LedgerClass.PARAMETERS, to, entry.shape());
      engine.kernels().elementwise().convert(narrow.operand(), wide.operand());
      return narrow;
    } finally {
      wide.release();
    }
  }

  private <T extends Weight> T keep(T weight) {
    loaded.add(weight);
    return weight;
  }

  @Override
  public void close() {
    loaded.forEach(Weight::release);
    loaded.clear();
    source.close();
  }
}
