package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.loader.JavaCppPresets;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * LibTorch through the JavaCPP presets, in fp64: nothing of ours stands between it and the test.
 */
final class Torch {
  static {
    JavaCppPresets.shareLibraries();
    Loader.load(torch.class);
  }

  private Torch() {}

  /** For this thread: our own use of LibTorch turns autograd off where it runs. */
  static void turnAutogradOn() {
    GradMode.set_enabled(true);
  }

  /** An fp64 tensor of these values. */
  static Tensor of(double[] values, long... shape) {
    return Tensor.create(values, shape);
  }

  /** What an operand holds: fp64, or int64 for whole numbers. */
  static Tensor of(Operand x) {
    int n = Math.toIntExact(x.elements());
    if (x.dtype() == DType.I32 || x.dtype() == DType.I64) {
      long[] values = new long[n];
      for (int i = 0; i < n; i++) {
        values[i] = Elements.getInteger(x, Elements.offset(x, i));
      }
      return Tensor.create(values, x.shape());
    }
    return of(values(x), x.shape());
  }

  /** All elements in row-major order. */
  static double[] values(Operand x) {
    double[] values = new double[Math.toIntExact(x.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Elements.get(x, Elements.offset(x, i));
    }
    return values;
  }

  /** All elements of an fp64 tensor in row-major order. */
  static double[] values(Tensor x) {
    Tensor dense = x.detach().contiguous();
    double[] values = new double[Math.toIntExact(dense.numel())];
    if (values.length > 0) {
      DoublePointer data = dense.data_ptr_double();
      data.get(values);
    }
    return values;
  }

  static Scalar scalar(double value) {
    return new Scalar(value);
  }
}
