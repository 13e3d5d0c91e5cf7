package dev.nacelle.tensor;

import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.Arrays;

/**
 * A contiguous, row-major array in native memory. A tensor holds one reference to its storage from
 * creation until {@link #release}; {@link #alias} and {@link #reshape} make further tensors with
 * references of their own.
 */
public final class Tensor implements Weight {
  private final Storage storage;
  private final DType dtype;
  private final long[] shape;

  /** Takes over one reference to the storage, whose first bytes hold the elements. */
  public Tensor(Storage storage, DType dtype, long... shape) {
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape.clone();
    if (byteSize() > storage.buffer().byteSize()) {
      throw new IllegalArgumentException(
          this
              + " needs "
              + byteSize()
              + " bytes, its storage holds "
              + storage.buffer().byteSize());
    }
  }

  public DType dtype() {
    return dtype;
  }

  public int rank() {
    return shape.length;
  }

  /** Size of dimension {@code d}; negative counts from the end. */
  @Override
  public long size(int d) {
    return shape[d < 0 ? shape.length + d : d];
  }

  public long[] shape() {
    return shape.clone();
  }

  public long elements() {
    long n = 1;
    for (long s : shape) {
      n = Math.multiplyExact(n, s);
    }
    return n;
  }

  @Override
  public long byteSize() {
    return elements() * dtype.bytes();
  }

  public Storage storage() {
    return storage;
  }

  /** What kernels take. */
  public Operand operand() {
    return Operand.of(storage.buffer(), dtype, shape);
  }

  @Override
  public Operand matrix() {
    return operand();
  }

  /** What kernels take, seen in another shape. */
  public Operand operand(long... as) {
    return operand().reshape(as);
  }

  /** Another tensor over the same storage, to be released on its own. */
  public Tensor alias() {
    return reshape(shape);
  }

  /** The same elements in another shape, as a tensor to be released on its own. */
  public Tensor reshape(long... newShape) {
    storage.retain();
    Tensor t = new Tensor(storage, dtype, newShape);
    if (t.elements() != elements()) {
      storage.release();
      throw new IllegalArgumentException("cannot see " + this + " as " + Arrays.toString(newShape));
    }
    return t;
  }

  @Override
  public NativeBuffer memory() {
    return storage.buffer().slice(0, byteSize());
  }

  /** Lets go of the storage. */
  @Override
  public void release() {
    storage.release();
  }

  /** Copies an fp32 tensor's elements to the heap, for tests and small results. */
  public float[] toFloats() {
    float[] values = new float[Math.toIntExact(elements())];
    readInto(values);
    return values;
  }

  /** Copies an fp32 tensor's elements to an array on the heap that is there already. */
  public void readInto(float[] values) {
    if (dtype != DType.FP32) {
      throw new IllegalStateException(this + " is not fp32");
    }
    if (values.length != elements()) {
      throw new IllegalArgumentException(this + " does not fill " + values.length + " floats");
    }
    storage.buffer().read(0, values, 0, values.length);
  }

  /** Copies elements from the heap into an fp32 tensor. */
  public Tensor fill(float... values) {
    if (dtype != DType.FP32 || values.length != elements()) {
      throw new IllegalArgumentException(values.length + " floats do not fill " + this);
    }
    storage.buffer().write(0, values, 0, values.length);
    return this;
  }

  /** For error messages: {@code bf16[4, 512]}. */
  @Override
  public String toString() {
    return dtype.label() + Arrays.toString(shape);
  }
}
