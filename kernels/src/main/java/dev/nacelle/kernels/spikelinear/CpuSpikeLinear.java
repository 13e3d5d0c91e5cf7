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
  private final MethodHandle stride;
  private final MethodHandle turn;
  private final MethodHandle list;
  private final MethodHandle forward;
  private final MethodHandle backward;

  public CpuSpikeLinear(KernelLibrary library, Products products) {
    this.threads = library.threads();
    this.products = products;
    stride = library.bindLong("nk_spike_linear_stride", "L");
    turn = library.bind("nk_spike_linear_turn", "PPLLLII");
    list = library.bind("nk_spike_linear_list", "PPPLLI");
    forward = library.bind("nk_spike_linear_forward", "PPPPPLLLLIII");
    backward = library.bind("nk_spike_linear_backward", "PPPPPPLLLLII");
  }

  /** The spiking neurons of every row, written down once for all columns of the result. */
  private record Active(Operand neurons, Operand counts) {}

  private Active active(Scratch scratch, Operand bits, long columns) throws Throwable {
    long rows = SpikeLinearArguments.rows(bits);
    Active active =
        new Active(scratch.tensor(DType.I32, rows, columns), scratch.tensor(DType.I32, rows));
    list.invokeExact(
        active.neurons().address(),
        active.counts().address(),
        scratch.contiguous(bits).address(),
        rows,
        columns,
        threads);
    return active;
  }

  @Override
  public void forward(Operand y, Operand bits, Operand weight, @Nullable Operand bias) {
    SpikeLinearArguments.forward(y, bits, weight, bias);
    long outputs = weight.size(0);
    long columns = weight.size(1);
    try (Scratch scratch = new Scratch()) {
      Active active = active(scratch, bits, columns);
      long apart = (long) stride.invokeExact(outputs);
      Operand turned = scratch.tensor(DType.FP32, columns, apart);
      turn.invokeExact(
          turned.address(),
          scratch.contiguous(weight).address(),
          outputs,
          columns,
          apart,
          DTypeCodes.of(weight.dtype()),
          threads);
      forward.invokeExact(
          y.address(),
          turned.address(),
          bias == null ? 0L : scratch.contiguous(bias).address(),
          active.neurons().address(),
          active.counts().address(),
          SpikeLinearArguments.rows(bits),
          columns,
          outputs,
          apart,
          DTypeCodes.of(y.dtype()),
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
      long apart = (long) stride.invokeExact(outputs);
      backward.invokeExact(
          gradWeight == null ? 0L : gradWeight.address(),
          gradBias == null ? 0L : gradBias.address(),
          scratch.tensor(DType.FP32, gradWeight == null ? 1 : columns, apart).address(),
          g.address(),
          active.neurons().address(),
          active.counts().address(),
          rows,
          columns,
          outputs,
          apart,
          DTypeCodes.of(gradY.dtype()),
          threads);
    } catch (Throwable t) {
      throw new NativeException("calling the C kernel nk_spike_linear_backward failed", t);
    }
  }
}
