package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.operator.Attributes;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** What the oracle says about a case: outputs, and gradients by LibTorch's autograd. */
final class Expected {
  final Map<String, double[]> tensors = new LinkedHashMap<>();
  private final Operator operator;
  private final Oracle oracle;
  private final Attributes attributes;
  private final CaseValues values;

  /** Evaluates the oracle; adds the gradients of the outputs, random, to the case's values. */
  Expected(MatrixCase point, Operator operator, Oracle oracle, CaseValues values) {
    this.operator = operator;
    this.oracle = oracle;
    this.values = values;
    this.attributes =
        Attributes.of(point.operator(), operator.spec().attributes(), point.attributes());
    Torch.turnAutogradOn();
    try (PointerScope scope = new PointerScope()) {
      boolean backward = !point.gradients().isEmpty();
      Map<String, Tensor> inputs = inputs(backward);
      Map<String, Tensor> outputs = oracle.outputs(inputs, attributes);
      for (TensorSpec spec : operator.spec().outputs()) {
        if (spec.optional() && !outputs.containsKey(spec.name())) {
          continue;
        }
        Tensor output = required(outputs, spec.name());
        tensors.put(spec.name(), form(spec, output));
        if (point.gradients().contains(spec.name())) {
          values.addGradient(spec.name(), spec.kind() == TensorSpec.Kind.FLOAT, shapeOf(output));
        }
      }
      if (backward) {
        Tensor loss = loss(outputs);
        if (loss.requires_grad()) {
          loss.backward();
        }
        for (TensorSpec spec : operator.spec().inputs()) {
          Tensor input = inputs.get(spec.name());
          if (spec.differentiable() && input != null) {
            Tensor grad = input.grad();
            tensors.put(
                "grad_" + spec.name(),
                grad.defined() ? Torch.values(grad) : new double[(int) input.numel()]);
          }
        }
      }
      scope.deallocate();
    }
  }

  /** An output's numbers in the form that the attributes ask for. */
  private double[] form(TensorSpec spec, Tensor output) {
    boolean packed =
        spec.name().equals("spikes") && "bits".equals(values.attribute("spike_format"));
    return packed ? Bits.words(Torch.values(output), (int) output.size(-1)) : Torch.values(output);
  }

  private static Tensor required(Map<String, Tensor> tensors, String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalStateException("the oracle gives no " + name);
    }
    return tensor;
  }

  private static long[] shapeOf(Tensor x) {
    long[] shape = new long[(int) x.dim()];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = x.size(d);
    }
    return shape;
  }

  private Map<String, Tensor> inputs(boolean backward) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (TensorSpec spec : operator.spec().inputs()) {
      CaseValues.Values v = values.tensors.get(spec.name());
      if (v == null) {
        continue;
      }
      Tensor input;
      if (spec.kind() == TensorSpec.Kind.BITS) {
        input = unpacked(v);
        if (backward && spec.differentiable()) {
          input.set_requires_grad(true);
        }
      } else if (v.dtype == DType.I32 || v.dtype == DType.I64) {
        long[] whole = new long[v.numbers.length];
        for (int i = 0; i < whole.length; i++) {
          whole[i] = (long) v.numbers[i];
        }
        input = Tensor.create(whole, v.shape);
      } else {
        input = Torch.of(v.numbers, v.shape);
        if (backward && spec.differentiable()) {
          input.set_requires_grad(true);
        }
      }
      inputs.put(spec.name(), input);
    }
    return inputs;
  }

  private Tensor unpacked(CaseValues.Values bits) {
    int columns = (int) values.spikes();
    long[] shape = bits.shape.clone();
    shape[shape.length - 1] = columns;
    return Torch.of(Bits.spikes(bits.numbers, columns), shape);
  }

  /** Σ over outputs of Σ output · its gradient. */
  private Tensor loss(Map<String, Tensor> outputs) {
    Tensor loss = Torch.of(new double[1], 1).sum();
    for (Map.Entry<String, Tensor> output : outputs.entrySet()) {
      CaseValues.Values grad = values.tensors.get("grad_" + output.getKey());
      if (grad != null) {
        loss = loss.add(output.getValue().mul(Torch.of(grad.numbers, grad.shape)).sum());
      }
    }
    return loss;
  }

  /**
   * The derivative of the loss by one element of an input, by a central difference in fp64.
   *
   * @param step of the difference
   */
  double difference(String input, int element, double step) {
    double[] numbers = java.util.Objects.requireNonNull(values.tensors.get(input)).numbers;
    double at = numbers[element];
    try (PointerScope scope = new PointerScope()) {
      numbers[element] = at + step;
      double above = Torch.values(loss(oracle.outputs(inputs(false), attributes)))[0];
      numbers[element] = at - step;
      double below = Torch.values(loss(oracle.outputs(inputs(false), attributes)))[0];
      scope.deallocate();
      return (above - below) / (2 * step);
    } finally {
      numbers[element] = at;
    }
  }
}
