package dev.nacelle.kernels.swiglu;

import dev.nacelle.kernels.GeGlu;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SwiGlu;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Rows;
import dev.nacelle.kernels.common.Scratch;
import java.lang.invoke.MethodHandle;

/** The face of swiglu/swiglu.c and geglu/geglu.c, whose entry points differ in name alone. */
public final class CpuGatedUnit implements SwiGlu, GeGlu {
  private final String name;
  private final int threads;
  private final MethodHandle forward;
  private final MethodHandle backward;

  /**
   * @param unit {@code swiglu} or {@code geglu}
   */
  public CpuGatedUnit(NativeFunctions library, String unit) {
    name = "nk_" + unit;
    threads = library.threads();
    forward = library.bind(name + "_forward", "PPPLLLLLII");
    backward = library.bind(name + "_backward", "PPPPPLLLLLLLII");
  }

  @Override
  public void forward(Operand y, Operand gate, Operand up) {
    SwiGluArguments.forward(y, gate, up);
    Rows out = Rows.written("y", y);
    try (Scratch scratch = new Scratch()) {
      Rows g = scratch.rows(gate);
      Rows u = scratch.rows(up);
      forward.invokeExact(
          out.address(),
          g.address(),
          u.address(),
          out.rows(),
          out.columns(),
          out.stride(),
          g.stride(),
          u.stride(),
          DTypeCodes.of(y.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure(name + "_forward", t);
    }
  }

  @Override
  public void backward(Operand gradGate, Operand gradUp, Operand gradY, Operand gate, Operand up) {
    SwiGluArguments.backward(gradGate, gradUp, gradY, gate, up);
    Rows toGate = Rows.written("gradGate", gradGate);
    Rows toUp = Rows.written("gradUp", gradUp);
    try (Scratch scratch = new Scratch()) {
      Rows gy = scratch.rows(gradY);
      Rows g = scratch.rows(gate);
      Rows u = scratch.rows(up);
      backward.invokeExact(
          toGate.address(),
          toUp.address(),
          gy.address(),
          g.address(),
          u.address(),
          g.rows(),
          g.columns(),
          toGate.stride(),
          toUp.stride(),
          gy.stride(),
          g.stride(),
          u.stride(),
          DTypeCodes.of(gate.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure(name + "_backward", t);
    }
  }
}
