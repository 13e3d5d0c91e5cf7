package dev.nacelle.nativeaccess.torch;

import dev.nacelle.nativeaccess.ffm.RawMemory;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * A thread's scratch memory for the arguments and results of one call: results, sizes, strides and
 * pointers to optional values each have their place. It is overwritten by the thread's next call.
 */
final class CallFrame {
  /** Dimensions that fit; LibTorch's own limit is 64 but nothing here has more than a few. */
  static final int MAX_DIMENSIONS = 16;

  private static final int RESULTS = 0;
  private static final int SIZES = RESULTS + 16 * 8;
  private static final int STRIDES = SIZES + MAX_DIMENSIONS * 8;
  private static final int OPTIONALS = STRIDES + MAX_DIMENSIONS * 8;
  private static final int BYTES = OPTIONALS + 16 * 8;

  private static final ThreadLocal<CallFrame> CURRENT = ThreadLocal.withInitial(CallFrame::new);

  private final Arena arena = Arena.ofAuto();
  private final long base;

  private CallFrame() {
    base = arena.allocate(BYTES, 64).address();
    TorchBackend.disableGrad();
  }

  static CallFrame current() {
    return CURRENT.get();
  }

  /** Where the call is to write result {@code i}. */
  long result(int i) {
    return base + RESULTS + i * 8L;
  }

  /** Result {@code i} as a tensor that the caller owns. */
  TorchTensor tensor(int i) {
    return new TorchTensor(RawMemory.getLong(result(i)), null);
  }

  long int64(int i) {
    return RawMemory.getLong(result(i));
  }

  int int32(int i) {
    return RawMemory.getInt(result(i));
  }

  /** Where a call finds these sizes. */
  long sizes(long[] values) {
    return write(SIZES, values);
  }

  /** Where a call finds these strides. */
  long strides(long[] values) {
    return write(STRIDES, values);
  }

  private long write(int offset, long[] values) {
    if (values.length > MAX_DIMENSIONS) {
      throw new IllegalArgumentException(
          values.length + " dimensions; a tensor has at most " + MAX_DIMENSIONS);
    }
    for (int i = 0; i < values.length; i++) {
      RawMemory.putLong(base + offset + i * 8L, values[i]);
    }
    return base + offset;
  }

  /** A pointer to the tensor's handle in optional place {@code i}, 0 for none. */
  long optional(int i, @Nullable TorchTensor tensor) {
    if (tensor == null) {
      return 0;
    }
    long place = base + OPTIONALS + i * 8L;
    RawMemory.putLong(place, tensor.live());
    return place;
  }

  /** A pointer to the number in optional place {@code i}. */
  long optional(int i, double value) {
    long place = base + OPTIONALS + i * 8L;
    RawMemory.putDouble(place, value);
    return place;
  }
}
