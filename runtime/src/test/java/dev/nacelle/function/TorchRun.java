package dev.nacelle.function;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.loader.JavaCppPresets;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** A case worked out by LibTorch in fp64, with gradients by its autograd. */
final class TorchRun {
  static {
    JavaCppPresets.shareLibraries();
    Loader.load(torch.class);
  }

  final double[] output;
  final List<double[]> gradients = new ArrayList<>();
  private final List<Tensor> leaves = new ArrayList<>();
  private final IdentityHashMap<Expr, Tensor> done = new IdentityHashMap<>();

  @SuppressWarnings("try") // gradients are recorded as long as it is open
  TorchRun(FunctionCase point) {
    try (PointerScope scope = new PointerScope();
        AutoGradMode on = new AutoGradMode(true)) {
      for (Values leaf : point.leaves()) {
        Tensor t = of(leaf);
        t.set_requires_grad(true);
        leaves.add(t);
      }
      Tensor y = evaluate(point.root());
      output = values(y);
      y.mul(of(point.upstream())).sum().backward();
      for (Tensor leaf : leaves) {
        Tensor g = leaf.grad();
        gradients.add(g.defined() ? values(g) : new double[(int) leaf.numel()]);
      }
      done.clear();
      leaves.clear();
      scope.deallocate();
    }
  }

  private Tensor evaluate(Expr e) {
    Tensor known = done.get(e);
    if (known == null) {
      known = compute(e);
      done.put(e, known);
    }
    return known;
  }

  private Tensor compute(Expr expr) {
    return switch (expr) {
      case Expr.Leaf e -> leaves.get(e.index());
      case Expr.Norm e -> norm(evaluate(e.x()), e);
      case Expr.Rotate e -> rotate(evaluate(e.x()), e);
      case Expr.Attend e -> attend(evaluate(e.q()), evaluate(e.k()), evaluate(e.v()), e);
      case Expr.Gated e -> torch.silu(evaluate(e.gate())).mul(evaluate(e.up()));
      case Expr.Sum e -> evaluate(e.x()).add(evaluate(e.branch()));
      case Expr.Shift e -> evaluate(e.x()).add(of(e.bias()));
      case Expr.Frozen e -> evaluate(e.x()).matmul(of(e.weight()).t());
      case Expr.LowRank e -> lowRank(evaluate(e.x()), e);
      case Expr.Heads e -> heads(evaluate(e.x()), e);
      case Expr.Loss e -> loss(evaluate(e.hidden()), e);
      case Expr.NormedTurn e -> normedTurn(evaluate(e.x()), e);
      case Expr.Slice e -> evaluate(e.x()).narrow(1, e.from(), e.width());
      case Expr.ScaledSum e -> evaluate(e.x()).add(evaluate(e.branch()).mul(scalar(e.scale())));
      case Expr.Rows e -> rows(leaves.get(e.table()), e);
      case Expr.Vectors e -> vectors(evaluate(e.x()), e);
      case Expr.WholeLoss e ->
          loss(evaluate(e.hidden()).matmul(leaves.get(e.weight()).t()), e.targets());
    };
  }

  private static Tensor norm(Tensor x, Expr.Norm e) {
    Tensor mean = x.mul(x).mean(new long[] {-1}, true, new ScalarTypeOptional());
    return x.mul(mean.add(scalar(e.eps())).rsqrt()).mul(of(e.weight()));
  }

  private static Tensor normedTurn(Tensor x, Expr.NormedTurn e) {
    long width = e.weight().shape()[0];
    Tensor groups = x.reshape(x.numel() / width, width);
    Tensor normed = norm(groups, new Expr.Norm(e.x(), e.weight(), e.eps()));
    Tensor whole = normed.reshape(x.size(0), x.size(1));
    return e.turn() == null ? whole : rotate(whole, e.turn());
  }

  private static Tensor rows(Tensor table, Expr.Rows e) {
    long[] ids = new long[e.ids().length];
    for (int t = 0; t < ids.length; t++) {
      ids[t] = e.ids()[t];
    }
    return table.index_select(0, Tensor.create(ids, ids.length)).mul(scalar(e.scale()));
  }

  private Tensor vectors(Tensor x, Expr.Vectors e) {
    Tensor dropped = e.dropout().isActive() ? x.mul(mask(e.dropout(), x)) : x;
    Tensor down = of(e.down()).narrow(1, 0, x.size(1));
    Tensor up = of(e.up()).narrow(0, 0, e.weight().shape()[0]);
    Tensor inner = dropped.matmul(down.t()).mul(leaves.get(e.d()));
    Tensor share = inner.matmul(up.t()).mul(leaves.get(e.b()));
    return x.matmul(of(e.weight()).t()).add(share);
  }

