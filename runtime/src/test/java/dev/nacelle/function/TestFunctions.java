package dev.nacelle.function;

import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;

/** Where networks under test begin and end. */
final class TestFunctions {
  private TestFunctions() {}

  /** A copy of a parameter in another type, so that an input's gradient can be looked at. */
  record Read(Parameter parameter, DType dtype) implements Function {
    @Override
    public Tensor forward(Context context, Tensor... inputs) {
      Tensor y = context.output(dtype, parameter.value().shape());
      context.kernels().elementwise().convert(y.operand(), parameter.value().operand());
      return y;
    }

    @Override
    public void backward(Context context, Tensor gradOutput, Gradients gradients) {
      Gradients.Slot slot = gradients.slot(parameter);
      if (slot.fresh()) {
        slot.gradient().storage().buffer().zero();
      }
      context.kernels().elementwise().add(slot.gradient().operand(), gradOutput.operand(), 1f);
    }
  }

  /** y = x · weights, element by element and in fp32: gives backward a gradient of many values. */
  record Weighted(Tensor weights) implements Function {
    @Override
    public Tensor forward(Context context, Tensor... inputs) {
      Tensor y = context.output(DType.FP32, weights.shape());
      context.kernels().elementwise().convert(y.operand(), inputs[0].operand());
      float[] product = y.toFloats();
      float[] factors = weights.toFloats();
      for (int i = 0; i < product.length; i++) {
        product[i] *= factors[i];
      }
      return y.fill(product);
    }

    @Override
    public void backward(Context context, Tensor gradOutput, Gradients gradients) {
      float[] product = gradOutput.toFloats();
      float[] factors = weights.toFloats();
      for (int i = 0; i < product.length; i++) {
        product[i] *= factors[i];
      }
      Tensor gradX = context.scratch(DType.FP32, weights.shape()).fill(product);
      Gradients.Slot slot = gradients.slot(0);
      context.kernels().elementwise().convert(slot.gradient().operand(), gradX.operand());
    }
  }

  /** A tensor of activations that nothing trainable lies behind. */
  static Tensor frozen(dev.nacelle.tape.Tape tape, Values values) {
    return tape.own(tape.allocator().of(LedgerClass.ACTIVATIONS, values.data(), values.shape()));
  }
}
