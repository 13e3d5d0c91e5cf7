package dev.nacelle.kernels.adamw;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.Attributes;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code adamw}, described; it has no backward. */
public final class AdamWOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "adamw",
          "One step of AdamW with decoupled decay and bias correction, as torch.optim.AdamW.",
          List.of(
              state("parameter"),
              state("gradient"),
              state("exp_avg").orNone(),
              state("exp_avg_sq").orNone(),
              codes("exp_avg_codes"),
              scales("exp_avg_scales"),
              codes("exp_avg_sq_codes"),
              scales("exp_avg_sq_scales")),
          List.of(
              state("parameter"),
              state("exp_avg").orNone(),
              state("exp_avg_sq").orNone(),
              codes("exp_avg_codes"),
              scales("exp_avg_scales"),
              codes("exp_avg_sq_codes"),
              scales("exp_avg_sq_scales")),
          List.of(
              AttributeSpec.integer("step", "1", 1),
              AttributeSpec.real("lr", "1e-3").atLeast(0),
              AttributeSpec.real("beta1", "0.9").atLeast(0).below(1),
              AttributeSpec.real("beta2", "0.999").atLeast(0).below(1),
              AttributeSpec.real("eps", "1e-8").atLeast(0),
              AttributeSpec.real("weight_decay", "1e-2").atLeast(0),
              AttributeSpec.choice("moments", "storage", "storage", "8bit")),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  private static TensorSpec state(String name) {
    return TensorSpec.storage(name, "…").withoutGradient();
  }

  private static TensorSpec codes(String name) {
    return TensorSpec.bytes(name, "…").orNone();
  }

  private static TensorSpec scales(String name) {
    return TensorSpec.floats(name, "S").withoutGradient().orNone();
  }

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Attributes with = call.attributes();
    boolean eightBit = with.text("moments").equals("8bit");
    for (String moment : List.of("exp_avg", "exp_avg_sq")) {
      expect(call, moment, !eightBit);
      expect(call, moment + "_codes", eightBit);
      expect(call, moment + "_scales", eightBit);
    }
    if (eightBit) {
      stepEightBit(kernels.adamW(), call);
      return;
    }
    AdamW.Slot slot =
        new AdamW.Slot(
            call.outputFrom("parameter", call.input("parameter")),
            call.contiguous(call.input("gradient")),
            call.outputFrom("exp_avg", call.input("exp_avg")),
            call.outputFrom("exp_avg_sq", call.input("exp_avg_sq")));
    kernels
        .adamW()
        .step(
            List.of(slot),
            with.integer("step"),
            with.real("lr"),
            with.real("beta1"),
            with.real("beta2"),
            with.real("eps"),
            with.real("weight_decay"));
  }

  private static void expect(OperatorCall call, String tensor, boolean wanted) {
    if (wanted == (call.optional(tensor) == null)) {
      throw new OperatorInputException(
          wanted
              ? "adamw: tensor '" + tensor + "' is missing"
              : "adamw: tensor '" + tensor + "' belongs to another form of moments");
    }
  }

  private static void stepEightBit(AdamW optimiser, OperatorCall call) {
    Attributes with = call.attributes();
    AdamW.EightBitSlot slot =
        new AdamW.EightBitSlot(
            call.outputFrom("parameter", call.input("parameter")),
            call.contiguous(call.input("gradient")),
            call.outputFrom("exp_avg_codes", call.input("exp_avg_codes")),
            call.outputFrom("exp_avg_scales", call.input("exp_avg_scales")),
            call.outputFrom("exp_avg_sq_codes", call.input("exp_avg_sq_codes")),
            call.outputFrom("exp_avg_sq_scales", call.input("exp_avg_sq_scales")));
    optimiser.stepEightBit(
        List.of(slot),
        with.integer("step"),
        with.real("lr"),
        with.real("beta1"),
        with.real("beta2"),
        with.real("eps"),
        with.real("weight_decay"));
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    if (tensor.endsWith("_codes")) {
      // The next code, where a draw falls between two roundings of the moment.
      return new Tolerance(0, 1.0 / 128);
    }
    if (tensor.endsWith("_scales")) {
      return Tolerance.of(DType.FP32, 1, 4);
    }
    return Tolerance.of(dtype, 1, 4);
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("N", 8_388_608L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long n = bench.size("N");
    AdamW.Slot slot =
        new AdamW.Slot(
            bench.random(dtype, n),
            bench.random(dtype, n),
            bench.zeros(dtype, n),
            bench.zeros(dtype, n));
    AdamW.EightBitSlot eightBit =
        new AdamW.EightBitSlot(
            slot.parameter(),
            slot.gradient(),
            bench.zeros(DType.U8, n),
            bench.zeros(DType.FP32, (n + AdamW.SCALED - 1) / AdamW.SCALED),
            bench.zeros(DType.U8, n),
            bench.zeros(DType.FP32, (n + AdamW.SCALED - 1) / AdamW.SCALED));
    AdamW optimiser = kernels.adamW();
    return List.of(
        new Measurement(
            "forward",
            7 * n * dtype.bytes(),
            13 * n,
            Measurement.Limit.COPY,
            () -> optimiser.step(List.of(slot), 10, 1e-5, 0.9, 0.999, 1e-8, 0.01)),
        new Measurement(
            "8bit",
            "forward",
            3 * n * dtype.bytes() + 4 * n + n / 16,
            60 * n,
            Measurement.Limit.COPY,
            () -> optimiser.stepEightBit(List.of(eightBit), 10, 1e-5, 0.9, 0.999, 1e-8, 0.01)));
  }
}
