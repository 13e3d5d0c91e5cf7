package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.I64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.ffm.CString;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/** A string on LibTorch's side. */
public final class TorchString extends NativeHandle {
  private static final MethodHandle NEW =
      TorchLibrary.bind("torch_new_string_handle", Linking.int32(PTR, I64, PTR));
  private static final MethodHandle TEXT =
      TorchLibrary.bind("torch_string_c_str", Linking.int32(PTR, PTR));
  private static final MethodHandle DELETE =
      TorchLibrary.bind("torch_delete_string", Linking.int32(PTR));

  TorchString(long address) {
    super(address);
  }

  static TorchString of(String text) {
    CallFrame frame = CallFrame.current();
    int rc;
    try (CString copy = CString.of(text)) {
      long bytes = text.getBytes(StandardCharsets.UTF_8).length;
      rc = (int) NEW.invokeExact(copy.address(), bytes, frame.result(15));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("torch_new_string_handle");
    }
    return new TorchString(frame.int64(15));
  }

  /** A copy of what it says. */
  public String text() {
    CallFrame frame = CallFrame.current();
    int rc;
    try {
      rc = (int) TEXT.invokeExact(live(), frame.result(15));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("torch_string_c_str");
    }
    return RawMemory.utf8(frame.int64(15));
  }

  @Override
  String noun() {
    return "string";
  }

  @Override
  void free(long nativeAddress) {
    try {
      int ignored = (int) DELETE.invokeExact(nativeAddress);
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
  }
}
