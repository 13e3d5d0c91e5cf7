package dev.nacelle.kernels.cuda;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One call of an entry point, as a plan sees it: the arguments that the C function of the same name
 * takes, by position, the device, and scratch that lives until the call ends.
 */
final class EntryCall implements AutoCloseable {
  /** Bytes that a thread moves at once where everything is aligned to them. */
  static final int VECTOR_BYTES = 16;

  private final CudaDevice device;
  private final Object[] arguments;
  private final List<NativeBuffer> scratch = new ArrayList<>();

  EntryCall(CudaDevice device, Object... arguments) {
    this.device = device;
    this.arguments = arguments;
  }

  CudaDevice device() {
    return device;
  }

  /** An address, a size or a stride. */
  long at(int i) {
    return (long) arguments[i];
  }

  int flag(int i) {
    return (int) arguments[i];
  }

  float real(int i) {
    return (float) arguments[i];
  }

  double wide(int i) {
    return (double) arguments[i];
  }

  /**
   * Arguments {@code from} to {@code to}, the latter not included, as the kernel's next ones; no
   * addresses among them.
   */
  KernelArguments pass(KernelArguments kernel, int from, int to) {
    for (int i = from; i < to; i++) {
      switch (arguments[i]) {
        case Integer flag -> kernel.flags(flag);
        case Long size -> kernel.sizes(size);
        case Float real -> kernel.reals(real);
        case Double real -> kernel.doubles(real);
        default -> throw new IllegalArgumentException("argument " + i + " is no number");
      }
    }
    return kernel;
  }

  void launch(String source, String kernel, LaunchShape shape, KernelArguments with) {
    device.launch(source, kernel, shape, with);
  }

  /** Device memory until the call ends; its address. */
  long scratch(long elements, int bytes) {
    NativeBuffer buffer = device.scratch(Math.max(1, Math.multiplyExact(elements, bytes)));
    scratch.add(buffer);
    return buffer.address();
  }

  /** A table of host memory, where the device reads it until the call ends; its address. */
  long upload(long address, long bytes) {
    NativeBuffer buffer = device.upload(address, bytes);
    scratch.add(buffer);
    return buffer.address();
  }

  /** The part of a kernel's name that says its storage type. */
  static String type(int code) {
    return switch (code) {
      case 0 -> DType.FP32.label();
      case 1 -> DType.BF16.label();
      case 2 -> DType.FP16.label();
      default -> throw new IllegalArgumentException("no kernel stores type " + code);
    };
  }

  /** Bytes of an element of a type. */
  static int bytes(int code) {
    return code == 0 ? 4 : 2;
  }

  /** Whether all addresses are multiples of {@code bytes}; zero is. */
  static boolean aligned(int bytes, long... addresses) {
    for (long address : addresses) {
      if (address % bytes != 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {
    scratch.forEach(NativeBuffer::close);
    scratch.clear();
  }
}
