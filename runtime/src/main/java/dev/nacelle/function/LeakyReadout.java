package dev.nacelle.function;

import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * Leaky integration without spikes, x (T, …) → v (T, …) from v = 0; {@link
 * dev.nacelle.kernels.LeakyIntegrate} has the equation. Linear in x: nothing is kept.
 */
public record LeakyReadout(float tau, boolean decayInput) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor v = context.output(DType.FP32, x.shape());
    context.kernels().leakyIntegrate().forward(v.operand(), x.operand(), tau, decayInput);
    return v;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0)) {
      return;
    }
    Share gradX = Share.of(context, gradients.slot(0));
    context
        .kernels()
        .leakyIntegrate()
        .backward(gradX.written().operand(), gradOutput.operand(), tau, decayInput);
    gradX.finish(context);
  }
}
