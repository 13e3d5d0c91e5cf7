package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.F64;
import static dev.nacelle.nativeaccess.ffm.Linking.I32;
import static dev.nacelle.nativeaccess.ffm.Linking.I64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.ffm.Linking;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/** Makes tensors: of LibTorch's memory, over our buffers, as views of others. */
public final class TorchCreation {
  private static final int CPU = 0;
  private static final int NO_INDEX = 0;

  private static final MethodHandle EMPTY_STRIDED =
      TorchLibrary.bind(
          "aoti_torch_empty_strided", Linking.int32(I64, PTR, PTR, I32, I32, I32, PTR));
  private static final MethodHandle FROM_BLOB =
      TorchLibrary.bind(
          "aoti_torch_create_tensor_from_blob",
          Linking.int32(PTR, I64, PTR, PTR, I64, I32, I32, I32, PTR));
  private static final MethodHandle REINTERPRET =
      TorchLibrary.bind(
          "aoti_torch__reinterpret_tensor", Linking.int32(PTR, I64, PTR, PTR, I64, PTR));
  private static final MethodHandle CLONE =
      TorchLibrary.bind("aoti_torch_clone", Linking.int32(PTR, PTR));
  private static final MethodHandle COPY =
      TorchLibrary.bind("aoti_torch_copy_", Linking.int32(PTR, PTR, I32));
  private static final MethodHandle ZERO =
      TorchLibrary.bind("aoti_torch_zero_", Linking.int32(PTR));
  private static final MethodHandle FILL =
      TorchLibrary.bind("aoti_torch_cpu_fill__Scalar", Linking.int32(PTR, F64));

  TorchCreation() {}

  /** A new tensor, not cleared; strides count elements. */
  public TorchTensor emptyStrided(DType dtype, long[] shape, long[] strides) {
    sameRank(shape, strides);
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc =
          (int)
              EMPTY_STRIDED.invokeExact(
                  (long) shape.length,
                  f.sizes(shape),
                  f.strides(strides),
                  TorchDTypes.code(dtype),
                  CPU,
                  NO_INDEX,
                  f.result(0));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("empty_strided " + dtype.label() + Arrays.toString(shape));
    }
    return f.tensor(0);
  }

  /** A new row-major tensor, not cleared. */
  public TorchTensor empty(DType dtype, long... shape) {
    return emptyStrided(dtype, shape, contiguous(shape));
  }

  /** A new row-major fp32 tensor with these elements. */
  public TorchTensor of(float[] values, long... shape) {
    TorchTensor tensor = empty(DType.FP32, shape);
    if (tensor.elements() != values.length) {
      tensor.close();
      throw new IllegalArgumentException(
          values.length + " values for a tensor of shape " + Arrays.toString(shape));
    }
    tensor.buffer().write(0, values, 0, values.length);
    return tensor;
  }

  /**
   * A tensor over memory of ours, which must stay open as long as it is used.
   *
   * @param byteOffset of the first element
   * @param strides in elements; zero expands a dimension
   * @throws IllegalArgumentException if an element would lie outside the buffer
   */
  public TorchTensor fromBlob(
      NativeBuffer memory, long byteOffset, DType dtype, long[] shape, long[] strides) {
    sameRank(shape, strides);
    checkExtent(memory, byteOffset, dtype, shape, strides);
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc =
          (int)
              FROM_BLOB.invokeExact(
                  memory.address() + byteOffset,
                  (long) shape.length,
                  f.sizes(shape),
                  f.strides(strides),
                  0L,
                  TorchDTypes.code(dtype),
                  CPU,
                  NO_INDEX,
                  f.result(0));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("from_blob " + dtype.label() + Arrays.toString(shape));
    }
    return new TorchTensor(f.int64(0), memory);
  }

  /** A row-major tensor over a whole buffer's beginning. */
  public TorchTensor fromBlob(NativeBuffer memory, DType dtype, long... shape) {
    return fromBlob(memory, 0, dtype, shape, contiguous(shape));
  }

  /**
   * Another view of the same memory.
   *
   * @param offset of its first element, in elements from the start of the whole storage
   */
  public TorchTensor view(TorchTensor of, long offset, long[] shape, long[] strides) {
    sameRank(shape, strides);
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc =
          (int)
              REINTERPRET.invokeExact(
                  of.handle(),
                  (long) shape.length,
                  f.sizes(shape),
                  f.strides(strides),
                  offset,
                  f.result(0));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("view as " + Arrays.toString(shape), of);
    }
    return new TorchTensor(f.int64(0), of.memory());
  }

  /** The transpose of a matrix, a view. */
  public TorchTensor transpose(TorchTensor matrix) {
    long[] shape = matrix.shape();
    long[] strides = matrix.strides();
    if (shape.length != 2) {
      throw new IllegalArgumentException(matrix.describe() + " is no matrix to transpose");
    }
    return view(matrix, 0, new long[] {shape[1], shape[0]}, new long[] {strides[1], strides[0]});
  }

  /** A copy in new memory. */
  public TorchTensor copyOf(TorchTensor tensor) {
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc = (int) CLONE.invokeExact(tensor.handle(), f.result(0));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::clone", tensor);
    }
    return f.tensor(0);
  }

  /** Copies elements, converting type and expanding where needed. */
  public void copy(TorchTensor to, TorchTensor from) {
    int rc;
    try {
      rc = (int) COPY.invokeExact(to.handle(), from.handle(), 0);
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::copy_", to, from);
    }
  }

  public void zero(TorchTensor tensor) {
    int rc;
    try {
      rc = (int) ZERO.invokeExact(tensor.handle());
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::zero_", tensor);
    }
  }

  public void fill(TorchTensor tensor, double value) {
    int rc;
    try {
      rc = (int) FILL.invokeExact(tensor.handle(), value);
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::fill_", tensor);
    }
  }

  private static long[] contiguous(long[] shape) {
    long[] strides = new long[shape.length];
    long next = 1;
    for (int d = shape.length - 1; d >= 0; d--) {
      strides[d] = next;
      next *= Math.max(1, shape[d]);
    }
    return strides;
  }

  private static void sameRank(long[] shape, long[] strides) {
    if (shape.length != strides.length) {
      throw new IllegalArgumentException(
          "shape " + Arrays.toString(shape) + " with strides " + Arrays.toString(strides));
    }
  }

  private static void checkExtent(
      NativeBuffer memory, long byteOffset, DType dtype, long[] shape, long[] strides) {
    long last = 0;
    boolean empty = false;
    for (int d = 0; d < shape.length; d++) {
      if (shape[d] < 0 || strides[d] < 0) {
        throw new IllegalArgumentException(
            "negative size or stride in "
                + Arrays.toString(shape)
                + " with strides "
                + Arrays.toString(strides));
      }
      empty |= shape[d] == 0;
      last = Math.addExact(last, Math.multiplyExact(Math.max(0, shape[d] - 1), strides[d]));
    }
    long end =
        empty ? byteOffset : Math.addExact(byteOffset, Math.multiplyExact(last + 1, dtype.bytes()));
    if (byteOffset < 0 || end > memory.byteSize()) {
      throw new IllegalArgumentException(
          dtype.label()
              + Arrays.toString(shape)
              + " at byte "
              + byteOffset
              + " needs "
              + end
              + " bytes, the buffer has "
              + memory.byteSize());
    }
  }
}
