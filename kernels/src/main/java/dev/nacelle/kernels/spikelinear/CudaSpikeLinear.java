package dev.nacelle.kernels.spikelinear;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.SpikeLinear;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.kernels.cuda.CudaFunctions;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeException;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The face of spike_linear/spike_linear.cu. Forward takes the steps of the C library's; the
 * gradient of the weight reads the bits themselves, word by word, instead of lists.
 */
public final class CudaSpikeLinear implements SpikeLinear {
  private final Products products;
  private final MethodHandle stride;
  private final MethodHandle turn;
  private final MethodHandle list;
  private final MethodHandle forward;
  private final MethodHandle weightGradient;
  private final MethodHandle biasGradient;

  public CudaSpikeLinear(CudaFunctions functions, Products products) {
    this.products = products;
    stride = functions.bindLong("nk_spike_linear_stride", "L");
    turn = functions.bind("nk_spike_linear_turn", "PPLLLI");
    list = functions.bind("nk_spike_linear_list", "PPPLL");
    forward = functions.bind("nk_spike_linear_forward", "PPPPPLLLLII");
    weightGradient = functions.bind("nk_spike_linear_weight", "PPPLLLI");
    biasGradient = functions.bind("nk_spike_linear_bias", "PPLLI");
  }

  @Override
  public void forward(Operand y, Operand bits, Operand weight, @Nullable Operand bias) {
    SpikeLinearArguments.forward(y, bits, weight, bias);
    long rows = SpikeLinearArguments.rows(bits);
    long outputs = weight.size(0);
    long columns = weight.size(1);
    try (Scratch scratch = new Scratch()) {
      Operand active = scratch.tensor(DType.I32, rows, columns);
      Operand counts = scratch.tensor(DType.I32, rows);
      list.invokeExact(
          active.address(), counts.address(), scratch.contiguous(bits).address(), rows, columns);
      long apart = (long) stride.invokeExact(outputs);
      Operand turned = scratch.tensor(DType.FP32, columns, apart);
      turn.invokeExact(
          turned.address(),
          scratch.contiguous(weight).address(),
          outputs,
          columns,
          apart,
          DTypeCodes.of(weight.dtype()));
      forward.invokeExact(
          y.address(),
          turned.address(),
          bias == null ? 0L : scratch.contiguous(bias).address(),
          active.address(),
          counts.address(),
          rows,
          columns,
          outputs,
          apart,
          DTypeCodes.of(y.dtype()),
          bias == null ? 0 : DTypeCodes.of(bias.dtype()));
    } catch (NativeException e) {
      throw e;
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_spike_linear_forward", t);
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
      int type = DTypeCodes.of(g.dtype());
      if (gradBits != null) {
        Operand w = scratch.contiguous(weight);
        products.multiply(gradBits.reshape(rows, columns), g, false, w, false, 1, 0);
      }
      if (gradWeight != null) {
        weightGradient.invokeExact(
            gradWeight.address(),
            g.address(),
            scratch.contiguous(bits).address(),
            rows,
            columns,
            outputs,
            type);
      }
      if (gradBias != null) {
        biasGradient.invokeExact(gradBias.address(), g.address(), rows, outputs, type);
      }
    } catch (NativeException e) {
      throw e;
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_spike_linear_backward", t);
    }
  }
}
