package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.operator.Attributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/** The points of the matrix of linear layers with a low-rank path, and their oracles. */
final class AdapterMatrix {
  private static final Set<String> Y = Set.of("y");
  private static final String DORA = "dora_linear";
  private static final String HYDRA = "hydra_linear";

  private AdapterMatrix() {}

  static boolean isOne(String operator) {
    return operator.equals("lora_linear") || operator.equals(HYDRA) || operator.equals(DORA);
  }

  /**
   * Whether an exact answer exists: three large factors leave fp32, and a norm of numbers below the
   * normal ones has no digits to divide by; infinite ones make it a matter of order which is NaN.
   */
  static boolean bears(String operator, Fill fill) {
    boolean dora = operator.equals(DORA);
    return !isOne(operator)
        || !(fill == Fill.LARGE || (dora && (fill == Fill.DENORMAL || fill == Fill.INFINITE)));
  }

  static List<MatrixCase> cases(String operator) {
    List<MatrixCase> cases = new ArrayList<>();
    // Tokens, columns, outputs, rank, heads.
    long[][] sizes = {
      {0, 3, 2, 1, 2},
      {1, 3, 4, 1, 1},
      {5, 7, 3, 2, 3},
      {17, 33, 20, 4, 2},
      {70, 100, 37, 5, 3},
      {3, 300, 270, 18, 2},
    };
    for (long[] size : sizes) {
      MatrixCase one = of(operator, size);
      cases.add(one.with("scale", "-0.5"));
      cases.add(one.input("bias", size[2]).with("p", "0.3").with("seed", "7"));
      cases.add(one.with("p", "0.6").with("seed", "99").with("offset", "4294967290"));
      cases.add(one.withGradients(Set.of()).with("p", "0.1"));
    }
    for (BlockFormat format : BlockFormat.values()) {
      cases.add(quantised(operator, format).with("p", "0.5").input("bias", 9));
    }
    if (operator.equals(HYDRA)) {
      // Logits of a hundred and more: a router that is sure.
      cases.add(of(operator, 6, 4000, 2, 1, 3));
    }
    cases.add(of(operator, 6, 5, 4, 3, 2).input("x", 2, 3, 5).with("p", "0.25"));
    cases.add(of(operator, 4, 9, 6, 2, 2).with("scale", "1.5"));
    cases.add(of(operator, 9, 17, 7, 3, 3).input("bias", 7));
    return cases;
  }

  private static MatrixCase of(String operator, long... size) {
    MatrixCase one =
        MatrixCase.of(operator, Y, 1).input("x", size[0], size[1]).input("w", size[2], size[1]);
    return pair(one, size[1], size[2], size[3], size[4]);
  }

  private static MatrixCase pair(
      MatrixCase one, long columns, long outputs, long rank, long heads) {
    MatrixCase more = one.input("a", rank, columns);
    return switch (one.operator()) {
      case HYDRA -> more.input("b", heads, outputs, rank).input("router", heads, columns);
      case DORA -> more.input("b", outputs, rank).input("magnitude", outputs);
      default -> more.input("b", outputs, rank);
    };
  }

  private static MatrixCase quantised(String operator, BlockFormat format) {
    long columns = format == BlockFormat.NF4 ? 68 : Math.max(64, format.blockElements());
    MatrixCase one =
        MatrixCase.of(operator, Y, 1)
            .input("x", 5, columns)
            .input("w_blocks", 9, format.rowBytes(columns))
            .with("w_format", format.label());
    if (format.hasAbsmax()) {
      one = one.input("w_absmax", (9 * columns + 63) / 64);
    }
    return pair(one, columns, 9, 2, 3);
  }

  static Map<String, Tensor> lora(Map<String, Tensor> in, Attributes with) {
    Tensor h = dropped(get(in, "x"), with).matmul(get(in, "a").t());
    Tensor y = base(in, with).add(scaled(h.matmul(get(in, "b").t()), with));
    return Map.of("y", withBias(y, in));
  }

