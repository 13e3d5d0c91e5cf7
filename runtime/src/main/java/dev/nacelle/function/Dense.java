package dev.nacelle.function;

import dev.nacelle.kernels.Products;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * y = x·Wᵀ + bias with W trained: x (…, K), W (M, K), bias (M) → y (…, M). Keeps x, or its recipe.
 * Backward: gradW = gᵀ·x, gradBias = Σ of g's rows, gradX = g·W.
 *
 * @param bias or null
 */
public record Dense(Parameter weight, @Nullable Parameter bias) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor w = weight.value();
    long rows = rows(x);
    long[] shape = x.shape();
    shape[shape.length - 1] = w.size(0);
    Tensor y = context.output(x.dtype(), shape);
    context
        .kernels()
        .products()
        .multiply(
            y.operand(rows, w.size(0)),
            x.operand(rows, w.size(1)),
            false,
            w.operand(),
            true,
            1f,
            0f);
    Parameter b = bias;
    if (b != null) {
      context.kernels().elementwise().addBias(y.operand(rows, w.size(0)), b.value().operand());
    }
    context.save(x);
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    Products products = context.kernels().products();
    Tensor x = context.saved(0);
    Tensor w = weight.value();
    long rows = rows(x);
    var g = gradOutput.operand(rows, w.size(0));
    Gradients.Slot gradW = gradients.slot(weight);
    products.multiply(
        gradW.gradient().operand(), g, true, x.operand(rows, w.size(1)), false, 1f, gradW.beta());
    Parameter b = bias;
    if (b != null) {
      Gradients.Slot gradBias = gradients.slot(b);
      products.multiply(
          gradBias.gradient().operand(1, w.size(0)),
          ones(context, rows).operand(),
          false,
          g,
          false,
          1f,
          gradBias.beta());
    }
    if (gradients.wants(0)) {
      Gradients.Slot gradX = gradients.slot(0);
      products.multiply(
          gradX.gradient().operand(rows, w.size(1)),
          g,
          false,
          w.operand(),
          false,
          1f,
          gradX.beta());
    }
  }

  /** (1, rows) of ones: a product with it sums columns in the products' own order. */
  private static Tensor ones(Context context, long rows) {
    float[] ones = new float[Math.toIntExact(rows)];
    Arrays.fill(ones, 1f);
    return context.scratch(DType.FP32, 1, rows).fill(ones);
  }

  private static long rows(Tensor x) {
    long rows = 1;
    for (int d = 0; d < x.rank() - 1; d++) {
      rows *= x.size(d);
    }
    return rows;
  }
}
