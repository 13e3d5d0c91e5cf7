package dev.nacelle.spiking;

import dev.nacelle.function.Dense;
import dev.nacelle.function.SpikeDense;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;

/**
 * y = x·Wᵀ + bias at every step, without state: (…, N) → (…, M). Takes floats or bits.
 *
 * @param weight (M, N)
 * @param bias (M)
 */
public record DenseLayer(String name, Parameter weight, Parameter bias) implements SpikingLayer {
  @Override
  public long outputs() {
    return weight.value().size(0);
  }

  @Override
  public Tensor sequence(Tape tape, Tensor x) {
    return tape.apply(
        x.dtype() == DType.I32 ? new SpikeDense(weight, bias) : new Dense(weight, bias), true, x);
  }

  @Override
  public Tensor step(Tape tape, Tensor x) {
    return sequence(tape, x);
  }

  @Override
  public void reset() {}

  @Override
  public List<Parameter> parameters() {
    return List.of(weight, bias);
  }

  @Override
  public void close() {
    for (Parameter p : parameters()) {
      p.releaseGradient();
      p.value().release();
    }
  }
}
