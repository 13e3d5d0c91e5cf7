package dev.nacelle.kernels.crossentropy;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.WeightProducts;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Rows;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The fused head over chunks of rows: gather the rows that have a target, multiply, turn the logits
 * into losses and their own gradient in place, multiply back. Two products a chunk where the weight
 * is frozen; what was −100 is never read.
 */
public final class CpuCrossEntropy implements CrossEntropy {
  private final Products products;
  private final WeightProducts weightProducts;
  private final SoftmaxKernels kernels;

  public CpuCrossEntropy(NativeFunctions library, Products products, QuantizedLinear quantized) {
    this.products = products;
    this.weightProducts = new WeightProducts(products, quantized);
    this.kernels = new SoftmaxKernels(library);
  }

  @Override
  public long workspaceBytes(long rows, long vocabulary, long channels, DType dtype) {
    return ChunkPlan.workspaceBytes(rows, vocabulary, channels, dtype);
  }

  @Override
  public void forward(
      Operand losses,
      @Nullable Operand gradHidden,
      @Nullable Operand gradWeight,
      @Nullable Operand gradLosses,
      Operand hidden,
      Matrix weight,
      Operand targets,
      float gradScale,
      float softcap,
      @Nullable LowRank lowRank,
      NativeBuffer workspace) {
    CrossEntropyArguments.check(
        losses,
        gradHidden,
        gradWeight,
        gradLosses,
        hidden,
        weight,
        targets,
        gradScale,
        softcap,
        lowRank);
    ActiveRows active = CrossEntropyArguments.active(targets, weight.size(0));
    if (gradHidden != null) {
      Rows.written("gradHidden", gradHidden);
    }
    try (Scratch scratch = new Scratch()) {
      long rank = lowRank == null ? 0 : lowRank.a().size(0);
      ChunkPlan plan =
          ChunkPlan.of(
              active.count(),
              weight.size(0),
              hidden.size(1),
              rank,
              hidden.dtype(),
              workspace.byteSize());
      Call call =
          new Call(
              losses,
              gradHidden,
              gradWeight,
              gradLosses,
              adjacent(scratch, hidden),
              readable(scratch, weight),
              gradScale,
              softcap,
              lowRank == null ? null : adjacent(scratch, lowRank),
              new Chunk(workspace, plan, weight.size(0), hidden.size(1), rank, hidden.dtype()));
      clear(call, active, scratch);
      for (int from = 0; from < active.count(); from += (int) plan.rows()) {
        chunk(call, active, from, (int) Math.min(plan.rows(), active.count() - from));
      }
    }
  }

  /** What one call of forward works on; columns of everything are adjacent. */
  private record Call(
      Operand losses,
      @Nullable Operand gradHidden,
      @Nullable Operand gradWeight,
      @Nullable Operand gradLosses,
      Operand hidden,
      Matrix weight,
      float gradScale,
      float softcap,
      @Nullable LowRank pair,
      Chunk chunk) {
    boolean wantsGradient() {
      return gradHidden != null
          || gradWeight != null
          || (pair != null && (pair.gradA() != null || pair.gradB() != null));
    }
  }

  private static Matrix readable(Scratch scratch, Matrix weight) {
    return switch (weight) {
      case Operand plain -> adjacent(scratch, plain);
      case BlockMatrix blocks -> blocks;
    };
  }

  private static Operand adjacent(Scratch scratch, Operand x) {
    return x.stride(1) == 1 && Scratch.isAligned(x) ? x : scratch.copy(x);
  }

  private static LowRank adjacent(Scratch scratch, LowRank pair) {
    return new LowRank(
        adjacent(scratch, pair.a()),
        adjacent(scratch, pair.b()),
        pair.scale(),
        pair.gradA(),
        pair.gradB());
  }

