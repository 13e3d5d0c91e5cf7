package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;

/**
 * A filter over time with a complex gain for each mode and neuron, x (T, …, N) → y (T, …, N);
 * {@link dev.nacelle.kernels.FourierFilter} has the equation. Keeps x, or its recipe.
 *
 * @param re (M, N)
 * @param im (M, N)
 */
public record FilterInTime(Parameter re, Parameter im) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor y = context.output(x.dtype(), x.shape());
    context
        .kernels()
        .fourierFilter()
        .forward(y.operand(), x.operand(), re.value().operand(), im.value().operand());
    context.save(x);
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    Tensor x = context.saved(0);
    Share gradRe = Share.of(context, gradients.slot(re));
    Share gradIm = Share.of(context, gradients.slot(im));
    Share gradX = gradients.wants(0) ? Share.of(context, gradients.slot(0)) : null;
    Tensor toX = gradX == null ? context.scratch(x.dtype(), x.shape()) : gradX.written();
    context
        .kernels()
        .fourierFilter()
        .backward(
            toX.operand(),
            gradRe.written().operand(),
            gradIm.written().operand(),
            gradOutput.operand(),
            x.operand(),
            re.value().operand(),
            im.value().operand());
    gradRe.finish(context);
    gradIm.finish(context);
    if (gradX != null) {
      gradX.finish(context);
    }
  }
}
