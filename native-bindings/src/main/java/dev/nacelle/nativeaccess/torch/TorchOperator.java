package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.I64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.ffm.CString;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Any ATen operator by name, through {@code torch_call_dispatcher}. Push the arguments in the order
 * of the schema, all of them, defaults too; then {@link Call#invoke} and take the results. What the
 * C interface cannot carry is a {@code Scalar} argument: take a direct shim or a {@code .Tensor}
 * overload instead.
 *
 * <pre>{@code
 * static final TorchOperator SILU = TorchOperator.of("aten::silu", "");
 * TorchTensor y = SILU.begin().tensor(x).invoke(1).result(0);
 * }</pre>
 */
public final class TorchOperator {
  /** The release whose schemas we write against: 2.13. */
  private static final long VERSION = (2L << 56) | (13L << 48);

  private static final MethodHandle CALL =
      TorchLibrary.bind("torch_call_dispatcher", Linking.int32(PTR, PTR, PTR, I64));
  private static final long OWN_VERSION =
      Long.compareUnsigned(VERSION, TorchLibrary.abiVersion()) < 0
          ? VERSION
          : TorchLibrary.abiVersion();

  private final String name;
  private final long nameAddress;
  private final long overloadAddress;

  private TorchOperator(String name, String overload) {
    this.name = overload.isEmpty() ? name : name + "." + overload;
    this.nameAddress = CString.forever(name);
    this.overloadAddress = CString.forever(overload);
  }

  /**
   * Names an operator; that it exists is found out at the first call. Keep it in a static final.
   *
   * @param overload the part after the dot of its schema, empty for none
   */
  public static TorchOperator of(String name, String overload) {
    return new TorchOperator(name, overload);
  }

  /** The calling thread's argument stack, emptied: finish one call before the next. */
  public Call begin() {
    return Call.CURRENT.get().reset(this);
  }

  @Override
  public String toString() {
    return name;
  }

  /** The arguments and results of one call; one object a thread, used again and again. */
  public static final class Call {
    private static final int MAX = 32;
    private static final ThreadLocal<Call> CURRENT = ThreadLocal.withInitial(Call::new);

    private final long stack = CString.reserve(MAX * 8);
    private final @Nullable NativeHandle[] pushed = new NativeHandle[MAX];
    private final @Nullable TorchTensor[] tensors = new TorchTensor[MAX];
    private @Nullable TorchOperator operator;
    private int size;
    private int results;

    private Call() {
      CallFrame.current();
    }

    private Call reset(TorchOperator next) {
      abandon();
      operator = next;
      results = 0;
      return this;
    }

    public Call tensor(TorchTensor value) {
      long handle;
      try {
        handle = value.share();
      } catch (RuntimeException e) {
        abandon();
        throw e;
      }
      raw(handle);
      tensors[size - 1] = value;
      return this;
    }

    /** An optional tensor, or any other optional that is not there. */
    public Call optional(@Nullable TorchTensor value) {
      if (value == null) {
        return raw(0);
      }
      try {
        handle(TorchOptional.of(value));
      } catch (HandleException e) {
        abandon();
        throw e;
      }
      tensors[size - 1] = value;
      return this;
    }

    public Call optional(long value) {
      return handle(TorchOptional.of(value));
    }

    public Call optional(double value) {
      return handle(TorchOptional.of(value));
    }

    /** An optional of any type that is not there. */
    public Call none() {
      return raw(0);
    }

    public Call int64(long value) {
      return raw(value);
    }

    public Call float64(double value) {
      return raw(Double.doubleToRawLongBits(value));
    }

    public Call bool(boolean value) {
      return raw(value ? 1 : 0);
    }

    public Call dtype(DType value) {
      return raw(TorchDTypes.code(value));
    }

    public Call string(String value) {
      return handle(TorchString.of(value));
    }

    public Call longs(long... values) {
      return handle(TorchList.ofLongs(values));
    }

    /** An optional list that is there. */
    public Call optionalLongs(long... values) {
      return handle(TorchOptional.ofLongs(values));
    }

    public Call booleans(boolean... values) {
      return handle(TorchList.ofBooleans(values));
    }

    public Call tensors(List<TorchTensor> values) {
      try {
        return handle(TorchList.ofTensors(values));
      } catch (HandleException e) {
        abandon();
        throw e;
      }
    }

    private Call handle(NativeHandle value) {
      raw(value.live());
      pushed[size - 1] = value;
      return this;
    }

    private Call raw(long value) {
      if (size == MAX) {
        throw new IllegalStateException(operator + " was given more than " + MAX + " arguments");
      }
      RawMemory.putLong(stack + size * 8L, value);
      size++;
      return this;
    }

    /**
     * Calls the operator, which consumes the arguments. (Where it does not even exist LibTorch
     * keeps them unread, and they are lost: that is a mistake of ours, not of a user's.)
     *
     * @param count how many results it has
     * @throws TorchException with operator, tensors and LibTorch's reason
     */
    public Call invoke(int count) {
      TorchOperator called = operator;
      if (called == null) {
        throw new IllegalStateException("begin a call before it is invoked");
      }
      int rc;
      try {
        rc = (int) CALL.invokeExact(called.nameAddress, called.overloadAddress, stack, OWN_VERSION);
      } catch (Throwable t) {
        throw TorchErrors.unexpected(t);
      }
      for (int i = 0; i < size; i++) {
        NativeHandle argument = pushed[i];
        if (argument != null) {
          argument.consume();
          pushed[i] = null;
        }
      }
      if (rc != 0) {
        throw failure(called);
      }
      forgetArguments();
      results = count;
      return this;
    }

    /** Result {@code i}, a tensor that the caller now owns; take each once. */
    public TorchTensor result(int i) {
      if (i >= results) {
        throw new IndexOutOfBoundsException("result " + i + " of " + results);
      }
      return new TorchTensor(RawMemory.getLong(stack + i * 8L), null);
    }

    /** Gives result {@code i} back unseen: an {@code out} overload returns what it was given. */
    public void discard(int i) {
      if (i >= results) {
        throw new IndexOutOfBoundsException("result " + i + " of " + results);
      }
      TorchTensor.delete(RawMemory.getLong(stack + i * 8L));
    }

    private TorchException failure(TorchOperator called) {
      TorchTensor[] named = new TorchTensor[size];
      int n = 0;
      for (int i = 0; i < size; i++) {
        TorchTensor t = tensors[i];
        if (t != null) {
          named[n++] = t;
        }
      }
      forgetArguments();
      return TorchErrors.failed(called.name, Arrays.copyOf(named, n));
    }

    /** Gives back what was pushed for a call that never came. */
    private void abandon() {
      for (int i = 0; i < size; i++) {
        NativeHandle argument = pushed[i];
        if (argument != null) {
          argument.close();
          pushed[i] = null;
        } else if (tensors[i] != null) {
          TorchTensor.delete(RawMemory.getLong(stack + i * 8L));
        }
      }
      forgetArguments();
    }

    private void forgetArguments() {
      for (int i = 0; i < size; i++) {
        tensors[i] = null;
      }
      size = 0;
    }
  }
}
