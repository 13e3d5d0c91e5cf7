package dev.nacelle.kernels.adamw;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.BlockTable;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The face of adamw/adamw.c: one call for all tensors of a type. */
public final class CpuAdamW implements AdamW {
  private static final int COLUMNS = 6;
  private static final int EIGHT_BIT_COLUMNS = 8;

  private final int threads;
  private final MethodHandle step;
  private final @Nullable MethodHandle stepEightBit;
  private final @Nullable AdamW other;

  public CpuAdamW(NativeFunctions library) {
    this(library, null);
  }

  /**
   * @param other steps 8-bit moments where the functions cannot; null where they can
   */
  public CpuAdamW(NativeFunctions library, @Nullable AdamW other) {
    this.other = other;
    threads = library.threads();
    step = library.bind("nk_adamw_step", "PLLIDDDDDDDI");
    stepEightBit = other == null ? library.bind("nk_adamw_step_8", "PLLLIDDDDDDDI") : null;
  }

  @Override
  public void step(
      List<Slot> slots,
      long step,
      double lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay) {
    AdamWArguments.check(slots, step, lr, beta1, beta2, eps, weightDecay);
    AdamWFactors factors = AdamWFactors.of(step, lr, beta1, beta2, eps, weightDecay);
    byType(slots, Slot::parameter).forEach((type, group) -> stepAll(group, type, factors));
  }

  /** One call of the kernel steps parameters of one type. */
  private static <S> Map<DType, List<S>> byType(List<S> slots, Function<S, Operand> parameter) {
    Map<DType, List<S>> byType = new EnumMap<>(DType.class);
    for (S slot : slots) {
      byType.computeIfAbsent(parameter.apply(slot).dtype(), t -> new ArrayList<>()).add(slot);
    }
    return byType;
  }

  private void stepAll(List<Slot> slots, DType type, AdamWFactors f) {
    try (Scratch scratch = new Scratch()) {
      BlockTable table = new BlockTable(scratch, slots.size(), COLUMNS);
      for (Slot slot : slots) {
        long n = slot.parameter().elements();
        table.add(
            slot.parameter().address(),
            slot.gradient().address(),
            slot.expAvg().address(),
            slot.expAvgSq().address(),
            n,
            table.firstBlock(n));
      }
      step.invokeExact(
          table.address(),
          table.slots(),
          table.blocks(),
          DTypeCodes.of(type),
          f.keep(),
          f.weight1(),
          f.beta2(),
          f.weight2(),
          f.stepSize(),
          f.root(),
          f.eps(),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_adamw_step", t);
    }
  }

  @Override
  public void stepEightBit(
      List<EightBitSlot> slots,
      long step,
      double lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay) {
    MethodHandle bound = stepEightBit;
    if (bound == null) {
      Objects.requireNonNull(other).stepEightBit(slots, step, lr, beta1, beta2, eps, weightDecay);
      return;
    }
    AdamWArguments.checkEightBit(slots, step, lr, beta1, beta2, eps, weightDecay);
    AdamWFactors factors = AdamWFactors.of(step, lr, beta1, beta2, eps, weightDecay);
    byType(slots, EightBitSlot::parameter)
        .forEach((type, group) -> stepAllEightBit(bound, group, step, type, factors));
  }

  private void stepAllEightBit(
      MethodHandle bound, List<EightBitSlot> slots, long count, DType type, AdamWFactors f) {
    try (Scratch scratch = new Scratch()) {
      BlockTable table = new BlockTable(scratch, slots.size(), EIGHT_BIT_COLUMNS);
      for (EightBitSlot slot : slots) {
        long n = slot.parameter().elements();
        table.add(
            slot.parameter().address(),
            slot.gradient().address(),
            slot.expAvgCodes().address(),
            slot.expAvgScales().address(),
            slot.expAvgSqCodes().address(),
            slot.expAvgSqScales().address(),
            n,
            table.firstBlock(n));
      }
      bound.invokeExact(
          table.address(),
          table.slots(),
          table.blocks(),
          count,
          DTypeCodes.of(type),
          f.keep(),
          f.weight1(),
          f.beta2(),
          f.weight2(),
          f.stepSize(),
          f.root(),
          f.eps(),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_adamw_step_8", t);
    }
  }
}
