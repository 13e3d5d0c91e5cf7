package dev.nacelle.nativeaccess.torch;

import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.Random;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.junit.jupiter.api.Test;

/** The loss against autograd, the optimiser against its equations in double precision. */
class LossAndOptimiserTest {
  private final TorchBackend torch = TorchBackend.load();
  private final TorchCreation make = torch.creation();
  private final Random random = new Random(7);

  @Test
  void crossEntropyAndItsGradient() {
    float[] logits = Oracle.random(random, 4 * 9);
    long[] targets = {3, -100, 8, 0};
    try (TorchScope scope = TorchScope.openStrict("loss");
        AutoGradMode on = Oracle.autograd()) {
      assertEquals(false, on.isNull());
      TorchTensor x = scope.own(make.of(logits, 4, 9));
      TorchTensor t = scope.own(make.empty(DType.I64, 4));
      for (int i = 0; i < 4; i++) {
        t.buffer().setLong(i, targets[i]);
      }
      Tensor leaf = Oracle.leaf(logits, 4, 9);
      Tensor loss =
          cross_entropy_loss(leaf, Tensor.create(targets), new TensorOptional(), 1, -100, 0);
      loss.backward();
      TorchTensor one = scope.own(make.of(new float[] {1}));
      try (TorchLoss.CrossEntropy ours = torch.loss().crossEntropy(x, t, -100)) {
        assertEquals(3, ours.weight().toFloats()[0]);
        assertEquals(Oracle.floats(loss)[0], ours.loss().toFloats()[0], 1e-6);
        TorchTensor gradient = scope.own(torch.loss().crossEntropyBackward(one, ours, t, -100));
        assertArrayEquals(Oracle.floats(leaf.grad()), gradient.toFloats(), 1e-6f);
      }
    }
  }

  @Test
  void adamWIsItsEquations() {
    var numbers = new TorchOptimiser.AdamW(1e-2, 0.9, 0.95, 0.1, 1e-8);
    int n = 37;
    float[] start = Oracle.random(random, n);
    double[] p = new double[n];
    double[] m = new double[n];
    double[] v = new double[n];
    for (int i = 0; i < n; i++) {
      p[i] = start[i];
    }
    try (TorchScope scope = TorchScope.openStrict("adamw")) {
      TorchTensor parameter = scope.own(make.of(start, n));
      TorchTensor first = scope.own(make.of(new float[n], n));
      TorchTensor second = scope.own(make.of(new float[n], n));
      TorchTensor step = scope.own(make.of(new float[1]));
      for (int s = 1; s <= 5; s++) {
        float[] g = Oracle.random(random, n);
        make.fill(step, s);
        try (TorchTensor gradient = make.of(g, n)) {
          torch
              .optimiser()
              .adamW(
                  List.of(parameter),
                  List.of(gradient),
                  List.of(first),
                  List.of(second),
                  List.of(step),
                  numbers);
        }
        for (int i = 0; i < n; i++) {
          p[i] -= numbers.lr() * numbers.weightDecay() * p[i];
          m[i] = 0.9 * m[i] + 0.1 * g[i];
          v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
          double mHat = m[i] / (1 - Math.pow(0.9, s));
          double vHat = v[i] / (1 - Math.pow(0.95, s));
          p[i] -= numbers.lr() * mHat / (Math.sqrt(vHat) + numbers.eps());
        }
      }
      float[] actual = parameter.toFloats();
      for (int i = 0; i < n; i++) {
        assertEquals(p[i], actual[i], 1e-5, "parameter " + i);
      }
    }
  }
}
