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
import java.util.function.Function;

/** The face of adamw/adamw.c: one call for all tensors of a type. */
public final class CpuAdamW implements AdamW {
  private static final int COLUMNS = 6;
  private static final int EIGHT_BIT_COLUMNS = 8;

  private final int threads;
  private final MethodHandle step;
  private final MethodHandle stepEightBit;

  public CpuAdamW(NativeFunctions library) {
    threads = library.threads();
    step = library.bind("nk_adamw_step", "PLLIDDDDDDDI");
    stepEightBit = library.bind("nk_adamw_step_8", "PLLLIDDDDDDDI");
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
    AdamWArguments.checkEightBit(slots, step, lr, beta1, beta2, eps, weightDecay);
    AdamWFactors factors = AdamWFactors.of(step, lr, beta1, beta2, eps, weightDecay);
    byType(slots, EightBitSlot::parameter)
        .forEach((type, group) -> stepAllEightBit(group, step, type, factors));
  }

  private void stepAllEightBit(List<EightBitSlot> slots, long count, DType type, AdamWFactors f) {
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
      stepEightBit.invokeExact(
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
