package dev.nacelle.kernels.rope;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Rope;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/** The face of rope/rope.c. */
public final class CpuRope implements Rope {
  private final int threads;
  private final MethodHandle turn;

  public CpuRope(NativeFunctions library) {
    threads = library.threads();
    turn = library.bind("nk_rope_turn", "PPPPLLLLLLLLLLLLIIIFFI");
  }

  @Override
  public void forward(
      Operand y, Operand x, Operand positions, Operand invFreq, boolean interleaved, float scale) {
    RopeArguments.check("y", y, "x", x, positions, invFreq, scale);
    turn(y, x, positions, invFreq, interleaved, scale, 1);
  }

  @Override
  public void backward(
      Operand gradX,
      Operand gradY,
      Operand positions,
      Operand invFreq,
      boolean interleaved,
      float scale) {
    RopeArguments.check("gradX", gradX, "gradY", gradY, positions, invFreq, scale);
    turn(gradX, gradY, positions, invFreq, interleaved, scale, -1);
  }

  private void turn(
      Operand out,
      Operand in,
      Operand positions,
      Operand invFreq,
      boolean interleaved,
      float scale,
      float direction) {
    if (in.elements() == 0) {
      return;
    }
    if (out.stride(3) != 1) {
      throw new IllegalArgumentException(
          "the result of rope must have adjacent elements in its last dimension, given "
              + out
              + " with strides "
              + Arrays.toString(out.strides()));
    }
    try (Scratch scratch = new Scratch()) {
      Operand x = in.stride(3) == 1 && Scratch.isAligned(in) ? in : scratch.copy(in);
      Operand at = Scratch.isAligned(positions) ? positions : scratch.copy(positions);
      Operand frequencies = scratch.contiguous(invFreq);
      turn.invokeExact(
          out.address(),
          x.address(),
          at.address(),
          frequencies.address(),
          x.size(0),
          x.size(1),
          x.size(2),
          x.size(3),
          out.stride(0),
          out.stride(1),
          out.stride(2),
          x.stride(0),
          x.stride(1),
          x.stride(2),
          at.stride(0),
          at.stride(1),
          DTypeCodes.of(x.dtype()),
          DTypeCodes.of(at.dtype()),
          interleaved ? 1 : 0,
          scale,
          direction,
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_rope_turn", t);
    }
  }
}
