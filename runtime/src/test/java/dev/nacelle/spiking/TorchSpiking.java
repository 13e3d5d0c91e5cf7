package dev.nacelle.spiking;

import dev.nacelle.kernels.Surrogate;
import dev.nacelle.nativeaccess.loader.JavaCppPresets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A spiking network worked out by LibTorch in fp64, one plain step after the other, with gradients
 * by its autograd. A spike is its step function in the forward, and in the backward whatever
 * autograd finds for the smooth function that the surrogate is said to be the derivative of.
 */
final class TorchSpiking {
  static {
    JavaCppPresets.shareLibraries();
    Loader.load(torch.class);
  }

  final double[] losses;
  final double[] scores;
  final Map<String, double[]> gradients = new LinkedHashMap<>();
  final double[] gradX;
  private final Map<String, Tensor> parameters = new LinkedHashMap<>();

  @SuppressWarnings("try") // gradients are recorded as long as it is open
  TorchSpiking(SpikingCase point, Map<String, float[]> values, Map<String, long[]> shapes) {
    try (PointerScope scope = new PointerScope();
        AutoGradMode on = new AutoGradMode(true)) {
      values.forEach(
          (name, v) -> {
            Tensor t = of(v, Objects.requireNonNull(shapes.get(name)));
            t.set_requires_grad(true);
            parameters.put(name, t);
          });
      Tensor x = of(point.x(), point.xShape());
      x.set_requires_grad(true);
      Tensor y = x;
      if (point.xShape().length == 2) {
        Tensor[] copies = new Tensor[point.steps()];
        java.util.Arrays.fill(copies, x);
        y = torch.stack(new TensorVector(copies), 0);
      }
      for (int i = 0; i < point.layers().size(); i++) {
        y = layer(Integer.toString(i), point.layers().get(i), y);
      }
      Tensor mean = y.mean(0);
      long[] targets = new long[point.targets().length];
      for (int i = 0; i < targets.length; i++) {
        targets[i] = point.targets()[i];
      }
      Tensor loss =
          mean.log_softmax(-1)
              .gather(1, Tensor.create(targets, targets.length, 1))
              .squeeze(-1)
              .neg();
      scores = values(mean);
      losses = values(loss);
      loss.mean().backward();
      gradX = values(x.grad());
      parameters.forEach((name, p) -> gradients.put(name, values(p.grad())));
      parameters.clear();
      scope.deallocate();
    }
  }

  private Tensor parameter(String name) {
    Tensor p = parameters.get(name);
    if (p == null) {
      throw new AssertionError("the network has no " + name);
    }
    return p;
  }

  private Tensor layer(String name, SpikingCase.Layer layer, Tensor x) {
    return switch (layer) {
      case SpikingCase.Dense d ->
          x.matmul(parameter(name + ".weight").t()).add(parameter(name + ".bias"));
      case SpikingCase.Leak leak -> leak(leak, x);
      case SpikingCase.Cells cells -> cells(name, cells, x);
    };
  }

  private static Tensor leak(SpikingCase.Leak leak, Tensor x) {
    Tensor[] out = new Tensor[(int) x.size(0)];
    Tensor v = x.select(0, 0).mul(new Scalar(0.0));
    for (int t = 0; t < out.length; t++) {
      Tensor in = leak.decayInput() ? x.select(0, t).div(new Scalar(leak.tau())) : x.select(0, t);
      v = v.sub(v.div(new Scalar(leak.tau()))).add(in);
      out[t] = v;
    }
    return torch.stack(new TensorVector(out), 0);
  }

