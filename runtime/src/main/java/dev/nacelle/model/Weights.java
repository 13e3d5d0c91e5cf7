package dev.nacelle.model;

import dev.nacelle.NacelleException;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.tape.Engine;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The frozen weights of one model. A weight whose type the products read directly stays where the
 * file is mapped; only what must change its type is copied.
 */
final class Weights implements AutoCloseable {
  private final TensorSource source;
  private final Engine engine;
  private final DType compute;
  private final List<Tensor> loaded = new ArrayList<>();

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

  /** A matrix for products: in its own type where that loses nothing, else in the compute type. */
  Tensor matrix(String name, long... shape) {
    TensorEntry entry = check(name, shape);
    boolean asItIs =
        entry.dtype() != null
            && entry.dtype().isCompute()
            && (entry.dtype() == compute || compute == DType.FP32);
    return keep(asItIs ? mapped(entry) : converted(entry, compute));
  }

  /** A vector in the compute type. */
  Tensor vector(String name, long... shape) {
    TensorEntry entry = check(name, shape);
    return keep(entry.dtype() == compute ? mapped(entry) : converted(entry, compute));
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

  private Tensor converted(TensorEntry entry, DType to) {
    Tensor wide = engine.allocator().allocate(LedgerClass.PARAMETERS, DType.FP32, entry.shape());
    try {
      source.readFloat32(entry.name(), wide.storage().buffer());
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

  private Tensor keep(Tensor tensor) {
    loaded.add(tensor);
    return tensor;
  }

  @Override
  public void close() {
    loaded.forEach(Tensor::release);
    loaded.clear();
    source.close();
  }
}
