package dev.nacelle.kernels.registry;

import dev.nacelle.kernels.activation.DequantizeActivationOperator;
import dev.nacelle.kernels.activation.QuantizeActivationOperator;
import dev.nacelle.kernels.adamw.AdamWOperator;
import dev.nacelle.kernels.adapter.DoraLinearOperator;
import dev.nacelle.kernels.adapter.HydraLinearOperator;
import dev.nacelle.kernels.adapter.LoraLinearOperator;
import dev.nacelle.kernels.attention.AttentionOperator;
import dev.nacelle.kernels.clipgradnorm.ClipGradNormOperator;
import dev.nacelle.kernels.crossentropy.CrossEntropyOperator;
import dev.nacelle.kernels.fourierfilter.FourierFilterOperator;
import dev.nacelle.kernels.leakyintegrate.LeakyIntegrateOperator;
import dev.nacelle.kernels.neuron.AlifOperator;
import dev.nacelle.kernels.neuron.FaLifOperator;
import dev.nacelle.kernels.neuron.LifOperator;
import dev.nacelle.kernels.neuron.PlifOperator;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.quant.DequantizeOperator;
import dev.nacelle.kernels.quant.QuantizedLinearOperator;
import dev.nacelle.kernels.rmsnorm.RmsNormOperator;
import dev.nacelle.kernels.rope.RopeOperator;
import dev.nacelle.kernels.spikelinear.SpikeLinearOperator;
import dev.nacelle.kernels.spikepack.SpikePackOperator;
import dev.nacelle.kernels.spikepack.SpikeUnpackOperator;
import dev.nacelle.kernels.sumofsquares.SumOfSquaresOperator;
import dev.nacelle.kernels.swiglu.GatedUnitOperator;
import java.util.List;

/** Every operator that has a description, in the order of OPERATORS.md. */
public final class Operators {
  private static final List<Operator> ALL =
      List.of(
          new LifOperator(),
          new PlifOperator(),
          new AlifOperator(),
          new FourierFilterOperator(),
          new FaLifOperator(),
          new SpikePackOperator(),
          new SpikeUnpackOperator(),
          new SpikeLinearOperator(),
          new LeakyIntegrateOperator(),
          new RmsNormOperator(),
          new RopeOperator(),
          GatedUnitOperator.swiGlu(),
          GatedUnitOperator.geGlu(),
          new AttentionOperator(),
          new CrossEntropyOperator(),
          new LoraLinearOperator(),
          new HydraLinearOperator(),
          new DoraLinearOperator(),
          new DequantizeOperator(),
          new QuantizedLinearOperator(),
          new QuantizeActivationOperator(),
          new DequantizeActivationOperator(),
          new AdamWOperator(),
          new ClipGradNormOperator(),
          new SumOfSquaresOperator());

  private Operators() {}

  public static List<Operator> all() {
    return ALL;
  }
}