  /** Zeros for the rows without a target, and for sums that no chunk will begin. */
  private void clear(Call call, ActiveRows active, Scratch scratch) {
    Elements.fill(call.losses, 0);
    long ignored = call.hidden.size(0) - active.count();
    Operand gradHidden = call.gradHidden;
    if (gradHidden != null && ignored > 0) {
      Operand numbers = scratch.tensor(DType.I32, ignored);
      long at = 0;
      int next = 0;
      for (int row = 0; row < call.hidden.size(0); row++) {
        if (next < active.count() && active.row(next) == row) {
          next++;
        } else {
          numbers.buffer().setInt(at++, row);
        }
      }
      kernels.scatter(gradHidden, null, numbers);
    }
    if (active.count() == 0) {
      zero(call.gradWeight);
      if (call.pair != null) {
        zero(call.pair.gradA());
        zero(call.pair.gradB());
      }
    }
  }

  private static void zero(@Nullable Operand y) {
    if (y != null && y.elements() > 0) {
      y.buffer().slice(y.byteOffset(), y.byteSize()).zero();
    }
  }

  private void chunk(Call call, ActiveRows active, int from, int n) {
    Chunk chunk = call.chunk;
    Operand numbers = chunk.rows(n);
    Operand targets = chunk.targets(n);
    Operand weights = call.gradLosses == null ? null : chunk.weights(n);
    for (int i = 0; i < n; i++) {
      int row = active.row(from + i);
      Elements.setInt(numbers, i, row);
      Elements.setInt(targets, i, active.target(from + i));
      if (weights != null && call.gradLosses != null) {
        Elements.set(weights, i, Elements.get(call.gradLosses, row * call.gradLosses.stride(0)));
      }
    }
    Operand hidden = rows(call, active, from, n, numbers);
    Operand logits = chunk.logits(n);
    weightProducts.forward(logits, hidden, call.weight);
    LowRank pair = call.pair;
    if (pair != null) {
      products.multiply(chunk.down(n), hidden, false, pair.a(), true, 1, 0);
      products.multiply(logits, chunk.down(n), false, pair.b(), true, pair.scale(), 1);
    }
    Operand losses = chunk.losses(n);
    kernels.rows(
        losses, logits, targets, weights, call.wantsGradient(), call.gradScale, call.softcap);
    for (int i = 0; i < n; i++) {
      Elements.set(call.losses, active.row(from + i), Elements.get(losses, i));
    }
    if (call.wantsGradient()) {
      backward(call, hidden, n, numbers, from == 0 ? 0 : 1);
    }
  }

  /** The chunk's rows of hidden: where they lie when they are neighbours, else gathered. */
  private Operand rows(Call call, ActiveRows active, int from, int n, Operand numbers) {
    int first = active.row(from);
    if (active.row(from + n - 1) - first == n - 1) {
      return call.hidden.rows(first, (long) first + n);
    }
    Operand gathered = call.chunk.gathered(n);
    kernels.gather(gathered, call.hidden, numbers);
    return gathered;
  }

  private void backward(Call call, Operand hidden, int n, Operand numbers, float begun) {
    Operand gradient = call.chunk.logits(n);
    LowRank pair = call.pair;
    Operand gradDown = call.chunk.gradDown(n);
    if (pair != null) {
      products.multiply(gradDown, gradient, false, pair.b(), false, pair.scale(), 0);
      if (pair.gradA() != null) {
        products.multiply(pair.gradA(), gradDown, true, hidden, false, 1, begun);
      }
      if (pair.gradB() != null) {
        products.multiply(
            pair.gradB(), gradient, true, call.chunk.down(n), false, pair.scale(), begun);
      }
    }
    if (call.gradWeight != null) {
      products.multiply(call.gradWeight, gradient, true, hidden, false, 1, begun);
    }
    if (call.gradHidden != null) {
      Operand rows = call.chunk.gradHidden(n);
      weightProducts.backward(rows, gradient, call.weight, 0);
      if (pair != null) {
        products.multiply(rows, gradDown, false, pair.a(), false, 1, 1);
      }
      kernels.scatter(call.gradHidden, rows, numbers);
    }
  }
}
