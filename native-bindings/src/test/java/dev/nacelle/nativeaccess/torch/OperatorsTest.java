package dev.nacelle.nativeaccess.torch;

import static org.bytedeco.pytorch.global.torch.addmm;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.mm;
import static org.bytedeco.pytorch.global.torch.mul;
import static org.bytedeco.pytorch.global.torch.silu;
import static org.bytedeco.pytorch.global.torch.softmax;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.nativeaccess.DType;
import java.util.Random;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.junit.jupiter.api.Test;

/** Every operator of the façade, forward and backward, against LibTorch's own autograd. */
class OperatorsTest {
  private static final float TOLERANCE = 2e-5f;

  private final TorchBackend torch = TorchBackend.load();
  private final TorchCreation make = torch.creation();
  private final Random random = new Random(20261123);

  @Test
  void sumsAndProductsElementByElement() {
    float[] a = Oracle.random(random, 15);
    float[] b = Oracle.random(random, 5);
    try (TorchScope scope = TorchScope.openStrict("elementwise")) {
      TorchTensor x = scope.own(make.of(a, 3, 5));
      TorchTensor y = scope.own(make.of(b, 5));
      Tensor ox = Oracle.constant(a, 3, 5);
      Tensor oy = Oracle.constant(b, 5);
      same(ox.add(oy, new Scalar(0.5)), scope.own(torch.arithmetic().add(x, y, 0.5)));
      same(mul(ox, oy), scope.own(torch.arithmetic().mul(x, y)));
      same(mul(ox, new Scalar(-3.0)), scope.own(torch.arithmetic().mul(x, -3)));
      TorchTensor out = scope.own(make.empty(DType.FP32, 3, 5));
      torch.arithmetic().mulInto(out, x, y);
      same(mul(ox, oy), out);
      TorchTensor sum = scope.own(torch.arithmetic().sum(x, true, 0));
      assertArrayEquals(new long[] {1, 5}, sum.shape());
      same(ox.sum(0L), sum);
    }
  }

  @Test
  void matrixProducts() {
    float[] a = Oracle.random(random, 7 * 11);
    float[] b = Oracle.random(random, 11 * 5);
    float[] c = Oracle.random(random, 5);
    try (TorchScope scope = TorchScope.openStrict("products")) {
      TorchTensor x = scope.own(make.of(a, 7, 11));
      TorchTensor y = scope.own(make.of(b, 11, 5));
      TorchTensor bias = scope.own(make.of(c, 5));
      Tensor ox = Oracle.constant(a, 7, 11);
      Tensor oy = Oracle.constant(b, 11, 5);
      Tensor oc = Oracle.constant(c, 5);
      TorchTensor out = scope.own(make.empty(DType.FP32, 7, 5));
      torch.linearAlgebra().mm(out, x, y);
      same(mm(ox, oy), out);
      torch.linearAlgebra().addmm(out, bias, x, y, 0.5, 2);
      same(addmm(oc, ox, oy, new Scalar(0.5), new Scalar(2.0)), out);
      TorchTensor weight = scope.own(make.transpose(y));
      same(linear(ox, oy.t(), oc), scope.own(torch.linearAlgebra().linear(x, weight, bias)));
      same(mm(ox, oy), scope.own(torch.linearAlgebra().linear(x, weight, null)));
      try (TorchLinear packed = TorchLinear.pack(weight, 7)) {
        same(mm(ox, oy), scope.own(packed.apply(x, null)));
        same(linear(ox, oy.t(), oc), scope.own(packed.apply(x, bias)));
      }
    }
  }

  @Test
  void activationsAndTheirGradients() {
    float[] a = Oracle.random(random, 24);
    float[] g = Oracle.random(random, 24);
    try (TorchScope scope = TorchScope.openStrict("activations")) {
      TorchActivation act = torch.activation();
      TorchTensor x = scope.own(make.of(a, 4, 6));
      TorchTensor grad = scope.own(make.of(g, 4, 6));
      check(
          a,
          g,
          OperatorsTest::siluOf,
          scope.own(act.silu(x)),
          scope.own(act.siluBackward(grad, x)));
      for (boolean tanh : new boolean[] {false, true}) {
        check(
            a,
            g,
            ox -> gelu(ox, tanh ? "tanh" : "none"),
            scope.own(act.gelu(x, tanh)),
            scope.own(act.geluBackward(grad, x, tanh)));
      }
      for (int dimension : new int[] {-1, 0}) {
        TorchTensor y = scope.own(act.softmax(x, dimension));
        check(
            a,
            g,
            ox -> softmax(ox, dimension),
            y,
            scope.own(act.softmaxBackward(grad, y, dimension)));
      }
    }
  }

  private static Tensor siluOf(Tensor x) {
    return silu(x);
  }

  private interface Unary {
    Tensor apply(Tensor x);
  }

  private static void check(float[] x, float[] g, Unary f, TorchTensor y, TorchTensor gradX) {
    try (AutoGradMode on = Oracle.autograd()) {
      assertEquals(false, on.isNull());
      Tensor leaf = Oracle.leaf(x, 4, 6);
      Tensor out = f.apply(leaf);
      out.backward(Oracle.constant(g, 4, 6), null, false, null);
      same(out, y);
      same(leaf.grad(), gradX);
    }
  }

