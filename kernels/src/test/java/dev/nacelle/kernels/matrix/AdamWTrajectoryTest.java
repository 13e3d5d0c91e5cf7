package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.api.Test;

/** Thirty steps beside torch::optim::AdamW itself, in fp32 from a fresh state. */
final class AdamWTrajectoryTest {
  private static final int ELEMENTS = 1001;
  private static final int STEPS = 30;
  private static final long SEED = 41;

  @Test
  void followsTorch() {
    Torch.turnAutogradOn();
    for (KernelLibrary library : Levels.here()) {
      KernelSet set = new CpuKernelSet(library);
      SplittableRandom random = new SplittableRandom(SEED);
      try (Samples samples = new Samples(SEED);
          PointerScope scope = new PointerScope()) {
        AdamW.Slot slot =
            new AdamW.Slot(
                samples.normal(DType.FP32, 0, ELEMENTS),
                samples.normal(DType.FP32, 0, ELEMENTS),
                samples.normal(DType.FP32, 0, ELEMENTS),
                samples.normal(DType.FP32, 0, ELEMENTS));
        Elements.fill(slot.expAvg(), 0);
        Elements.fill(slot.expAvgSq(), 0);
        Tensor parameter =
            Tensor.create(floats(slot.parameter()), ELEMENTS).set_requires_grad(true);
        AdamWOptions options = new AdamWOptions(0.01);
        options.weight_decay().put(0.1);
        options.eps().put(1e-6);
        org.bytedeco.pytorch.AdamW torch =
            new org.bytedeco.pytorch.AdamW(new TensorVector(parameter), options);
        for (int step = 1; step <= STEPS; step++) {
          for (int i = 0; i < ELEMENTS; i++) {
            Elements.set(slot.gradient(), i, random.nextGaussian());
          }
          set.adamW().step(List.of(slot), step, 0.01, 0.9, 0.999, 1e-6, 0.1);
          torch.zero_grad();
          parameter.mul(Tensor.create(floats(slot.gradient()), ELEMENTS)).sum().backward();
          torch.step();
        }
        float[] want = new float[ELEMENTS];
        parameter.detach().data_ptr_float().get(want);
        for (int i = 0; i < ELEMENTS; i++) {
          assertEquals(want[i], Elements.get(slot.parameter(), i), 2e-7 * (1 + Math.abs(want[i])));
        }
        scope.deallocate();
      }
    }
  }

  private static float[] floats(Operand x) {
    float[] values = new float[ELEMENTS];
    x.buffer().read(0, values, 0, ELEMENTS);
    return values;
  }
}
