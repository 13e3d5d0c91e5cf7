package dev.nacelle.tape;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The gradients on their way through a backward pass: one a tensor, until its maker takes it. */
final class GradientTable implements AutoCloseable {
  private final KernelSet kernels;
  private final Allocator allocator;
  private final IdentityHashMap<Tensor, Tensor> gradients = new IdentityHashMap<>();

  private List<Parameter> touched = new ArrayList<>();

  GradientTable(KernelSet kernels, Allocator allocator) {
    this.kernels = kernels;
    this.allocator = allocator;
  }

  /** Makes a gradient the table's own. */
  void put(Tensor of, Tensor gradient) {
    gradients.put(of, gradient);
  }

  /** A tensor's gradient, now the caller's; null where nobody gave one. */
  @Nullable Tensor take(Tensor of) {
    return gradients.remove(of);
  }

  boolean has(Tensor of) {
    return gradients.containsKey(of);
  }

  /** Parameters whose gradients were written since this was asked last. */
  List<Parameter> takeTouched() {
    List<Parameter> all = touched;
    touched = new ArrayList<>();
    return all;
  }

  /** Where a function with these inputs puts what it finds. */
  Gradients of(Tensor[] inputs, Predicate<Tensor> wanting) {
    return new Collector(inputs, wanting);
  }

  @Override
  public void close() {
    gradients.values().forEach(Tensor::release);
    gradients.clear();
  }

  private Tensor like(Tensor tensor) {
    return allocator.allocate(LedgerClass.ACTIVATIONS, tensor.dtype(), tensor.shape());
  }

  private final class Collector implements Gradients {
    private final Tensor[] inputs;
    private final Predicate<Tensor> wanting;

    Collector(Tensor[] inputs, Predicate<Tensor> wanting) {
      this.inputs = inputs;
      this.wanting = wanting;
    }

    @Override
    public boolean wants(int input) {
      return wanting.test(inputs[input]);
    }

    @Override
    public Slot slot(int index) {
      Tensor input = inputs[index];
      Tensor existing = gradients.get(input);
      if (existing == null) {
        Tensor fresh = like(input);
        gradients.put(input, fresh);
        return new Slot(fresh, true);
      }
      if (existing.storage().isShared()) {
        // Somebody else still reads this memory: a residual hands one gradient to both its sides.
        Tensor own = like(existing);
        kernels.elementwise().convert(own.operand(), existing.operand());
        existing.release();
        gradients.put(input, own);
        return new Slot(own, false);
      }
      return new Slot(existing, false);
    }

    @Override
    public Slot slot(Parameter parameter) {
      touched.add(parameter);
      Tensor existing = parameter.gradient();
      if (existing != null) {
        return new Slot(existing, false);
      }
      Tensor value = parameter.value();
      Tensor fresh = allocator.allocate(LedgerClass.GRADIENTS, value.dtype(), value.shape());
      parameter.gradient(fresh);
      return new Slot(fresh, true);
    }

    @Override
    public void give(Parameter parameter, Tensor gradient) {
      touched.add(parameter);
      Tensor existing = parameter.gradient();
      if (existing == null) {
        parameter.gradient(gradient.alias());
      } else {
        kernels.elementwise().add(existing.operand(), gradient.operand(), 1f);
      }
    }

    @Override
    public void give(int index, Tensor gradient) {
      Tensor input = inputs[index];
      if (!gradients.containsKey(input)) {
        // Bits have the gradient of the spikes that they stand for: floats, 32 to a word.
        boolean bits = input.dtype() == DType.I32;
        gradients.put(input, bits ? gradient.alias() : gradient.reshape(input.shape()));
        return;
      }
      Slot slot = slot(index);
      kernels
          .elementwise()
          .add(slot.gradient().operand(), gradient.operand(slot.gradient().shape()), 1f);
    }
  }
}
