package dev.nacelle.kernels.crossentropy;

import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.Dequantize;
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
 * The fused head over chunks of rows and of the vocabulary: gather the rows that have a target, and
 * for each run of columns multiply, take the logits into the running softmax, multiply back. Two
 * products where the weight is frozen, as if the logits had been kept; a gradient of the weight or
 * of b needs the finished softmax, so the logits are multiplied once more for it. What was −100 is
 * never read.
 */
public final class CpuCrossEntropy implements CrossEntropy {
  private final Products products;
  private final WeightProducts weightProducts;
  private final Dequantize dequantize;
  private final SoftmaxKernels kernels;

  public CpuCrossEntropy(
      NativeFunctions library,
      Products products,
      QuantizedLinear quantized,
      Dequantize dequantize) {
    this.products = products;
    this.weightProducts = new WeightProducts(products, quantized);
    this.dequantize = dequantize;
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
              plan,
              new Chunk(workspace, plan, hidden.size(1), rank, hidden.dtype()));
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
      ChunkPlan plan,
      Chunk chunk) {
    /** Whether the gradient of hidden·aᵀ is needed, by itself or on the way to hidden's. */
    boolean wantsDown() {
      return pair != null && (gradHidden != null || pair.gradA() != null);
    }

    boolean wantsSecondLook() {
      return gradWeight != null || (pair != null && pair.gradB() != null);
    }
  }

  /** A chunk's rows of hidden, and what is known of each row. */
  private record Part(
      int count,
      Operand hidden,
      Operand numbers,
      SoftmaxKernels.State state,
      @Nullable Operand weights) {}

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
    Part rows =
        new Part(
            n,
            hidden,
            numbers,
            new SoftmaxKernels.State(chunk.max(n), chunk.sums(n), chunk.wanted(n), targets),
            weights);
    LowRank pair = call.pair;
    if (pair != null) {
      products.multiply(chunk.down(n), hidden, false, pair.a(), true, 1, 0);
    }
    softmax(call, rows);
    Operand losses = chunk.losses(n);
    kernels.losses(losses, rows.state);
    for (int i = 0; i < n; i++) {
      Elements.set(call.losses, active.row(from + i), Elements.get(losses, i));
    }
    float begun = from == 0 ? 0 : 1;
    gradients(call, rows, begun);
    if (call.wantsSecondLook()) {
      secondLook(call, rows, begun);
    }
  }

  /** The logits of columns {@code from} to {@code to}. */
  private Operand logits(Call call, Part rows, long from, long to) {
    Operand logits = call.chunk.logits(rows.count, to - from);
    weightProducts.forward(logits, rows.hidden, call.weight.rows(from, to));
    LowRank pair = call.pair;
    if (pair != null) {
      Operand down = call.chunk.down(rows.count);
      products.multiply(logits, down, false, pair.b().rows(from, to), true, pair.scale(), 1);
    }
    return logits;
  }

  /** Runs over the vocabulary: the softmax's sums, and those of the gradients of rows. */
  private void softmax(Call call, Part rows) {
    Operand wide = call.gradHidden == null ? null : call.chunk.gradHidden(rows.count);
    LowRank pair = call.pair;
    Operand narrow = call.wantsDown() ? call.chunk.gradDown(rows.count) : null;
    boolean keep = wide != null || narrow != null;
    long vocabulary = call.weight.size(0);
    for (long from = 0; from < vocabulary; from += call.plan.columns()) {
      long to = Math.min(vocabulary, from + call.plan.columns());
      Operand logits = logits(call, rows, from, to);
      kernels.take(rows.state, wide, narrow, logits, from, keep, call.softcap);
      float begun = from == 0 ? 0 : 1;
      if (wide != null) {
        weightProducts.backward(wide, logits, call.weight.rows(from, to), begun);
      }
      if (narrow != null && pair != null) {
        products.multiply(narrow, logits, false, pair.b().rows(from, to), false, 1, begun);
      }
    }
  }

  /** What the sums give: the gradients of hidden and of a. */
  private void gradients(Call call, Part rows, float begun) {
    LowRank pair = call.pair;
    Operand gradDown = call.chunk.gradDown(rows.count);
    if (pair != null && call.wantsDown()) {
      float factor = call.gradScale * pair.scale();
      kernels.finish(gradDown, rows.state, pair.b(), rows.weights, factor, call.softcap);
      if (pair.gradA() != null) {
        products.multiply(pair.gradA(), gradDown, true, rows.hidden, false, 1, begun);
      }
    }
    if (call.gradHidden != null) {
      Operand wide = call.chunk.gradHidden(rows.count);
      finish(call, rows, wide);
      if (pair != null) {
        products.multiply(wide, gradDown, false, pair.a(), false, 1, 1);
      }
      kernels.scatter(call.gradHidden, wide, rows.numbers);
    }
  }

  /**
   * Sums of products with the weight become the gradient; of blocks only the targets' rows widen.
   */
  private void finish(Call call, Part rows, Operand wide) {
    switch (call.weight) {
      case Operand plain ->
          kernels.finish(wide, rows.state, plain, rows.weights, call.gradScale, call.softcap);
      case BlockMatrix blocks -> {
        try (Scratch scratch = new Scratch()) {
          Operand own = scratch.tensor(DType.FP32, rows.count, blocks.size(1));
          dequantize.gatherRows(own, blocks, rows.state.targets());
          Operand inOrder = scratch.tensor(DType.I32, rows.count);
          for (int i = 0; i < rows.count; i++) {
            Elements.setInt(inOrder, i, i);
          }
          SoftmaxKernels.State state = rows.state.withTargets(inOrder);
          kernels.finish(wide, state, own, rows.weights, call.gradScale, call.softcap);
        }
      }
    }
  }

  /** The gradients of weight and b, from logits multiplied anew. */
  private void secondLook(Call call, Part rows, float begun) {
    LowRank pair = call.pair;
    long vocabulary = call.weight.size(0);
    for (long from = 0; from < vocabulary; from += call.plan.columns()) {
      long to = Math.min(vocabulary, from + call.plan.columns());
      Operand logits = logits(call, rows, from, to);
      kernels.gradient(logits, rows.state, rows.weights, from, call.gradScale, call.softcap);
      if (call.gradWeight != null) {
        Operand part = call.gradWeight.rows(from, to);
        products.multiply(part, logits, true, rows.hidden, false, 1, begun);
      }
      if (pair != null && pair.gradB() != null) {
        Operand down = call.chunk.down(rows.count);
        Operand part = pair.gradB().rows(from, to);
        products.multiply(part, logits, true, down, false, pair.scale(), begun);
      }
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
}
