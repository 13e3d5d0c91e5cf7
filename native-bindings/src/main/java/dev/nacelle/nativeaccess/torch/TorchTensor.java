package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** An ATen tensor on the processor. Closing it drops one reference to its memory. */
public final class TorchTensor extends NativeHandle {
  private static final MethodHandle DELETE = of("aoti_torch_delete_tensor_object", false);
  private static final MethodHandle NEW_HANDLE = of("aoti_torch_new_tensor_handle", true);
  private static final MethodHandle DATA = of("aoti_torch_get_data_ptr", true);
  private static final MethodHandle DIM = of("aoti_torch_get_dim", true);
  private static final MethodHandle NUMEL = of("aoti_torch_get_numel", true);
  private static final MethodHandle SIZES = of("aoti_torch_get_sizes", true);
  private static final MethodHandle STRIDES = of("aoti_torch_get_strides", true);
  private static final MethodHandle DTYPE = of("aoti_torch_get_dtype", true);
  private static final MethodHandle LAYOUT = of("aoti_torch_get_layout", true);
  private static final MethodHandle IS_DEFINED = of("aoti_torch_is_defined", true);
  private static final MethodHandle IS_CONTIGUOUS = of("aoti_torch_is_contiguous", true);

  /** The Java buffer whose memory this is a view of; null where LibTorch owns the memory. */
  private final @Nullable NativeBuffer memory;

  TorchTensor(long address, @Nullable NativeBuffer memory) {
    super(address);
    this.memory = memory;
  }

  private static MethodHandle of(String symbol, boolean withResult) {
    return TorchLibrary.bind(symbol, withResult ? Linking.int32(PTR, PTR) : Linking.int32(PTR));
  }

  /**
   * The handle for a call.
   *
   * @throws HandleException if it is closed
   * @throws IllegalStateException if the buffer that it views is closed
   */
  long handle() {
    NativeBuffer viewed = memory;
    if (viewed != null && viewed.isClosed()) {
      throw new HandleException(
          HandleException.Kind.USE_AFTER_CLOSE,
          "tensor used after the native buffer that it views was closed",
          site());
    }
    return live();
  }

  @Nullable NativeBuffer memory() {
    return memory;
  }

  /** A further handle of the same tensor, which a dispatcher call consumes. */
  long share() {
    CallFrame frame = CallFrame.current();
    int rc;
    try {
      rc = (int) NEW_HANDLE.invokeExact(handle(), frame.result(15));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("new_tensor_handle", this);
    }
    return frame.int64(15);
  }

  static void delete(long address) {
    try {
      int ignored = (int) DELETE.invokeExact(address);
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
  }

  /** False for the empty place that backward operators leave where no gradient was asked for. */
  public boolean isDefined() {
    return (ask(IS_DEFINED, "is_defined") & 0xff) != 0;
  }

  public boolean isContiguous() {
    return (ask(IS_CONTIGUOUS, "is_contiguous") & 0xff) != 0;
  }

  public int rank() {
    return (int) ask(DIM, "dim");
  }

  public long elements() {
    return ask(NUMEL, "numel");
  }

  public DType dtype() {
    return TorchDTypes.type((int) ask(DTYPE, "dtype"));
  }

  public long[] shape() {
    return copy(ask(SIZES, "sizes"));
  }

  /** In elements. */
  public long[] strides() {
    return copy(ask(STRIDES, "strides"));
  }

  private long[] copy(long address) {
    long[] values = new long[rank()];
    for (int i = 0; i < values.length; i++) {
      values[i] = RawMemory.getLong(address + i * 8L);
    }
    return values;
  }

  /** The address of its first element. */
  public long address() {
    return ask(DATA, "data_ptr");
  }

  /**
   * Its memory as a buffer that owns nothing and must not outlive it.
   *
   * @throws TorchException if it is not contiguous
   */
  public NativeBuffer buffer() {
    if (!isContiguous()) {
      throw new TorchException(describe() + " is not contiguous and has no one stretch of memory");
    }
    return NativeBuffer.borrow(address(), elements() * dtype().bytes());
  }

  /** Its elements, which must be fp32 and contiguous. */
  public float[] toFloats() {
    if (dtype() != DType.FP32) {
      throw new TorchException(describe() + " does not hold fp32");
    }
    float[] values = new float[Math.toIntExact(elements())];
    buffer().read(0, values, 0, values.length);
    return values;
  }

  private long ask(MethodHandle question, String name) {
    CallFrame frame = CallFrame.current();
    long place = frame.result(15);
    // Answers are one, four or eight bytes wide.
    RawMemory.putLong(place, 0);
    int rc;
    try {
      rc = (int) question.invokeExact(handle(), place);
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed(name);
    }
    return RawMemory.getLong(place);
  }

  /** For messages: {@code fp32[4, 16]}. */
  String describe() {
    if (isClosed()) {
      return "closed tensor";
    }
    if (!isDefined()) {
      return "undefined tensor";
    }
    String layout = ask(LAYOUT, "layout") == 0 ? "" : " packed";
    return dtype().label() + Arrays.toString(shape()) + layout;
  }

  @Override
  public String toString() {
    return "TorchTensor " + describe();
  }

  @Override
  String noun() {
    return "tensor";
  }

  @Override
  void free(long nativeAddress) {
    delete(nativeAddress);
  }
}