  private static Tensor rotate(Tensor x, Expr.Rotate e) {
    long rows = x.size(0);
    long d = x.size(1) / e.heads();
    double[] angles = new double[(int) (rows * d / 2)];
    for (int t = 0; t < rows; t++) {
      for (int i = 0; i < d / 2; i++) {
        // The product rounds to fp32, as in the models' own code.
        angles[(int) (t * d / 2) + i] = e.positions()[t] * e.frequencies().data()[i];
      }
    }
    Tensor angle = Tensor.create(angles, rows, 1, d / 2);
    Tensor cos = angle.cos().mul(scalar(e.scale()));
    Tensor sin = angle.sin().mul(scalar(e.scale()));
    Tensor heads = x.reshape(rows, e.heads(), d);
    Tensor pairs = x.reshape(rows, e.heads(), d / 2, 2);
    Tensor first = e.interleaved() ? pairs.select(-1, 0) : heads.narrow(-1, 0, d / 2);
    Tensor second = e.interleaved() ? pairs.select(-1, 1) : heads.narrow(-1, d / 2, d / 2);
    TensorVector turned =
        new TensorVector(first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin)));
    Tensor y = e.interleaved() ? torch.stack(turned, -1) : torch.cat(turned, -1);
    return y.reshape(rows, e.heads() * d);
  }

  private static Tensor attend(Tensor q, Tensor k, Tensor v, Expr.Attend e) {
    long rows = q.size(0);
    Tensor scores =
        byHead(q, e.heads(), e.heads())
            .matmul(byHead(k, e.kvHeads(), e.heads()).transpose(-2, -1))
            .mul(scalar(e.scale()));
    double[] mask = new double[(int) (rows * rows)];
    int sample = 0;
    for (int t = 0; t < rows; t++) {
      while (t >= e.starts()[sample + 1]) {
        sample++;
      }
      for (int u = 0; u < rows; u++) {
        boolean seen = u >= e.starts()[sample] && u <= t;
        mask[(int) (t * rows) + u] = seen ? 0 : Double.NEGATIVE_INFINITY;
      }
    }
    Tensor weights = scores.add(Tensor.create(mask, rows, rows)).softmax(-1);
    Tensor mixed = weights.matmul(byHead(v, e.kvHeads(), e.heads()));
    return mixed.transpose(0, 1).reshape(rows, q.size(1));
  }

  /** (T, K·D) to (heads, T, D), each of the K heads repeated for its group. */
  private static Tensor byHead(Tensor x, long kvHeads, long heads) {
    long[] from = new long[(int) heads];
    for (int h = 0; h < heads; h++) {
      from[h] = h * kvHeads / heads;
    }
    return x.reshape(x.size(0), kvHeads, x.size(1) / kvHeads)
        .transpose(0, 1)
        .index_select(0, Tensor.create(from, heads));
  }

  private Tensor lowRank(Tensor x, Expr.LowRank e) {
    Tensor dropped = e.dropout().isActive() ? x.mul(mask(e.dropout(), x)) : x;
    Tensor h = dropped.matmul(leaves.get(e.a()).t());
    Tensor share = h.matmul(leaves.get(e.b()).t()).mul(scalar(e.scale()));
    return x.matmul(of(e.weight()).t()).add(share);
  }

  /** Head by head, as the paper writes it. */
  private Tensor heads(Tensor x, Expr.Heads e) {
    Tensor dropped = e.dropout().isActive() ? x.mul(mask(e.dropout(), x)) : x;
    Tensor omega = x.matmul(leaves.get(e.router()).t()).softmax(-1);
    Tensor y = x.matmul(of(e.weight()).t());
    long rank = leaves.get(e.a()).size(0);
    for (long head = 0; head < omega.size(1); head++) {
      Tensor b = leaves.get(e.ups()).narrow(1, head * rank, rank);
      Tensor share = dropped.matmul(leaves.get(e.a()).t()).matmul(b.t());
      y = y.add(share.mul(omega.narrow(1, head, 1)).mul(scalar(e.scale())));
    }
    return y;
  }

  /** The counted mask in numbers: what ones become. */
  private static Tensor mask(Dropout dropout, Tensor like) {
    int n = (int) like.numel();
    float[] mask = new float[n];
    java.util.Arrays.fill(mask, 1f);
    try (KernelSet kernels = Kernels.reference();
        NativeBuffer buffer = NativeBuffer.allocate(4L * n)) {
      buffer.write(0, mask, 0, n);
      Operand ones = Operand.of(buffer, DType.FP32, n);
      kernels
          .elementwise()
          .dropout(ones, ones, dropout.p(), dropout.seed(), dropout.offset(), false);
      buffer.read(0, mask, 0, n);
    }
    return of(new Values(mask, like.size(0), like.size(1)));
  }

  private Tensor loss(Tensor hidden, Expr.Loss e) {
    Tensor logits = hidden.matmul(of(e.weight()).t());
    if (e.a() != null && e.b() != null) {
      Tensor h = hidden.matmul(leaves.get(e.a()).t());
      logits = logits.add(h.matmul(leaves.get(e.b()).t()).mul(scalar(e.scale())));
    }
    return loss(logits, e.targets());
  }

  private static Tensor loss(Tensor logits, int[] targets) {
    int rows = targets.length;
    long[] index = new long[rows];
    double[] counts = new double[rows];
    for (int t = 0; t < rows; t++) {
      index[t] = Math.max(0, targets[t]);
      counts[t] = targets[t] < 0 ? 0 : 1;
    }
    Tensor picked = logits.log_softmax(-1).gather(1, Tensor.create(index, rows, 1)).squeeze(-1);
    return picked.neg().mul(Tensor.create(counts, rows));
  }

  private static Tensor of(Values values) {
    return Tensor.create(values.doubles(), values.shape());
  }

  private static Scalar scalar(double value) {
    return new Scalar(value);
  }

  private static double[] values(Tensor x) {
    Tensor dense = x.detach().contiguous();
    double[] values = new double[Math.toIntExact(dense.numel())];
    if (values.length > 0) {
      DoublePointer data = dense.data_ptr_double();
      data.get(values);
    }
    return values;
  }
}
