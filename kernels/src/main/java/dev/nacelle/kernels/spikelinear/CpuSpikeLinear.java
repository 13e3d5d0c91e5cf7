package dev.nacelle.kernels.spikelinear;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.SpikeLinear;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeException;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The face of spike_linear/spike_linear.c; the gradient of the spikes is a dense product. */
public final class CpuSpikeLinear implements SpikeLinear {
  private final int threads;
  private final Products products;
  private final MethodHandle panel;
  private final MethodHandle count;
  private final MethodHandle list;
  private final MethodHandle forward;
  private final MethodHandle backward;

  public CpuSpikeLinear(KernelLibrary library, Products products) {
    this.threads = library.threads();
    this.products = products;
    panel = library.bindLong("nk_spike_linear_panel", "L");
    count = library.bindLong("nk_spike_linear_count", "PPLL");
    list = library.bind("nk_spike_linear_list", "PPPLLI");
    forward = library.bind("nk_spike_linear_forward", "PPPPPPLLLIIII");
    backward = library.bind("nk_spike_linear_backward", "PPPPPPLLLII");
  }

  /** The spiking neurons of every row, written down once for all columns of the result. */
  private record Active(Operand neurons, Operand first) {}

  private Active active(Scratch scratch, Operand given, long columns) throws Throwable {
    Operand bits = scratch.contiguous(given);
    long rows = SpikeLinearArguments.rows(bits);
    Operand first = scratch.tensor(DType.I64, rows + 1);
    long spikes = (long) count.invokeExact(first.address(), bits.address(), rows, columns);
    Operand neurons = scratch.tensor(DType.I32, spikes);
    list.invokeExact(neurons.address(), first.address(), bits.address(), rows, columns, threads);
    return new Active(neurons, first);
  }

  /** A panel for each thread. */
  private Operand panels(Scratch scratch, long columns) throws Throwable {
    return scratch.tensor(DType.FP32, threads, (long) panel.invokeExact(columns));
  }

  @Override
  public void forward(Operand y, Operand bits, Operand weight, @Nullable Operand bias) {
    SpikeLinearArguments.forward(y, bits, weight, bias);
    long outputs = weight.size(0);
    long columns = weight.size(1);
    try (Scratch scratch = new Scratch()) {
      Active active = active(scratch, bits, columns);
      forward.invokeExact(
          y.address(),
          panels(scratch, columns).address(),
          scratch.contiguous(weight).address(),
          bias == null ? 0L : scratch.contiguous(bias).address(),
          active.neurons().address(),
          active.first().address(),
          SpikeLinearArguments.rows(bits),
          columns,
          outputs,
          DTypeCodes.of(y.dtype()),
          DTypeCodes.of(weight.dtype()),
          bias == null ? 0 : DTypeCodes.of(bias.dtype()),
          threads);
    } catch (Throwable t) {
      throw new NativeException("calling the C kernel nk_spike_linear_forward failed", t);
    }
  }

  @Override
  public void backward(
      @Nullable Operand gradBits,
      @Nullable Operand gradWeight,
      @Nullable Operand gradBias,
      Operand gradY,
      Operand bits,
      Operand weight) {
    SpikeLinearArguments.backward(gradBits, gradWeight, gradBias, gradY, bits, weight);
    long outputs = weight.size(0);
    long columns = weight.size(1);
    long rows = SpikeLinearArguments.rows(bits);
    try (Scratch scratch = new Scratch()) {
      Operand g = scratch.contiguous(gradY).reshape(rows, outputs);
      if (gradBits != null) {
        Operand w = scratch.contiguous(weight);
        products.multiply(gradBits.reshape(rows, columns), g, false, w, false, 1, 0);
      }
      if (gradWeight == null && gradBias == null) {
        return;
      }
      Active active = active(scratch, bits, columns);
      backward.invokeExact(
          gradWeight == null ? 0L : gradWeight.address(),
          gradBias == null ? 0L : gradBias.address(),
          gradWeight == null ? 0L : panels(scratch, columns).address(),
          g.address(),
          active.neurons().address(),
          active.first().address(),
          rows,
          columns,
          outputs,
          DTypeCodes.of(gradY.dtype()),
          threads);
    } catch (Throwable t) {
      throw new NativeException("calling the C kernel nk_spike_linear_backward failed", t);
    }
  }
}