  private Tensor cells(String name, SpikingCase.Cells cells, Tensor input) {
    Tensor x = cells.modes() == 0 ? input : filtered(name, cells.modes(), input);
    var o = cells.options();
    Tensor keep = o.learned() ? parameter(name + ".w").sigmoid() : scalar(1.0 / o.leak());
    Tensor rho =
        cells.trained().adaptation() ? parameter(name + ".rho").sigmoid() : scalar(o.rho());
    Tensor beta =
        cells.trained().adaptation() ? softplus(parameter(name + ".beta")) : scalar(o.beta());
    Tensor base =
        cells.trained().threshold()
            ? softplus(parameter(name + ".v_threshold"))
            : scalar(o.vThreshold());
    boolean soft = o.vReset() == null;
    Tensor rest = scalar(o.rest());
    Tensor v = x.select(0, 0).mul(new Scalar(0.0)).add(rest);
    Tensor b = x.select(0, 0).mul(new Scalar(0.0));
    Tensor[] spikes = new Tensor[(int) x.size(0)];
    for (int t = 0; t < spikes.length; t++) {
      Tensor leaked = v.sub(rest);
      Tensor h =
          o.decayInput()
              ? v.add(x.select(0, t).sub(leaked).mul(keep))
              : v.sub(leaked.mul(keep)).add(x.select(0, t));
      Tensor threshold = base.add(beta.mul(b));
      Tensor s = spike(h.sub(threshold), o.surrogate(), o.alpha());
      Tensor cut = o.detachReset() ? s.detach() : s;
      v = soft ? h.sub(cut.mul(threshold)) : h.sub(cut.mul(h)).add(cut.mul(rest));
      b = b.mul(rho).add(s.sub(rho.mul(s)));
      spikes[t] = s;
    }
    return torch.stack(new TensorVector(spikes), 0);
  }

  private static Tensor spike(Tensor u, Surrogate surrogate, double alpha) {
    Tensor fired = u.detach().ge(new Scalar(0.0)).to(u.scalar_type());
    Tensor smooth =
        switch (surrogate) {
          case ATAN -> torch.atan(u.mul(new Scalar(Math.PI / 2 * alpha))).div(new Scalar(Math.PI));
          case SIGMOID -> u.mul(new Scalar(alpha)).sigmoid();
          case ERF -> torch.erf(u.mul(new Scalar(alpha))).mul(new Scalar(0.5));
          default -> throw new AssertionError("no smooth form of " + surrogate + " here");
        };
    // The surrogate of erf is α/√π·exp(−α²u²), which is half of erf's own derivative.
    return fired.add(smooth.sub(smooth.detach()));
  }

  private static Tensor softplus(Tensor r) {
    return r.exp().add(new Scalar(1.0)).log();
  }

  /** irfft(G ⊙ rfft(x)) over the lowest modes, as two real products each way. */
  private Tensor filtered(String name, int modes, Tensor x) {
    int steps = (int) x.size(0);
    double[] cos = new double[modes * steps];
    double[] sin = new double[modes * steps];
    double[] share = new double[modes];
    for (int m = 0; m < modes; m++) {
      share[m] = (m == 0 || 2 * m == steps ? 1.0 : 2.0) / steps;
      for (int t = 0; t < steps; t++) {
        double angle = 2 * Math.PI * ((long) m * t % steps) / steps;
        cos[m * steps + t] = Math.cos(angle);
        sin[m * steps + t] = Math.sin(angle);
      }
    }
    Tensor c = Tensor.create(cos, modes, steps);
    Tensor s = Tensor.create(sin, modes, steps);
    long batch = x.size(1);
    long neurons = x.size(2);
    Tensor flat = x.reshape(steps, batch * neurons);
    Tensor re = c.matmul(flat).reshape(modes, batch, neurons);
    Tensor im = s.matmul(flat).neg().reshape(modes, batch, neurons);
    Tensor gainRe = parameter(name + ".gain_re").unsqueeze(1);
    Tensor gainIm = parameter(name + ".gain_im").unsqueeze(1);
    Tensor outRe = gainRe.mul(re).sub(gainIm.mul(im));
    Tensor outIm = gainRe.mul(im).add(gainIm.mul(re));
    Tensor weights = Tensor.create(share, modes, 1, 1);
    Tensor a = outRe.mul(weights).reshape(modes, batch * neurons);
    Tensor b = outIm.mul(weights).reshape(modes, batch * neurons);
    return c.t().matmul(a).sub(s.t().matmul(b)).reshape(steps, batch, neurons);
  }

  private static Tensor scalar(double value) {
    return Tensor.create(new double[] {value}, 1);
  }

  private static Tensor of(float[] data, long... shape) {
    double[] wide = new double[data.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = data[i];
    }
    return Tensor.create(wide, shape);
  }

  private static double[] values(@Nullable Tensor x) {
    if (x == null || !x.defined()) {
      throw new AssertionError("autograd found no gradient");
    }
    Tensor dense = x.detach().contiguous();
    double[] values = new double[Math.toIntExact(dense.numel())];
    if (values.length > 0) {
      DoublePointer data = dense.data_ptr_double();
      data.get(values);
    }
    return values;
  }
}