  static Map<String, Tensor> hydra(Map<String, Tensor> in, Attributes with) {
    Tensor x = get(in, "x");
    Tensor h = dropped(x, with).matmul(get(in, "a").t());
    Tensor omega = x.matmul(get(in, "router").t()).softmax(-1);
    Tensor y = base(in, with);
    Tensor b = get(in, "b");
    for (long e = 0; e < b.size(0); e++) {
      Tensor head = h.matmul(b.select(0, e).t());
      y = y.add(scaled(omega.select(-1, e).unsqueeze(-1).mul(head), with));
    }
    return Map.of("y", withBias(y, in));
  }

  static Map<String, Tensor> dora(Map<String, Tensor> in, Attributes with) {
    Tensor a = get(in, "a");
    Tensor b = get(in, "b");
    Tensor h = dropped(get(in, "x"), with).matmul(a.t());
    Tensor product = base(in, with).add(scaled(h.matmul(b.t()), with));
    Tensor adapted = weight(in, with).add(scaled(b.matmul(a), with)).detach();
    Tensor norm = adapted.mul(adapted).sum(new long[] {-1}).sqrt();
    return Map.of("y", withBias(product.mul(get(in, "magnitude").div(norm)), in));
  }

  private static Tensor get(Map<String, Tensor> in, String name) {
    return Objects.requireNonNull(in.get(name), name);
  }

  private static Tensor base(Map<String, Tensor> in, Attributes with) {
    return get(in, "x").matmul(weight(in, with).t());
  }

  private static Tensor weight(Map<String, Tensor> in, Attributes with) {
    Tensor w = in.get("w");
    return w != null
        ? w
        : Oracles.widened(
            get(in, "w_blocks"), in.get("w_absmax"), BlockFormat.parse(with.text("w_format")));
  }

  private static Tensor scaled(Tensor x, Attributes with) {
    return x.mul(Torch.scalar((float) with.real("scale")));
  }

  private static Tensor withBias(Tensor y, Map<String, Tensor> in) {
    Tensor bias = in.get("bias");
    return bias == null ? y : y.add(bias);
  }

  private static Tensor dropped(Tensor x, Attributes with) {
    double p = (float) with.real("p");
    if (p == 0) {
      return x;
    }
    double[] mask = new double[(int) x.numel()];
    for (int i = 0; i < mask.length; i++) {
      long draw = draw(with.integer("seed"), with.integer("offset") + i);
      mask[i] = draw < (long) (p * 4294967296.0) ? 0 : 1.0f / (1.0f - (float) p);
    }
    long[] shape = new long[(int) x.dim()];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = x.size(d);
    }
    return x.mul(Torch.of(mask, shape));
  }

  /** The 32 bits of an element as elementwise.c describes them, written anew. */
  static long draw(long seed, long counter) {
    long key = splitMix(seed ^ splitMix(counter >>> 32));
    long first = murmur((counter ^ key) & 0xffffffffL);
    return murmur((first + (key >>> 32)) & 0xffffffffL);
  }

  /**
   * The 16 bits, signed, of an element that shares a hash with its neighbour (nk_random.h), anew.
   */
  static short drawOfPair(long seed, long counter) {
    long pair = counter / 2;
    long key = splitMix(seed ^ splitMix(pair >>> 32));
    long h = (pair ^ key) & 0xffffffffL;
    h = (h ^ h >>> 16) * 0x85ebca6bL & 0xffffffffL;
    h = ((h ^ h >>> 13) + (key >>> 32)) * 0xc2b2ae35L & 0xffffffffL;
    h ^= h >>> 16;
    return (short) (counter % 2 == 0 ? h : h >>> 16);
  }

  private static long murmur(long h) {
    h ^= h >>> 16;
    h = h * 0x85ebca6bL & 0xffffffffL;
    h ^= h >>> 13;
    h = h * 0xc2b2ae35L & 0xffffffffL;
    return h ^ h >>> 16;
  }

  private static long splitMix(long z) {
    z += 0x9e3779b97f4a7c15L;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}