  @Test
  void layerNormAndItsGradients() {
    float[] a = Oracle.random(random, 3 * 8);
    float[] w = Oracle.random(random, 8);
    float[] b = Oracle.random(random, 8);
    float[] g = Oracle.random(random, 3 * 8);
    try (TorchScope scope = TorchScope.openStrict("layer norm");
        AutoGradMode on = Oracle.autograd()) {
      assertEquals(false, on.isNull());
      TorchTensor x = scope.own(make.of(a, 3, 8));
      TorchTensor weight = scope.own(make.of(w, 8));
      TorchTensor bias = scope.own(make.of(b, 8));
      TorchTensor grad = scope.own(make.of(g, 3, 8));
      Tensor ox = Oracle.leaf(a, 3, 8);
      Tensor ow = Oracle.leaf(w, 8);
      Tensor ob = Oracle.leaf(b, 8);
      Tensor oy =
          layer_norm(
              ox, new long[] {8}, new TensorOptional(ow), new TensorOptional(ob), 1e-5, false);
      oy.backward(Oracle.constant(g, 3, 8), null, false, null);
      try (TorchNormalisation.LayerNorm y = torch.normalisation().layerNorm(x, weight, bias, 1e-5);
          TorchNormalisation.LayerNormGradients grads =
              torch.normalisation().layerNormBackward(grad, x, y, weight, bias)) {
        same(oy, y.out());
        same(ox.grad(), grads.x());
        same(ow.grad(), grads.weight());
        same(ob.grad(), grads.bias());
      }
      try (TorchNormalisation.LayerNorm plain =
              torch.normalisation().layerNorm(x, null, null, 1e-5);
          TorchNormalisation.LayerNormGradients grads =
              torch.normalisation().layerNormBackward(grad, x, plain, null, null)) {
        same(layer_norm(ox, 8), plain.out());
        assertEquals(false, grads.weight().isDefined());
        assertEquals(false, grads.bias().isDefined());
      }
    }
  }

  @Test
  void attentionAndItsGradients() {
    int[][] shapes = {{1, 2, 5, 8}, {2, 3, 33, 16}};
    for (int[] s : shapes) {
      int n = s[0] * s[1] * s[2] * s[3];
      long[] shape = {s[0], s[1], s[2], s[3]};
      float[][] in = new float[4][];
      for (int i = 0; i < 4; i++) {
        in[i] = Oracle.random(random, n);
      }
      double scale = 1 / Math.sqrt(s[3]);
      try (TorchScope scope = TorchScope.openStrict("attention");
          AutoGradMode on = Oracle.autograd()) {
        assertEquals(false, on.isNull());
        TorchTensor q = scope.own(make.of(in[0], shape));
        TorchTensor k = scope.own(make.of(in[1], shape));
        TorchTensor v = scope.own(make.of(in[2], shape));
        TorchTensor g = scope.own(make.of(in[3], shape));
        Tensor oq = Oracle.leaf(in[0], shape);
        Tensor ok = Oracle.leaf(in[1], shape);
        Tensor ov = Oracle.leaf(in[2], shape);
        float[] mask = causalMask(s[2]);
        Tensor scores =
            matmul(oq, ok.transpose(-2, -1))
                .mul(new Scalar(scale))
                .add(Oracle.constant(mask, s[2], s[2]));
        Tensor oy = matmul(softmax(scores, -1), ov);
        oy.backward(Oracle.constant(in[3], shape), null, false, null);
        TorchTensor m = scope.own(make.of(mask, s[2], s[2]));
        for (boolean causal : new boolean[] {true, false}) {
          TorchTensor given = causal ? null : m;
          try (TorchAttention.Forward y = torch.attention().forward(q, k, v, causal, given, scale);
              TorchAttention.Gradients grads =
                  torch.attention().backward(g, q, k, v, y, causal, given, scale)) {
            sameStrided(oy, y.out(), scope);
            sameStrided(oq.grad(), grads.q(), scope);
            sameStrided(ok.grad(), grads.k(), scope);
            sameStrided(ov.grad(), grads.v(), scope);
          }
        }
      }
    }
  }

  private static float[] causalMask(int t) {
    float[] mask = new float[t * t];
    for (int i = 0; i < t; i++) {
      for (int j = i + 1; j < t; j++) {
        mask[i * t + j] = Float.NEGATIVE_INFINITY;
      }
    }
    return mask;
  }

  /** Copies row-major first: attention's results have their heads interleaved. */
  private void sameStrided(Tensor expected, TorchTensor actual, TorchScope scope) {
    TorchTensor dense = scope.own(make.empty(DType.FP32, actual.shape()));
    make.copy(dense, actual);
    same(expected, dense);
  }

  private static void same(Tensor expected, TorchTensor actual) {
    float[] e = Oracle.floats(expected);
    float[] a = actual.toFloats();
    assertEquals(e.length, a.length, "elements");
    for (int i = 0; i < e.length; i++) {
      assertEquals(e[i], a[i], TOLERANCE * Math.max(1, Math.abs(e[i])), "element " + i);
    }
  }
}
