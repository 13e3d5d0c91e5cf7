package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Surrogate;
import dev.nacelle.kernels.operator.Attributes;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The spiking operators written step by step with LibTorch's own operators, as OPERATORS.md has
 * them. A spike is a constant plus surrogate · (u − constant u): autograd then takes the surrogate
 * for its derivative, and all else is the chain rule's own.
 */
final class SpikingOracles {
  static final Map<String, Oracle> ALL =
      Map.of(
          "lif", (in, with) -> neurons(in, with, false, false),
          "plif", (in, with) -> neurons(in, with, false, false),
          "alif", (in, with) -> neurons(in, with, true, false),
          "fa_lif", (in, with) -> neurons(in, with, true, with.flag("fourier")),
          "fourier_filter", (in, with) -> Map.of("y", filter(in)),
          "spike_pack", (in, with) -> Map.of("bits", Bits.words(get(in, "spikes"))),
          "spike_unpack", (in, with) -> Map.of("spikes", get(in, "bits")),
          "spike_linear", SpikingOracles::linear,
          "leaky_integrate", SpikingOracles::integrate);

  private SpikingOracles() {}

  private static Tensor get(Map<String, Tensor> tensors, String name) {
    return java.util.Objects.requireNonNull(tensors.get(name), name);
  }

  private static Tensor scale(Tensor x, double factor) {
    return x.mul(Torch.scalar(factor));
  }

  private static Tensor plus(Tensor x, double summand) {
    return x.add(Torch.scalar(summand));
  }

  /** A parameter: a tensor where it was given, else the attribute as the kernel stores it. */
  private static Tensor parameter(Map<String, Tensor> in, String name, Attributes with) {
    Tensor given = in.get(name);
    return given == null ? Torch.of(new double[] {(float) with.real(name)}, 1) : given;
  }

  private static Map<String, Tensor> neurons(
      Map<String, Tensor> in, Attributes with, boolean adaptive, boolean fourier) {
    Tensor x = fourier ? filter(in) : get(in, "x");
    long steps = x.size(0);
    long[] all = sizes(x);
    long[] one = java.util.Arrays.copyOfRange(all, 1, all.length);
    boolean soft = with.isNone("v_reset");
    double rest = soft ? 0 : (float) with.real("v_reset");
    Tensor zeros = Torch.of(new double[CaseValues.count(one)], one);
    Tensor v = in.get("v0") == null ? plus(zeros, rest) : get(in, "v0");
    Tensor b = in.get("b0") == null ? zeros : get(in, "b0");
    Tensor base =
        adaptive
            ? parameter(in, "v_threshold", with)
            : Torch.of(new double[] {(float) with.real("v_threshold")}, 1);
    Tensor rho = adaptive ? parameter(in, "rho", with) : Torch.of(new double[1], 1);
    Tensor beta = adaptive ? parameter(in, "beta", with) : Torch.of(new double[1], 1);
    Tensor w = in.get("w");
    Tensor inverse =
        w == null
            ? Torch.of(new double[] {1 / (double) (float) with.real("tau")}, 1)
            : torch.sigmoid(w);
    TensorVector spikes = new TensorVector();
    TensorVector membranes = new TensorVector();
    for (long t = 0; t < steps; t++) {
      Tensor input = x.select(0, t);
      Tensor above = plus(v, -rest);
      Tensor h =
          with.flag("decay_input")
              ? v.add(squeezed(input.sub(above).mul(inverse), one))
              : v.sub(squeezed(above.mul(inverse), one)).add(input);
      Tensor threshold = squeezed(base.add(b.mul(beta)), one);
      Tensor spike = spike(h.sub(threshold), with);
      Tensor reset = with.flag("detach_reset") ? spike.detach() : spike;
      v =
          soft
              ? h.sub(reset.mul(threshold))
              : plus(scale(reset, -1), 1).mul(h).add(scale(reset, rest));
      b = squeezed(b.mul(rho).add(spike.mul(plus(scale(rho, -1), 1))), one);
      spikes.push_back(spike);
      membranes.push_back(v);
    }
    Map<String, Tensor> out = new HashMap<>();
    out.put("spikes", steps == 0 ? x : torch.stack(spikes, 0));
    out.put("v", v);
    if (adaptive) {
      out.put("b", b);
    }
    if (with.flag("store_v_sequence")) {
      out.put("v_sequence", steps == 0 ? x : torch.stack(membranes, 0));
    }
    return out;
  }

  /** A parameter of shape (1) makes a scalar state a vector of one: back to the state's shape. */
  private static Tensor squeezed(Tensor x, long[] shape) {
    return x.reshape(shape);
  }

