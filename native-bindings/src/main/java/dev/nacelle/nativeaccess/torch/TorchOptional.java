package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.I64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import java.lang.invoke.MethodHandle;

/** An optional argument that is there: eight bytes on LibTorch's heap that hold its value. */
public final class TorchOptional extends NativeHandle {
  private static final boolean SHIM = TorchLibrary.has("torch_new_stable_ivalue");
  private static final MethodHandle NEW =
      TorchLibrary.bind("torch_new_stable_ivalue", Linking.int32(PTR));
  private static final MethodHandle DELETE =
      TorchLibrary.bind("torch_delete_stable_ivalue", Linking.int32(PTR));

  /** Before 2.13 the dispatcher frees by C++'s delete what the caller made by C++'s new. */
  private static final class Cpp {
    static final DynamicLibrary LIBRARY = DynamicLibrary.open("libstdc++.so.6");
    static final MethodHandle NEW = LIBRARY.bind("_Znwm", Linking.int64(I64));
    static final MethodHandle DELETE = LIBRARY.bind("_ZdlPv", Linking.nothing(PTR));
  }

  /** What must be given back with it where no call has consumed it. */
  private enum Content {
    BITS,
    TENSOR,
    LONGS
  }

  private final Content content;

  private TorchOptional(long address, Content content) {
    super(address);
    this.content = content;
  }

  public static TorchOptional of(TorchTensor value) {
    long shared = value.share();
    return new TorchOptional(allocate(shared), Content.TENSOR);
  }

  public static TorchOptional of(long value) {
    return new TorchOptional(allocate(value), Content.BITS);
  }

  public static TorchOptional of(double value) {
    return new TorchOptional(allocate(Double.doubleToRawLongBits(value)), Content.BITS);
  }

  public static TorchOptional ofLongs(long... values) {
    return new TorchOptional(allocate(TorchList.ofLongs(values).consume()), Content.LONGS);
  }

  private static long allocate(long bits) {
    long address;
    try {
      if (SHIM) {
        CallFrame frame = CallFrame.current();
        int rc = (int) NEW.invokeExact(frame.result(15));
        if (rc != 0) {
          throw TorchErrors.failed("torch_new_stable_ivalue");
        }
        address = frame.int64(15);
      } else {
        address = (long) Cpp.NEW.invokeExact(8L);
      }
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    RawMemory.putLong(address, bits);
    return address;
  }

  @Override
  String noun() {
    return "optional value";
  }

  @Override
  void free(long nativeAddress) {
    switch (content) {
      case BITS -> {}
      case TENSOR -> TorchTensor.delete(RawMemory.getLong(nativeAddress));
      case LONGS -> TorchList.delete(RawMemory.getLong(nativeAddress));
    }
    try {
      if (SHIM) {
        int ignored = (int) DELETE.invokeExact(nativeAddress);
      } else {
        Cpp.DELETE.invokeExact(nativeAddress);
      }
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
  }
}
