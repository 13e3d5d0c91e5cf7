package dev.nacelle.function;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;
import java.util.Arrays;

/**
 * One time step of a layer of spiking neurons with its state on the tape: x (…, N) and state (S, …,
 * N) → (1 + S, …, N): first the spikes, then the state after the step, both fp32. S is 1, the
 * membrane, or 2, the membrane and the adaptation. {@link StateRows} takes the parts apart.
 * Gradients flow through the state, so that steps one by one train as a sequence does.
 */
public record NeuronStep(NeuronParameters neurons) implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor state = inputs[1];
    long[] shape = state.shape();
    shape[0]++;
    Tensor y = context.output(x.dtype(), shape);
    Operand packed = y.operand();
    context
        .kernels()
        .spikingNeuron()
        .forward(
            new SpikingNeuron.Outputs(
                packed.rows(0, 1), row(packed, 1), hasB(state) ? row(packed, 2) : null, null),
            inputs(x, state),
            neurons.options());
    context.save(x);
    context.save(state);
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (!gradients.wants(0) && !gradients.wants(1) && !neurons.trains()) {
      return;
    }
    Tensor x = context.saved(0);
    Tensor state = context.saved(1);
    Operand g = gradOutput.operand();
    Tensor gradX = context.scratch(x.dtype(), x.shape());
    Tensor gradState = context.scratch(state.dtype(), state.shape());
    Operand to = gradState.operand();
    var found =
        context
            .kernels()
            .spikingNeuron()
            .backward(
                new SpikingNeuron.Wanted(
                    step(gradX), row(to, 0), hasB(state) ? row(to, 1) : null, null, null),
                new SpikingNeuron.Given(
                    g.rows(0, 1), row(g, 1), hasB(state) ? row(g, 2) : null, null),
                inputs(x, state),
                neurons.options(),
                neurons.trains());
    neurons.add(gradients, found);
    if (gradients.wants(0)) {
      Share.add(context, gradients.slot(0), gradX);
    }
    if (gradients.wants(1)) {
      Share.add(context, gradients.slot(1), gradState);
    }
  }

  private static SpikingNeuron.Inputs inputs(Tensor x, Tensor state) {
    Operand from = state.operand();
    return new SpikingNeuron.Inputs(
        step(x), row(from, 0), hasB(state) ? row(from, 1) : null, null, null);
  }

  private static boolean hasB(Tensor state) {
    return state.size(0) == 2;
  }

  /** x as a sequence of one step. */
  private static Operand step(Tensor x) {
    long[] shape = new long[x.rank() + 1];
    shape[0] = 1;
    System.arraycopy(x.shape(), 0, shape, 1, x.rank());
    return x.operand(shape);
  }

  /** One row of the first dimension, without that dimension. */
  private static Operand row(Operand packed, long row) {
    Operand one = packed.rows(row, row + 1);
    return one.reshape(Arrays.copyOfRange(packed.shape(), 1, packed.rank()));
  }
}
