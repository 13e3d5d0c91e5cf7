package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.I64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.ffm.Linking;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** A list of tensors, integers or truth values on LibTorch's side, for one dispatcher call. */
public final class TorchList extends NativeHandle {
  private static final MethodHandle NEW =
      TorchLibrary.bind("torch_new_list_reserve_size", Linking.int32(I64, PTR));
  private static final MethodHandle PUSH =
      TorchLibrary.bind("torch_list_push_back", Linking.int32(PTR, I64));
  private static final MethodHandle SIZE =
      TorchLibrary.bind("torch_list_size", Linking.int32(PTR, PTR));
  private static final MethodHandle ITEM =
      TorchLibrary.bind("torch_list_get_item", Linking.int32(PTR, I64, PTR));
  private static final MethodHandle DELETE =
      TorchLibrary.bind("torch_delete_list", Linking.int32(PTR));

  /** Whether deleting the list must first give back the tensor handles in it. */
  private final boolean tensors;

  private TorchList(long address, boolean tensors) {
    super(address);
    this.tensors = tensors;
  }

  private static TorchList reserve(int size, boolean tensors) {
    CallFrame frame = CallFrame.current();
    int rc;
    try {
      rc = (int) NEW.invokeExact((long) size, frame.result(15));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("torch_new_list_reserve_size");
    }
    return new TorchList(frame.int64(15), tensors);
  }

  /** A list that holds a reference of its own to each tensor. */
  public static TorchList ofTensors(List<TorchTensor> items) {
    TorchList list = reserve(items.size(), true);
    try {
      for (TorchTensor item : items) {
        list.push(item.share());
      }
    } catch (RuntimeException e) {
      list.close();
      throw e;
    }
    return list;
  }

  public static TorchList ofLongs(long... items) {
    TorchList list = reserve(items.length, false);
    for (long item : items) {
      list.push(item);
    }
    return list;
  }

  public static TorchList ofBooleans(boolean... items) {
    TorchList list = reserve(items.length, false);
    for (boolean item : items) {
      list.push(item ? 1 : 0);
    }
    return list;
  }

  private void push(long value) {
    int rc;
    try {
      rc = (int) PUSH.invokeExact(live(), value);
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("torch_list_push_back");
    }
  }

  public int size() {
    return Math.toIntExact(size(live()));
  }

  /** The bits of item {@code index}: an integer's value, a truth value's 0 or 1. */
  public long item(int index) {
    return item(live(), index);
  }

  private static long size(long address) {
    CallFrame frame = CallFrame.current();
    int rc;
    try {
      rc = (int) SIZE.invokeExact(address, frame.result(15));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("torch_list_size");
    }
    return frame.int64(15);
  }

  private static long item(long address, long index) {
    CallFrame frame = CallFrame.current();
    int rc;
    try {
      rc = (int) ITEM.invokeExact(address, index, frame.result(15));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("torch_list_get_item " + index);
    }
    return frame.int64(15);
  }

  @Override
  String noun() {
    return "list";
  }

  @Override
  void free(long nativeAddress) {
    if (tensors) {
      for (long i = 0, n = size(nativeAddress); i < n; i++) {
        TorchTensor.delete(item(nativeAddress, i));
      }
    }
    delete(nativeAddress);
  }

  static void delete(long address) {
    try {
      int ignored = (int) DELETE.invokeExact(address);
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
  }
}
