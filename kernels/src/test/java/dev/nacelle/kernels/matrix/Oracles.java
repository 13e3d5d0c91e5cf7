package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.operator.Attributes;
import dev.nacelle.kernels.quant.BlockDecoder;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** The operators' oracles by name. */
final class Oracles {
  private static final Map<String, Oracle> ALL =
      Map.ofEntries(
          Map.entry("rms_norm", Oracles::rmsNorm),
          Map.entry("rope", Oracles::rope),
          Map.entry("swiglu", Oracles::swiGlu),
          Map.entry("geglu", Oracles::geGlu),
          Map.entry("cross_entropy", Oracles::crossEntropy),
          Map.entry("dequantize", Oracles::dequantize),
          Map.entry("quantized_linear", Oracles::quantizedLinear),
          Map.entry("adamw", Oracles::adamW),
          Map.entry("clip_grad_norm", Oracles::clipGradNorm),
          Map.entry("sum_of_squares", Oracles::sumOfSquares),
          Map.entry("attention", AttentionMatrix::outputs),
          Map.entry("lora_linear", AdapterMatrix::lora),
          Map.entry("hydra_linear", AdapterMatrix::hydra),
          Map.entry("dora_linear", AdapterMatrix::dora),
          Map.entry("quantize_activation", CodedMatrix::quantized),
          Map.entry("dequantize_activation", CodedMatrix::dequantized));

  private Oracles() {}

  /** Every operator that has an oracle. */
  static Set<String> names() {
    Set<String> names = new HashSet<>(ALL.keySet());
    names.addAll(SpikingOracles.ALL.keySet());
    return names;
  }

  /** The oracle of an operator. */
  static Oracle of(String operator) {
    Oracle oracle = ALL.getOrDefault(operator, SpikingOracles.ALL.get(operator));
    return Objects.requireNonNull(oracle, "no oracle for " + operator);
  }

