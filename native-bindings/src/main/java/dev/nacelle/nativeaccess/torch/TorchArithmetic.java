package dev.nacelle.nativeaccess.torch;

import static dev.nacelle.nativeaccess.ffm.Linking.F64;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.ffm.Linking;
import java.lang.invoke.MethodHandle;

/** Element by element, with broadcasting; every result is a new tensor unless the name says so. */
public final class TorchArithmetic {
  private static final MethodHandle ADD =
      TorchLibrary.bind("aoti_torch_cpu_add_Tensor", Linking.int32(PTR, PTR, F64, PTR));
  private static final MethodHandle MUL =
      TorchLibrary.bind("aoti_torch_cpu_mul_Tensor", Linking.int32(PTR, PTR, PTR));
  private static final MethodHandle MUL_SCALAR =
      TorchLibrary.bind("aoti_torch_cpu_mul_Scalar", Linking.int32(PTR, F64, PTR));
  private static final TorchOperator MUL_OUT = TorchOperator.of("aten::mul", "out");
  private static final TorchOperator SUM = TorchOperator.of("aten::sum", "dim_IntList");

  TorchArithmetic() {}

  /** a + alpha · b. */
  public TorchTensor add(TorchTensor a, TorchTensor b, double alpha) {
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc = (int) ADD.invokeExact(a.handle(), b.handle(), alpha, f.result(0));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::add.Tensor", a, b);
    }
    return f.tensor(0);
  }

  /** a · b. */
  public TorchTensor mul(TorchTensor a, TorchTensor b) {
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc = (int) MUL.invokeExact(a.handle(), b.handle(), f.result(0));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::mul.Tensor", a, b);
    }
    return f.tensor(0);
  }

  /** factor · a. */
  public TorchTensor mul(TorchTensor a, double factor) {
    CallFrame f = CallFrame.current();
    int rc;
    try {
      rc = (int) MUL_SCALAR.invokeExact(a.handle(), factor, f.result(0));
    } catch (Throwable t) {
      throw TorchErrors.unexpected(t);
    }
    if (rc != 0) {
      throw TorchErrors.failed("aten::mul.Scalar", a);
    }
    return f.tensor(0);
  }

  /** out = a · b, in the memory of {@code out}. */
  public void mulInto(TorchTensor out, TorchTensor a, TorchTensor b) {
    MUL_OUT.begin().tensor(a).tensor(b).tensor(out).invoke(1).discard(0);
  }

  /** Sums over these dimensions. */
  public TorchTensor sum(TorchTensor a, boolean keepDimensions, long... dimensions) {
    return SUM.begin()
        .tensor(a)
        .optionalLongs(dimensions)
        .bool(keepDimensions)
        .none()
        .invoke(1)
        .result(0);
  }
}