  private static Tensor spike(Tensor u, Attributes with) {
    Tensor fired =
        (with.text("tie").equals("ge") ? u.ge(Torch.scalar(0)) : u.gt(Torch.scalar(0)))
            .toType(torch.ScalarType.Double);
    Tensor slope =
        derivative(Surrogate.parse(with.text("surrogate")), (float) with.real("alpha"), u.detach());
    return fired.add(slope.mul(u.sub(u.detach())));
  }

  private static Tensor derivative(Surrogate surrogate, double a, Tensor u) {
    Tensor size = u.abs();
    return switch (surrogate) {
      case ATAN -> scale(plus(scale(u, Math.PI / 2 * a).square(), 1).reciprocal(), a / 2);
      case SIGMOID -> {
        Tensor s = torch.sigmoid(scale(u, a));
        yield scale(s.mul(plus(scale(s, -1), 1)), a);
      }
      case FAST_SIGMOID -> plus(scale(size, a), 1).square().reciprocal();
      case TRIANGLE, PIECEWISE_QUADRATIC ->
          scale(plus(scale(size, -a), 1).clamp_min(Torch.scalar(0)), a);
      case RECT -> scale(size.le(Torch.scalar(1 / a)).toType(torch.ScalarType.Double), a / 2);
      case SUPER_SPIKE -> scale(plus(size, 1).square().reciprocal(), a);
      case ERF -> scale(scale(u, a).square().neg().exp(), a / Math.sqrt(Math.PI));
    };
  }

  /** irfft(G ⊙ rfft(x)) by products with the matrices of the transform, whose rows are waves. */
  private static Tensor filter(Map<String, Tensor> in) {
    Tensor x = get(in, "x");
    Tensor re = get(in, "gain_re");
    Tensor im = get(in, "gain_im");
    int steps = (int) x.size(0);
    int modes = (int) re.size(0);
    long[] shape = sizes(x);
    if (x.numel() == 0 || modes == 0) {
      return scale(x, 0);
    }
    double[] cos = new double[modes * steps];
    double[] sin = new double[modes * steps];
    double[] weight = new double[modes];
    for (int m = 0; m < modes; m++) {
      weight[m] = (m == 0 || 2 * m == steps ? 1.0 : 2.0) / steps;
      for (int t = 0; t < steps; t++) {
        cos[m * steps + t] = Math.cos(2 * Math.PI * m * t / steps);
        sin[m * steps + t] = Math.sin(2 * Math.PI * m * t / steps);
      }
    }
    Tensor c = Torch.of(cos, modes, steps);
    Tensor s = Torch.of(sin, modes, steps);
    Tensor flat = x.reshape(steps, -1);
    long[] rows = shape.clone();
    rows[0] = modes;
    Tensor real = c.matmul(flat).reshape(rows);
    Tensor imaginary = s.matmul(flat).neg().reshape(rows);
    long[] wide = new long[shape.length];
    java.util.Arrays.fill(wide, 1);
    wide[0] = modes;
    wide[wide.length - 1] = re.size(1);
    Tensor g = re.reshape(wide);
    Tensor h = im.reshape(wide);
    Tensor w = Torch.of(weight, modes, 1);
    Tensor up = g.mul(real).sub(h.mul(imaginary)).reshape(modes, -1).mul(w);
    Tensor side = g.mul(imaginary).add(h.mul(real)).reshape(modes, -1).mul(w);
    return c.t().matmul(up).sub(s.t().matmul(side)).reshape(shape);
  }

  private static Map<String, Tensor> linear(Map<String, Tensor> in, Attributes with) {
    Tensor y = get(in, "bits").matmul(get(in, "weight").t());
    Tensor bias = in.get("bias");
    return Map.of("y", bias == null ? y : y.add(bias));
  }

  private static Map<String, Tensor> integrate(Map<String, Tensor> in, Attributes with) {
    Tensor x = get(in, "x");
    double tau = (float) with.real("tau");
    TensorVector all = new TensorVector();
    Tensor v = null;
    for (long t = 0; t < x.size(0); t++) {
      Tensor input = x.select(0, t);
      v = next(v, input, tau, with.flag("decay_input"));
      all.push_back(v);
    }
    return Map.of("v", v == null ? x : torch.stack(all, 0));
  }

  private static Tensor next(
      @Nullable Tensor before, Tensor input, double tau, boolean decayInput) {
    Tensor v = before == null ? torch.zeros_like(input) : before;
    return decayInput
        ? v.add(input.sub(v).div(Torch.scalar(tau)))
        : v.sub(v.div(Torch.scalar(tau))).add(input);
  }

  private static long[] sizes(Tensor x) {
    long[] sizes = new long[(int) x.dim()];
    for (int d = 0; d < sizes.length; d++) {
      sizes[d] = x.size(d);
    }
    return sizes;
  }
}