  private static Tensor get(Map<String, Tensor> tensors, String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalStateException("no tensor " + name);
    }
    return tensor;
  }

  private static Map<String, Tensor> rmsNorm(Map<String, Tensor> in, Attributes with) {
    Tensor x = get(in, "x");
    Tensor mean = x.mul(x).mean(new long[] {-1}, true, new ScalarTypeOptional());
    Tensor rstd = mean.add(Torch.scalar((float) with.real("eps"))).rsqrt();
    Tensor weight = get(in, "weight").add(Torch.scalar(with.real("offset")));
    return Map.of("y", x.mul(rstd).mul(weight), "rstd", rstd.squeeze(-1));
  }

  private static Map<String, Tensor> rope(Map<String, Tensor> in, Attributes with) {
    Tensor x = get(in, "x");
    long half = x.size(3) / 2;
    // The product of position and frequency rounds to fp32, as in the models' own code.
    Tensor angle =
        get(in, "positions")
            .toType(torch.ScalarType.Float)
            .unsqueeze(-1)
            .mul(get(in, "inv_freq").toType(torch.ScalarType.Float))
            .toType(torch.ScalarType.Double)
            .unsqueeze(2);
    Tensor pairs = x.reshape(x.size(0), x.size(1), x.size(2), half, 2);
    boolean interleaved = with.flag("interleaved");
    Tensor first = interleaved ? pairs.select(-1, 0) : x.narrow(-1, 0, half);
    Tensor second = interleaved ? pairs.select(-1, 1) : x.narrow(-1, half, half);
    Tensor one = first.mul(angle.cos()).sub(second.mul(angle.sin()));
    Tensor two = second.mul(angle.cos()).add(first.mul(angle.sin()));
    TensorVector both = new TensorVector(one, two);
    Tensor y = interleaved ? torch.stack(both, -1).reshape(sizes(x)) : torch.cat(both, -1);
    return Map.of("y", y);
  }

  private static long[] sizes(Tensor x) {
    long[] sizes = new long[(int) x.dim()];
    for (int d = 0; d < sizes.length; d++) {
      sizes[d] = x.size(d);
    }
    return sizes;
  }

  private static Map<String, Tensor> swiGlu(Map<String, Tensor> in, Attributes with) {
    return Map.of("y", torch.silu(get(in, "gate")).mul(get(in, "up")));
  }

  private static Map<String, Tensor> geGlu(Map<String, Tensor> in, Attributes with) {
    return Map.of("y", torch.gelu(get(in, "gate"), "tanh").mul(get(in, "up")));
  }

  private static Map<String, Tensor> crossEntropy(Map<String, Tensor> in, Attributes with) {
    Tensor hidden = get(in, "hidden");
    Tensor targets = get(in, "targets");
    // Ignored rows are cut out here too: what they hold must not matter.
    Tensor kept = targets.ne(Torch.scalar(-100)).nonzero().squeeze(-1);
    Tensor rows = hidden.index_select(0, kept);
    Tensor logits = rows.matmul(get(in, "weight").t());
    Tensor a = in.get("a");
    if (a != null) {
      Tensor extra = rows.matmul(a.t()).matmul(get(in, "b").t());
      logits = logits.add(extra.mul(Torch.scalar((float) with.real("scale"))));
    }
    if (!with.isNone("softcap")) {
      double cap = (float) with.real("softcap");
      logits = logits.div(Torch.scalar(cap)).tanh().mul(Torch.scalar(cap));
    }
    Tensor target = targets.index_select(0, kept).unsqueeze(-1);
    Tensor losses = logits.log_softmax(-1).gather(1, target).squeeze(-1).neg();
    double[] none = new double[(int) targets.numel()];
    return Map.of("losses", Torch.of(none, targets.numel()).index_add(0, kept, losses));
  }

  private static Map<String, Tensor> dequantize(Map<String, Tensor> in, Attributes with) {
    return Map.of("y", widened(get(in, "blocks"), in.get("absmax"), format(with)));
  }

  private static Map<String, Tensor> quantizedLinear(Map<String, Tensor> in, Attributes with) {
    Tensor y = get(in, "x").matmul(widened(get(in, "blocks"), in.get("absmax"), format(with)).t());
    Tensor bias = in.get("bias");
    return Map.of("y", bias == null ? y : y.add(bias));
  }

  private static BlockFormat format(Attributes with) {
    return BlockFormat.parse(with.text("format"));
  }

  /** The matrix by the decoder in Java, which BlockGoldenTest holds against the gguf package. */
  static Tensor widened(Tensor blocks, @Nullable Tensor scales, BlockFormat format) {
    double[] bytes = Torch.values(blocks);
    byte[] raw = new byte[bytes.length];
    for (int i = 0; i < raw.length; i++) {
      raw[i] = (byte) (int) bytes[i];
    }
    long columns = format.columns(blocks.size(1));
    float[] values = new float[Math.toIntExact(blocks.size(0) * columns)];
    if (format.hasAbsmax()) {
      double[] absmax = Torch.values(Objects.requireNonNull(scales));
      BlockDecoder.widenNf4(raw, group -> absmax[(int) group], 0, values, values.length);
    } else {
      BlockDecoder.widen(format, raw, values, values.length);
    }
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return Torch.of(wide, blocks.size(0), columns);
  }

  private static Map<String, Tensor> adamW(Map<String, Tensor> in, Attributes with) {
    return with.text("moments").equals("8bit")
        ? CodedMatrix.coded(adamWStep(CodedMatrix.widened(in), with), with)
        : adamWStep(in, with);
  }

  private static Map<String, Tensor> adamWStep(Map<String, Tensor> in, Attributes with) {
    double beta1 = with.real("beta1");
    double beta2 = with.real("beta2");
    double step = with.integer("step");
    Tensor g = get(in, "gradient");
    Tensor m = get(in, "exp_avg").lerp(g, Torch.scalar(1 - beta1));
    Tensor v =
        get(in, "exp_avg_sq").mul(Torch.scalar(beta2)).add(g.mul(g).mul(Torch.scalar(1 - beta2)));
    Tensor p =
        get(in, "parameter").mul(Torch.scalar(1 - with.real("lr") * with.real("weight_decay")));
    Tensor unbiased = m.div(Torch.scalar(1 - Math.pow(beta1, step)));
    Tensor root =
        v.div(Torch.scalar(1 - Math.pow(beta2, step))).sqrt().add(Torch.scalar(with.real("eps")));
    return Map.of(
        "parameter", p.sub(unbiased.div(root).mul(Torch.scalar(with.real("lr")))),
        "exp_avg", m,
        "exp_avg_sq", v);
  }

  private static Map<String, Tensor> sumOfSquares(Map<String, Tensor> in, Attributes with) {
    Tensor x = get(in, "x");
    return Map.of("sum", x.mul(x).sum().reshape(1));
  }

  private static Map<String, Tensor> clipGradNorm(Map<String, Tensor> in, Attributes with) {
    Tensor gradient = get(in, "gradient");
    Tensor norm = gradient.mul(gradient).sum().sqrt();
    Tensor factor =
        norm.add(Torch.scalar(1e-6))
            .reciprocal()
            .mul(Torch.scalar(with.real("max_norm")))
            .clamp_max(Torch.scalar(1));
    return Map.of("gradient", gradient.mul(factor), "norm", norm.reshape(1));
  }
}
